"""`minutier key sign`: an approval is signed where the key is, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.adapters.keys.personal import read_public
from retention.signature import key_id, signature_holds
from retention.statements import Approval, PlanStatement
from tests.support.command import Minutier

AT = datetime(2026, 11, 26, 9, 30, 0, 123456, tzinfo=UTC)
PLAN = PlanStatement("archive", "p1", bytes(32), 6, 1_000, 1, bytes(32), AT, "0123456789abcdef")


@pytest.fixture
def person(tmp_path: Path) -> tuple[Minutier, Path]:
    """The command without an archive, and a key."""
    minutier = Minutier(tmp_path / "no archive here")
    minutier.run("key", "new", tmp_path / "bruno.key", "--no-passphrase")
    return minutier, tmp_path / "bruno.key"


def approval(key: Path) -> Approval:
    named = key_id(read_public(Path(f"{key}.pub")))
    ends = AT + timedelta(days=7)
    return Approval("archive", "p1", bytes(32), 6, 9, bytes(32), AT, ends, ("SHORT",), None, "0123456789abcdef", named)


def test_the_signature_is_over_the_very_text(person: tuple[Minutier, Path], tmp_path: Path) -> None:
    minutier, key = person
    text = approval(key).text()
    (tmp_path / "statement").write_text(text)
    row = minutier.run("--json", "key", "sign", key, "--statement", tmp_path / "statement", "--yes").rows[0]
    public = read_public(Path(f"{key}.pub"))
    assert signature_holds(public, text.encode("ascii"), bytes.fromhex(row["signature"]))
    assert (row["purge"], row["key"], row["statement"]) == ("p1", key_id(public), text)
    ran = minutier.run("key", "sign", key, "--statement", "-", "--yes", stdin=text.encode("ascii"))
    assert ran.out.strip() == row["signature"]
    for shown in ("p1", "6 documents", bytes(32).hex(), "2026-12-03", "SHORT"):
        assert shown in ran.err


def test_nobody_signs_unread(person: tuple[Minutier, Path], tmp_path: Path) -> None:
    minutier, key = person
    (tmp_path / "statement").write_text(approval(key).text())
    assert not minutier.run("key", "sign", key, "--statement", tmp_path / "statement", code=2).out


WRONG: dict[str, Callable[[Path], str]] = {
    "a plan": lambda _: PLAN.text(),
    "nothing": lambda _: "",
    "an approval and more": lambda key: approval(key).text() + "\n",
    "an approval cut short": lambda key: approval(key).text()[:-1],
    "any text": lambda _: "pay 1000 EUR\n",
}


@pytest.mark.parametrize("what", WRONG)
def test_nothing_else_is_signed(person: tuple[Minutier, Path], what: str) -> None:
    minutier, key = person
    ran = minutier.run("key", "sign", key, "--statement", "-", "--yes", stdin=WRONG[what](key).encode("ascii"), code=2)
    assert not ran.out


def test_an_approval_for_another_key_or_for_none_is_not_signed(person: tuple[Minutier, Path]) -> None:
    minutier, key = person
    for named in ("0" * 16, None):
        text = replace(approval(key), key_id=named).text()
        ran = minutier.run("key", "sign", key, "--statement", "-", "--yes", stdin=text.encode("ascii"), code=12)
        assert not ran.out
