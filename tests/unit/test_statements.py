"""Statements are read back only as they are written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from retention.errors import StatementError
from retention.statements import Approval, CertificateStatement, PlanStatement

MADE = datetime(2037, 1, 5, 9, 30, tzinfo=UTC)
PLAN = PlanStatement("archive-1", "2037-01-05-a", b"\x01" * 32, 3, 1234, 2, b"\x02" * 32, MADE, "0123456789abcdef")
APPROVAL = Approval(
    "archive-1", "2037-01-05-a", b"\x01" * 32, 3, 10, b"\x03" * 32, MADE, MADE + timedelta(days=7),
    ("FR-ACCOUNTING", "FR-CV"), b"\x04" * 32, "fedcba9876543210", "00112233445566ff",
)  # fmt: skip
CERTIFICATE = CertificateStatement("destruction", "archive-1", b"\x05" * 32, MADE, "00112233445566ff")
ALL = [PLAN, APPROVAL, replace(APPROVAL, empties=(), visa=None, key_id=None), CERTIFICATE]


def test_an_approval_in_words():
    assert APPROVAL.text() == (
        "minutier purge approval v1\narchive archive-1\npurge 2037-01-05-a\n"
        f"root sha256 {'01' * 32}\ndocuments 3\nhead 10 sha256 {'03' * 32}\n"
        "given 2037-01-05T09:30:00.000000+00:00\nexpires 2037-01-12T09:30:00.000000+00:00\n"
        f"empties FR-ACCOUNTING,FR-CV\nvisa sha256 {'04' * 32}\napprover fedcba9876543210\nkey ed25519 00112233445566ff\n"
    )


def test_what_is_missing_is_a_dash():
    lines = ALL[2].text().splitlines()
    assert lines[-4:] == ["empties -", "visa -", "approver fedcba9876543210", "key -"]


def test_a_plan_in_words():
    assert PLAN.text() == (
        "minutier purge plan v1\narchive archive-1\npurge 2037-01-05-a\n"
        f"root sha256 {'01' * 32}\ndocuments 3\nbytes 1234\npolicy 2 sha256 {'02' * 32}\n"
        "made 2037-01-05T09:30:00.000000+00:00\nauthor 0123456789abcdef\n"
    )


@pytest.mark.parametrize("statement", ALL)
def test_read_back(statement):
    assert type(statement).parse(statement.text()) == statement


@pytest.mark.parametrize("statement", ALL)
def test_no_changed_text_is_the_same_statement(statement):
    text = statement.text()
    for at in range(len(text)):
        for other in (
            text[:at] + text[at + 1 :],
            text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :],
            text[:at] + " " + text[at:],
        ):
            try:
                found = type(statement).parse(other)
            except StatementError:
                continue
            assert found != statement
            assert found.text() == other


@pytest.mark.parametrize(
    ("was", "then"),
    [
        ("documents 3", "documents 03"),
        ("documents 3", "documents ٣"),
        ("+00:00", "+01:00"),
        ("2037-01-05T", "2037-02-31T"),
        ("FR-ACCOUNTING,FR-CV", "FR-CV,FR-ACCOUNTING"),
        ("FR-ACCOUNTING,FR-CV", "FR-CV,FR-CV"),
        ("key ed25519 00112233445566ff\n", "key ed25519 00112233445566ff"),
        ("01" * 32, "01" * 31 + "0A"),
    ],
)
def test_another_form_of_the_same_is_refused(was, then):
    assert was in APPROVAL.text()
    with pytest.raises(StatementError) as refused:
        Approval.parse(APPROVAL.text().replace(was, then))
    assert refused.value.exit_code == 4


def test_one_kind_is_never_another():
    with pytest.raises(StatementError):
        PlanStatement.parse(APPROVAL.text())


@pytest.mark.parametrize(
    "unwritable", [replace(PLAN, purge="a\nroot x"), replace(PLAN, purge=""), replace(PLAN, root=b"short"), replace(PLAN, documents=-1), replace(PLAN, author="Anna")]
)  # fmt: skip
def test_what_cannot_be_read_back_is_not_written(unwritable):
    with pytest.raises(StatementError):
        unwritable.text()


def test_times_are_written_in_utc():
    there = MADE.astimezone(timezone(timedelta(hours=2)))
    assert replace(PLAN, made=there).text() == PLAN.text()
