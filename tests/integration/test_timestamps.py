"""Time-stamps by a local authority: asked for, checked, kept as tokens others can check; every other answer refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from archiver.adapters.timestamps.authorities import trusted
from archiver.adapters.timestamps.posting import post
from archiver.adapters.timestamps.rfc3161 import Rfc3161, verify
from archiver.adapters.timestamps.tokens import answer_with, parsed
from archiver.errors import IntegrityError, MinutierError, RefusedError, UnreachableError, UsageError
from tests.support.command import Minutier
from tests.support.time_authority import Authority, authority_at, reply, served

MESSAGE = b"minutier certificate v1\nkind destruction\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def token(authority: Authority) -> Iterator[bytes]:
    with authority_at(authority) as url:
        yield Rfc3161(url, authority.ca).stamp(MESSAGE)


def test_a_token_is_asked_for_and_holds_offline(authority: Authority, token: bytes) -> None:
    given = verify(token, MESSAGE, authority.ca)
    assert given.authority == "CN=Test time-stamps"
    assert abs(given.time.timestamp() - time.time()) < 300
    assert given.sentence().startswith("time-stamped 20")


def test_others_take_it_too(authority: Authority, token: bytes) -> None:
    assert authority.accepts(token, MESSAGE)
    assert not authority.accepts(token, MESSAGE + b"x")


def test_another_message_is_refused(authority: Authority, token: bytes) -> None:
    with pytest.raises(IntegrityError, match="over something else"):
        verify(token, MESSAGE + b" ", authority.ca)


def test_every_flipped_byte_is_noticed(authority: Authority, token: bytes) -> None:
    taken = []
    for place in range(len(token)):
        changed = bytearray(token)
        changed[place] ^= 1 << place % 8
        try:
            verify(bytes(changed), MESSAGE, authority.ca)
            taken.append(place)
        except (IntegrityError, RefusedError):
            continue
    assert len(taken) < len(token) / 20
    assert all(_said_alike(token, place) for place in taken), taken


def _said_alike(token: bytes, place: int) -> bool:
    """A byte that no signature covers: its change may be taken only where the token still says the same."""
    changed = bytearray(token)
    changed[place] ^= 1 << place % 8
    before, after = (parsed(answer_with(one)).tst_info for one in (token, bytes(changed)))
    return (before.gen_time, before.message_imprint.message) == (after.gen_time, after.message_imprint.message)


@pytest.mark.parametrize("body", [b"", b"x", b"\x30\x80", b"\x30\x03\x02\x01\x00", b"\xff" * 300])
def test_what_is_no_token(authority: Authority, body: bytes) -> None:
    with pytest.raises(IntegrityError):
        verify(body, MESSAGE, authority.ca)


def test_nothing_may_follow_a_token(authority: Authority, token: bytes) -> None:
    with pytest.raises(IntegrityError):
        verify(token + b"\x05\x00", MESSAGE, authority.ca)


def test_an_authority_nobody_trusts_is_no_damage(authority: Authority, token: bytes, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other")
    with pytest.raises(RefusedError, match="CN=Test time-stamps, of an authority that is not among") as caught:
        verify(token, MESSAGE, other.ca)
    assert "timestamp_ca" in caught.value.remedy
    with authority_at(other) as url, pytest.raises(RefusedError):
        Rfc3161(url, authority.ca).stamp(MESSAGE)


def test_an_authority_of_the_same_name_is_another(authority: Authority, tmp_path: Path) -> None:
    forger = Authority(tmp_path / "forger", authority.name)
    with authority_at(forger) as url, pytest.raises(RefusedError):
        Rfc3161(url, authority.ca).stamp(MESSAGE)


def test_the_machines_authorities_do_not_know_ours(token: bytes) -> None:
    try:
        found = trusted(None)
    except UsageError:
        pytest.skip("this machine trusts no authority at all")
    assert found
    with pytest.raises(RefusedError):
        verify(token, MESSAGE)


def test_an_answer_to_another_query_is_refused(authority: Authority) -> None:
    def replay(query: bytes, asked: BaseHTTPRequestHandler) -> None:
        kept.append(kept[0] if kept else authority.answer(query))
        reply(kept[0], asked)

    kept: list[bytes] = []
    with served(replay) as url:
        stamps = Rfc3161(url, authority.ca)
        stamps.stamp(MESSAGE)
        with pytest.raises(IntegrityError, match="answered another query"):
            stamps.stamp(MESSAGE)


def test_an_authority_that_says_no_is_quoted(authority: Authority) -> None:
    refusal = bytes.fromhex("301a3018020102300f0c0d6e6f7420746f6461792c206e6f03020520")
    assert parsed(refusal).status == 2
    with served(lambda _query, asked: reply(refusal, asked)) as url, pytest.raises(RefusedError, match="not today, no"):
        Rfc3161(url, authority.ca).stamp(MESSAGE)


@pytest.mark.parametrize(
    ("status", "kind", "body", "error"),
    [
        (503, "text/plain", b"", UnreachableError),
        (429, "text/plain", b"", UnreachableError),
        (404, "text/html", b"", RefusedError),
        (302, "text/html", b"", RefusedError),
        (200, "text/html", b"<html>", IntegrityError),
        (200, "application/timestamp-reply", b"<html>", IntegrityError),
        (200, "application/timestamp-reply", b"", IntegrityError),
        (200, "application/timestamp-reply", bytes(300_000), IntegrityError),
    ],
)
def test_answers_of_another_kind(authority: Authority, status: int, kind: str, body: bytes, error: type[MinutierError]) -> None:
    with served(lambda _query, asked: reply(body, asked, status=status, kind=kind)) as url, pytest.raises(error) as caught:
        Rfc3161(url, authority.ca).stamp(MESSAGE)
    assert type(caught.value) is error


def test_one_that_drips_is_cut_off_in_time() -> None:
    def drip(_query: bytes, asked: BaseHTTPRequestHandler) -> None:
        asked.send_response(200)
        asked.send_header("Content-Type", "application/timestamp-reply")
        asked.send_header("Content-Length", "100000")
        asked.end_headers()
        for _ in range(200):
            asked.wfile.write(b"x")
            asked.wfile.flush()
            time.sleep(0.1)

    with served(drip) as url, pytest.raises(UnreachableError, match="no whole answer in time"):
        post(url, b"query", seconds=0.5, most_bytes=1000)


def test_one_that_is_not_there(authority: Authority) -> None:
    with served(lambda _query, _asked: None) as url:
        gone = url
    with pytest.raises(UnreachableError) as caught:
        Rfc3161(gone, authority.ca).stamp(MESSAGE)
    assert caught.value.exit_code == 75


def test_a_password_goes_in_a_header_and_in_no_message(authority: Authority) -> None:
    heads: list[str] = []

    def look(query: bytes, asked: BaseHTTPRequestHandler) -> None:
        heads.append(asked.headers["Authorization"])
        reply(b"", asked, status=403)

    with served(look) as url, pytest.raises(RefusedError) as caught:
        Rfc3161(url.replace("//", "//anna:s%3Acret@"), authority.ca).stamp(MESSAGE)
    assert heads == ["Basic YW5uYTpzOmNyZXQ="]
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("body", [None, b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_file_of_authorities_that_is_none(tmp_path: Path, body: bytes | None) -> None:
    if body is not None:
        (tmp_path / "ca.pem").write_bytes(body)
    with pytest.raises(UsageError) as caught:
        Rfc3161("http://127.0.0.1:9/", tmp_path / "ca.pem").stamp(MESSAGE)
    assert "timestamp_ca" in caught.value.remedy


def test_doctor_tries_the_authority(authority: Authority, tmp_path: Path) -> None:
    Minutier(tmp_path / "archive").run("init")
    with authority_at(authority) as url:
        settings = {"MINUTIER_TIMESTAMP_URL": url, "MINUTIER_TIMESTAMP_CA": str(authority.ca)}
        (told,) = _told(Minutier(tmp_path / "archive", **settings))
    assert (told["grade"], told["what"]) == ("ok", f"{url}, CN=Test time-stamps")
    (told,) = _told(Minutier(tmp_path / "archive", **settings))
    assert (told["grade"], "does not answer" in told["what"]) == ("failed", True)
    assert not _told(Minutier(tmp_path / "archive"))


def _told(minutier: Minutier) -> list[dict[str, str]]:
    return [row for row in minutier.run("--json", "doctor", code=None).rows if row["part"] == "time-stamps"]
