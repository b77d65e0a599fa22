"""An issuer's keys: asked for seldom, followed when they change, outlasting a pause, whoever asks and however often."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.adapters.tokens.fetching import fetch
from archiver.adapters.tokens.issuer import Issuer as Asked
from archiver.adapters.tokens.issuer_keys import AGAIN, FRESH, RETRY, STALE, IssuerKeys
from archiver.adapters.tokens.key_set import MOST_KEYS, read_key_set
from archiver.adapters.tokens.oidc import Demands, OidcTokens
from archiver.domain.signing_algorithms import algorithms_of
from archiver.errors import NotAuthenticatedError, UnreachableError
from tests.support.issuer import AUDIENCE, DISCOVERY, KEYS, Issuer, issuer, jwk_of, localhost_certificate, rsa_key


class Bench:
    """Tokens checked with keys whose age a test decides."""

    def __init__(self, ours: Issuer) -> None:
        self.ours, self.at = ours, 1_000.0
        asked = Asked(ours.address)
        demands = Demands(ours.address, AUDIENCE, algorithms_of("RS256"), "groups", False, frozenset())
        self.tokens = OidcTokens(demands, asked, IssuerKeys(asked.keys, lambda: self.at))

    def name(self, token: str) -> str:
        return self.tokens.caller(token, datetime.now(UTC)).principal.name

    def refused(self, token: str) -> bool:
        try:
            self.name(token)
        except NotAuthenticatedError:
            return True
        return False

    @property
    def asked(self) -> int:
        return self.ours.asked[KEYS]


@pytest.fixture
def bench() -> Iterator[Bench]:
    with issuer() as ours:
        yield Bench(ours)


def test_keys_are_asked_for_once_in_a_while(bench: Bench) -> None:
    for _ in range(20):
        bench.name(bench.ours.token())
    assert (bench.asked, bench.ours.asked[DISCOVERY]) == (1, 1)
    bench.at += FRESH
    for _ in range(20):
        bench.name(bench.ours.token())
    assert bench.asked == 2


def test_a_new_key_is_followed_at_once_when_none_was_asked_for_lately(bench: Bench) -> None:
    bench.name(bench.ours.token())
    bench.ours.rotate("second", rsa_key(1))
    assert bench.refused(bench.ours.token())
    bench.at += AGAIN
    assert bench.name(bench.ours.token()) == "oidc:anna"
    assert bench.asked == 2


def test_a_key_that_was_taken_back_is_believed_no_longer(bench: Bench) -> None:
    old = bench.ours.token()
    bench.name(old)
    bench.ours.rotate("second", rsa_key(1))
    bench.at += FRESH - 1
    assert bench.name(old) == "oidc:anna"
    bench.at += 1
    assert bench.refused(old)


def test_names_of_keys_that_are_made_up_cause_no_storm(bench: Bench) -> None:
    bench.name(bench.ours.token())
    with ThreadPoolExecutor(8) as many:
        flood = [bench.ours.token(headers={"kid": f"made-up-{number}"}) for number in range(200)]
        assert all(many.map(bench.refused, flood))
        assert bench.asked == 1
        bench.at += AGAIN
        assert all(many.map(bench.refused, flood))
        assert bench.asked == 2
        bench.at += AGAIN - 1
        assert all(many.map(bench.refused, flood))
        assert bench.asked == 2
    assert bench.name(bench.ours.token()) == "oidc:anna"


def test_many_at_once_ask_once(bench: Bench) -> None:
    bench.ours.delay = 0.2
    token = bench.ours.token()
    with ThreadPoolExecutor(16) as many:
        assert set(many.map(lambda _: bench.name(token), range(16))) == {"oidc:anna"}
    assert bench.asked == 1


def test_nobody_waits_for_one_who_asks_while_keys_are_known(bench: Bench) -> None:
    bench.name(bench.ours.token())
    bench.at += FRESH
    bench.ours.delay = 1.0
    token, first = bench.ours.token(), threading.Thread(target=lambda: bench.name(bench.ours.token()))
    first.start()
    ends = time.monotonic() + 10
    while bench.ours.asked[DISCOVERY] < 2 and time.monotonic() < ends:
        time.sleep(0.01)
    started = time.monotonic()
    assert bench.name(token) == "oidc:anna"
    assert time.monotonic() - started < 0.8
    first.join()
    assert bench.asked == 2


def test_keys_outlast_a_pause_of_the_issuer_for_an_hour(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    token = bench.ours.token()
    bench.name(token)
    bench.ours.status = 503
    with caplog.at_level(logging.WARNING, "minutier.callers"):
        bench.at += FRESH
        assert bench.name(token) == bench.name(token) == "oidc:anna"
        assert bench.ours.asked[DISCOVERY] == 2
        assert "cannot be asked for" in caplog.text
        assert "503" in caplog.text
    bench.at += RETRY
    bench.name(token)
    assert bench.ours.asked[DISCOVERY] == 3
    bench.at += STALE - FRESH - RETRY - 1
    assert bench.name(token) == "oidc:anna"
    assert bench.refused(bench.ours.token(headers={"kid": "unknown"}))
    bench.at += 1
    with pytest.raises(UnreachableError):
        bench.name(token)
    bench.ours.status = 200
    with pytest.raises(UnreachableError):
        bench.name(token)
    bench.at += RETRY
    assert bench.name(token) == "oidc:anna"


def test_an_issuer_that_was_never_reached_is_not_asked_by_each_caller(bench: Bench) -> None:
    bench.ours.status = 500
    for _ in range(5):
        with pytest.raises(UnreachableError, match="answers 500"):
            bench.name(bench.ours.token())
    assert bench.ours.asked[DISCOVERY] == 1
    bench.ours.status = 200
    bench.at += RETRY
    assert bench.name(bench.ours.token()) == "oidc:anna"


def test_a_stranger_without_a_proper_token_causes_no_question(bench: Bench) -> None:
    for token in ("x", "a.b.c", bench.ours.token(key=b"s" * 32, algorithm="HS256")):
        assert bench.refused(token)
    assert not bench.ours.asked


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"issuer": "https://other.example"}, "names the issuer 'https://other.example'"),
        ({"jwks_uri": None}, "has no jwks_uri"),
        ({"jwks_uri": "http://10.0.0.1/keys"}, "over https only"),
        ({"jwks_uri": "file:///etc/passwd"}, "over https only"),
        ({"jwks_uri": "https://"}, "over https only"),
    ],
)
def test_a_discovery_document_that_cannot_be_followed(bench: Bench, document: dict[str, str], said: str) -> None:
    bench.ours.discovery |= document
    with pytest.raises(UnreachableError, match=said) as caught:
        bench.name(bench.ours.token())
    assert "oidc_issuer" in caught.value.remedy


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"{}", b'{"keys": {}}', b"\xff", b"[" * 100_000])
def test_an_answer_that_is_no_key_set(bench: Bench, body: bytes) -> None:
    asked = Asked(bench.ours.address, bench.ours.address + KEYS)
    bench.ours.body = body
    with pytest.raises(UnreachableError):
        asked.keys()


def test_a_key_set_beyond_reason() -> None:
    with pytest.raises(ValueError, match=f"at most {MOST_KEYS}"):
        read_key_set({"keys": [jwk_of(rsa_key(), kid=str(number)) for number in range(MOST_KEYS + 1)]})


def test_no_redirect_is_followed(bench: Bench) -> None:
    with issuer() as theirs:
        bench.ours.redirect = theirs.address
        with pytest.raises(UnreachableError, match="answers 302"):
            bench.name(bench.ours.token())
        assert not theirs.asked


def test_over_tls_only_a_certificate_that_is_trusted_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = localhost_certificate(tmp_path / "localhost.pem")
    with issuer(certificate) as ours:
        assert ours.address.startswith("https://")
        with pytest.raises(UnreachableError, match="certificate verify failed"):
            Asked(ours.address).keys()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert Asked(ours.address).keys().find("first", "RS256")
        with pytest.raises(UnreachableError, match="mismatch"):
            fetch(ours.address.replace("localhost", "127.0.0.1"), seconds=2.0)


@pytest.mark.parametrize("trouble", ["slow", "dripping", "silent", "long"])
def test_an_answer_ends_in_time_and_size(trouble: str) -> None:
    with issuer() as ours, socket.create_server(("127.0.0.1", 0)) as silent:
        url = ours.address + KEYS
        if trouble == "slow":
            ours.delay = 3.0
        elif trouble == "dripping":
            ours.drip = 0.2
        elif trouble == "silent":
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        else:
            ours.body = b'{"x": "' + b"x" * 2_000_000 + b'"}'
        started = time.monotonic()
        with pytest.raises(UnreachableError, match="longer than" if trouble == "long" else "in time"):
            fetch(url, seconds=0.5)
        assert time.monotonic() - started < 2.0


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://127.0.0.1.example.com/",
        "ftp://127.0.0.1/",
        "https:///x",
        "http://[::1",
        "",
        "http://127.0.0.1:99999/",
    ],
)
def test_what_is_never_asked(url: str) -> None:
    with pytest.raises(UnreachableError, match="over https only"):
        fetch(url, seconds=0.5)
