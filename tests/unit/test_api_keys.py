"""API keys: shown once, kept as a digest, good for what they were made for and no longer."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from archiver.domain.api_key import Token, digest_key
from archiver.domain.caller import Caller, Permission
from archiver.errors import (
    AlreadyExistsError,
    NotAuthenticatedError,
    NotFoundError,
    NotPermittedError,
    RefusedError,
    UnreachableError,
    UsageError,
)
from archiver.ports.caller_rows import ApiKey
from archiver.services.authenticate_key import NOTED_EVERY, AuthenticateKey
from retention.period import Period
from tests.support.caller_bench import READING, CallerBench

DAY = timedelta(days=1)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[CallerBench]:
    bench = CallerBench(tmp_path)
    yield bench
    bench.close()


def caller(bench: CallerBench, token: str) -> Caller:
    return bench.authentication.caller(token, bench.clock.now())


def refused(bench: CallerBench, token: str) -> str:
    """Why; whoever calls is told nothing of it."""
    with pytest.raises(NotAuthenticatedError) as caught:
        caller(bench, token)
    assert str(caught.value) == str(NotAuthenticatedError())
    return str(caught.value.__cause__)


# -- making and showing ---------------------------------------------------------------------------------------------
def test_a_key_opens_what_it_was_made_for(bench: CallerBench) -> None:
    made = bench.create(groups=["group:finance", "hr"], purpose="booking")
    found = caller(bench, made.token)
    assert (found.principal.name, found.principal.groups, found.principal.owner) == ("key:erp", {"finance", "hr"}, False)
    assert (found.permissions, found.key_id, found.purpose, found.break_glass) == (READING, made.key.id, "booking", ())
    assert (found.scope.groups, found.scope.everything) == ({"finance", "hr"}, False)
    found.require(Permission.READ)
    with pytest.raises(NotPermittedError, match="deposit"):
        found.require(Permission.DEPOSIT)


def test_a_key_without_groups_sees_nothing(bench: CallerBench) -> None:
    found = caller(bench, bench.create(groups=[], permissions=frozenset({Permission.DEPOSIT})).token)
    assert (found.scope.groups, found.scope.everything) == (frozenset(), False)


def test_the_secret_is_nowhere(bench: CallerBench, tmp_path: Path) -> None:
    made = bench.create()
    secret = Token.read(made.token).secret
    caller(bench, made.token)
    bench.close()
    for file in tmp_path.iterdir():
        held = file.read_bytes()
        assert secret not in held
        assert secret.hex().encode() not in held
    for shown in (repr(made), repr(made.key), repr(bench.keys.all()), repr(Token.read(made.token))):
        assert secret.hex() not in shown
        assert made.token not in shown


def test_digests_are_of_this_archive_this_key_and_nothing_else() -> None:
    token = Token("0123456789ab", b"s" * 32)
    key = digest_key(b"\x01" * 32)
    others = {
        token.digest(digest_key(b"\x02" * 32)),
        Token("ba9876543210", b"s" * 32).digest(key),
        Token("0123456789ab", b"t" * 32).digest(key),
    }
    assert token.digest(key) not in others
    assert len(others) == 3
    assert key != b"\x01" * 32


def test_the_key_of_digests_is_as_the_standard_derives_it() -> None:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    assert digest_key(b"\x01" * 32) == HKDF(SHA256(), 32, None, b"minutier/api-keys/1").derive(b"\x01" * 32)


def test_a_row_that_was_changed_by_hand_opens_nothing(bench: CallerBench, tmp_path: Path) -> None:
    """Not even for whoever writes the digest of another key, of which he has the token, into the row."""
    strong, weak = bench.create("strong", permissions=frozenset(Permission)), bench.create("weak")
    with sqlite3.connect(tmp_path / "catalog.sqlite") as raw:
        raw.execute("UPDATE api_keys SET digest = (SELECT digest FROM api_keys WHERE name = 'weak') WHERE name = 'strong'")
    raw.close()
    secret = Token.read(weak.token).secret
    assert "wrong secret" in refused(bench, Token(strong.key.id, secret).written())


@pytest.mark.parametrize("at", [4, 10, 16, 17, 30, 80, 88])
def test_a_mistyped_token_is_noticed_before_it_is_looked_up(bench: CallerBench, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    token = bench.create().token
    monkeypatch.setattr(bench.rows, "key", lambda _id: pytest.fail("looked up"))
    sign = "1" if token[at] != "1" else "2"
    assert "mistyped" in refused(bench, token[:at] + sign + token[at + 1 :])
    assert "mistyped" in refused(bench, token[:at])
    assert "mistyped" in refused(bench, token.upper())


def test_a_token_has_one_form(bench: CallerBench) -> None:
    token = bench.create().token
    assert len(token) == 89
    assert Token.read(token).written() == token
    for other in (token + "\n", " " + token, token + "0", token.replace("_", "-"), "", "mnt_", token.replace("mnt_", "MNT_")):
        assert Token.read(other) is None


def test_a_wrong_secret_and_an_unknown_key_are_one_answer(bench: CallerBench) -> None:
    made = bench.create()
    assert "wrong secret" in refused(bench, Token(made.key.id, b"x" * 32).written())
    assert "unknown" in refused(bench, Token("f" * 12, b"x" * 32).written())


def test_an_unknown_key_is_compared_like_a_wrong_one(bench: CallerBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same work for both, so that time does not tell which keys there are."""
    from archiver.services import authenticate_key

    made, compared = bench.create(), []
    real = authenticate_key.hmac.compare_digest
    monkeypatch.setattr(authenticate_key.hmac, "compare_digest", lambda a, b: compared.append((len(a), len(b))) or real(a, b))
    refused(bench, Token(made.key.id, b"x" * 32).written())
    refused(bench, Token("f" * 12, b"x" * 32).written())
    assert compared == [(32, 32), (32, 32)]


# -- rules ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["", "ERP", "e r p", "-erp", "erp-", "é", "x" * 65, "a/b", "key:erp", "erp\n"])
def test_names_that_are_none(bench: CallerBench, name: str) -> None:
    with pytest.raises(UsageError, match="no name of an API key"):
        bench.create(name)
    assert bench.keys.all() == []


@pytest.mark.parametrize("groups", [["user:anna"], [""], ["two words"], ["finance", "a;b"]])
def test_groups_that_are_none(bench: CallerBench, groups: list[str]) -> None:
    with pytest.raises(UsageError, match="is no group"):
        bench.create(groups=groups)


@pytest.mark.parametrize("expires", ["P2Y", "P24M", "P1D", "P729D"])
def test_lengths_that_are_good(bench: CallerBench, expires: str) -> None:
    key = bench.create(expires=expires).key
    assert timedelta(0) < key.expires_at - bench.clock.now() <= 731 * DAY


@pytest.mark.parametrize("expires", ["P2Y1D", "P25M", "P732D", "P100Y", "P0D"])
def test_lengths_that_are_not(bench: CallerBench, expires: str) -> None:
    with pytest.raises(UsageError):
        bench.create(expires=expires)
    if expires != "P0D":
        assert bench.create(expires=expires, beyond=True).key.expires_at > bench.clock.now() + 730 * DAY


def test_beyond_the_calendar(bench: CallerBench) -> None:
    bench.clock.move(timedelta(days=365 * 7_500))
    with pytest.raises(UsageError, match="beyond the calendar"):
        bench.create(expires="P1000Y", beyond=True)


@pytest.mark.parametrize("purpose", ["x" * 201, "two\nlines", "a\u202eb"])
def test_a_purpose_is_one_line(bench: CallerBench, purpose: str) -> None:
    with pytest.raises(UsageError, match="purpose"):
        bench.create(purpose=purpose)


def test_a_name_is_one_living_keys(bench: CallerBench) -> None:
    first = bench.create()
    with pytest.raises(AlreadyExistsError, match="named erp"):
        bench.create()
    bench.keys.revoke(first.key.id, "lost", by="Anna Lévy")
    second = bench.create()
    assert caller(bench, second.token).key_id == second.key.id
    assert refused(bench, first.token)


# -- the end of a key -----------------------------------------------------------------------------------------------
def test_a_key_expires_on_the_second(bench: CallerBench) -> None:
    made = bench.create(expires="P1D")
    bench.clock.move(DAY - timedelta(microseconds=1))
    assert caller(bench, made.token)
    bench.clock.move(timedelta(microseconds=1))
    assert "expired" in refused(bench, made.token)


def test_a_revoked_key_opens_nothing_from_the_next_call_on(bench: CallerBench) -> None:
    made = bench.create()
    caller(bench, made.token)
    revoked, fresh = bench.keys.revoke(made.key.id, "laptop stolen", by="Anna Lévy")
    assert (revoked.revoked_at, revoked.revoked_reason, fresh) == (bench.clock.now(), "laptop stolen", True)
    assert "revoked" in refused(bench, made.token)
    assert bench.keys.revoke(made.key.id, "again", by="Anna Lévy") == (bench.keys.key(made.key.id), False)
    assert bench.keys.key(made.key.id).revoked_reason == "laptop stolen"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1_001])
def test_a_key_is_revoked_for_a_reason(bench: CallerBench, reason: str) -> None:
    made = bench.create()
    with pytest.raises(UsageError, match="for a reason"):
        bench.keys.revoke(made.key.id, reason, by="Anna Lévy")
    assert caller(bench, made.token)


def test_keys_nobody_made(bench: CallerBench) -> None:
    for change in (lambda: bench.keys.revoke("f" * 12, "why", by="a"), lambda: bench.keys.rotate("f" * 12, by="a")):
        with pytest.raises(NotFoundError, match="'ffffffffffff'"):
            change()


def test_groups_that_were_taken_away_are_gone_at_the_next_call(bench: CallerBench, tmp_path: Path) -> None:
    made = bench.create(groups=["finance", "hr"])
    assert caller(bench, made.token).principal.groups == {"finance", "hr"}
    with sqlite3.connect(tmp_path / "catalog.sqlite") as raw:
        raw.execute("UPDATE api_keys SET groups = '[\"hr\"]'")
    raw.close()
    assert caller(bench, made.token).principal.groups == {"hr"}


# -- rotation -------------------------------------------------------------------------------------------------------
def test_a_rotated_key_has_a_new_secret_for_the_same_and_the_old_one_a_week(bench: CallerBench) -> None:
    old = bench.create(purpose="booking")
    caller(bench, old.token)
    bench.clock.move(30 * DAY)
    new = bench.keys.rotate(old.key.id, by="Bruno")
    assert new.token != old.token
    same = {"name", "groups", "permissions", "purpose"}
    assert {name: getattr(new.key, name) for name in same} == {name: getattr(old.key, name) for name in same}
    assert (new.key.created_by, new.key.created_at, new.key.last_used_at) == ("Bruno", bench.clock.now(), None)
    assert new.key.expires_at - new.key.created_at == old.key.expires_at - old.key.created_at
    assert bench.keys.all() == [bench.keys.key(old.key.id), new.key]
    assert (caller(bench, old.token).principal, caller(bench, new.token).key_id) == (
        caller(bench, new.token).principal,
        new.key.id,
    )
    bench.clock.move(7 * DAY)
    assert "expired" in refused(bench, old.token)
    assert caller(bench, new.token)


def test_an_overlap_never_lengthens_a_key(bench: CallerBench) -> None:
    old = bench.create(expires="P10D")
    bench.keys.rotate(old.key.id, by="a", overlap=Period.parse("P30D"))
    assert bench.keys.key(old.key.id).expires_at == old.key.expires_at


def test_no_overlap_at_all(bench: CallerBench) -> None:
    old = bench.create()
    new = bench.keys.rotate(old.key.id, by="a", overlap=Period.parse("P0D"), expires=Period.parse("P1M"))
    assert refused(bench, old.token)
    assert new.key.expires_at == bench.clock.now().replace(month=2)


def test_what_is_not_rotated(bench: CallerBench) -> None:
    old = bench.create()
    new = bench.keys.rotate(old.key.id, by="a")
    with pytest.raises(RefusedError, match=f"{new.key.id} is in its place"):
        bench.keys.rotate(old.key.id, by="a")
    bench.keys.revoke(new.key.id, "lost", by="a")
    with pytest.raises(RefusedError, match="was revoked"):
        bench.keys.rotate(new.key.id, by="a")
    with pytest.raises(UsageError, match="at most P2Y"):
        bench.keys.rotate(bench.create("other").key.id, by="a", expires=Period.parse("P3Y"))


def test_an_expired_key_can_be_replaced(bench: CallerBench) -> None:
    old = bench.create(expires="P1D")
    bench.clock.move(2 * DAY)
    new = bench.keys.rotate(old.key.id, by="a")
    assert caller(bench, new.token)
    assert refused(bench, old.token)


# -- what is written down -------------------------------------------------------------------------------------------
def test_each_step_is_an_entry_that_names_nobody_and_holds_no_secret(bench: CallerBench) -> None:
    first = bench.create(groups=["hr", "finance"])
    second = bench.keys.rotate(first.key.id, by="Anna Lévy")
    bench.keys.revoke(first.key.id, "laptop stolen", by="Anna Lévy")
    bench.keys.revoke(first.key.id, "again", by="Anna Lévy")
    created, rotated, revoked = bench.entries()
    assert [one["kind"] for one in (created, rotated, revoked)] == ["api-key-created", "api-key-rotated", "api-key-revoked"]
    who, principal = bench.register.pseudonym("Anna Lévy"), bench.register.pseudonym("key:erp")
    assert created["data"] == {
        "key": first.key.id,
        "principal": principal,
        "groups": ["finance", "hr"],
        "scopes": ["read", "search"],
        "expires": first.key.expires_at.isoformat(),
        "by": who,
    }
    assert (rotated["data"]["replaces"], rotated["data"]["key"]) == (first.key.id, second.key.id)
    assert revoked["data"] == {"key": first.key.id, "principal": principal, "reason": "laptop stolen", "by": who}
    assert (bench.register.name(who), bench.register.name(principal)) == ("Anna Lévy", "key:erp")
    written = str(bench.entries())
    for secret in ("Anna", first.token, second.token, Token.read(first.token).secret.hex(), first.key.digest.hex()):
        assert secret not in written


# -- last use -------------------------------------------------------------------------------------------------------
class CountingRows:
    """Rows that count what is written, or cannot write."""

    def __init__(self, bench: CallerBench, fails: bool = False) -> None:
        self._rows, self.fails = bench.rows, fails
        self.noted: list[datetime] = []

    def key(self, key_id: str) -> ApiKey | None:
        return self._rows.key(key_id)

    def key_used(self, key_id: str, at: datetime) -> None:
        self.noted.append(at)
        if self.fails:
            raise UnreachableError("disk full")
        self._rows.key_used(key_id, at)


def test_the_last_use_is_noted_once_a_minute(bench: CallerBench) -> None:
    made, rows = bench.create(), CountingRows(bench)
    used = [AuthenticateKey(rows, bench.memory_keys.identifier_key(), noting=True) for _ in range(2)]
    for _ in range(5):
        for each in used:
            each.caller(made.token, bench.clock.now())
    assert rows.noted == [bench.clock.now()]
    bench.clock.move(NOTED_EVERY - timedelta(seconds=1))
    used[0].caller(made.token, bench.clock.now())
    bench.clock.move(timedelta(seconds=1))
    used[0].caller(made.token, bench.clock.now())
    assert len(rows.noted) == 2
    assert bench.keys.key(made.key.id).last_used_at == bench.clock.now()


def test_a_use_that_is_refused_is_not_noted(bench: CallerBench) -> None:
    made = bench.create()
    refused(bench, Token(made.key.id, b"x" * 32).written())
    bench.keys.revoke(made.key.id, "lost", by="a")
    refused(bench, made.token)
    assert bench.keys.key(made.key.id).last_used_at is None


def test_a_host_that_only_reads_notes_nothing(bench: CallerBench) -> None:
    made, rows = bench.create(), CountingRows(bench)
    AuthenticateKey(rows, bench.memory_keys.identifier_key(), noting=False).caller(made.token, bench.clock.now())
    assert rows.noted == []


def test_a_use_that_cannot_be_noted_is_told_and_refuses_nobody(bench: CallerBench, caplog: pytest.LogCaptureFixture) -> None:
    made, rows = bench.create(), CountingRows(bench, fails=True)
    authentication = AuthenticateKey(rows, bench.memory_keys.identifier_key(), noting=True)
    with caplog.at_level(logging.WARNING, "minutier.callers"):
        for _ in range(3):
            assert authentication.caller(made.token, bench.clock.now()).key_id == made.key.id
    assert len(rows.noted) == 1
    assert "disk full" in caplog.text
    assert made.token not in caplog.text


def test_many_threads_use_keys_at_once(bench: CallerBench) -> None:
    made = [bench.create(f"program-{number}", groups=[f"g{number}"]) for number in range(4)]
    with ThreadPoolExecutor(8) as many:
        found = list(many.map(lambda n: caller(bench, made[n % 4].token).principal.groups, range(80)))
    assert found == [frozenset({f"g{n % 4}"}) for n in range(80)]
