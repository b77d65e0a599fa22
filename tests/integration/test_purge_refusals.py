"""What a purge refuses: each with its exit code, and a sentence that says why and what to do. Nothing is destroyed by any of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archiver.adapters.keys.personal import PersonalKey
from archiver.bootstrap.archive import Archive
from archiver.domain.ledger import Tree
from archiver.services.ledger_objects import entries
from tests.support.command import Minutier, Ran
from tests.support.moving_clock import MovingClock
from tests.support.purges import DUE, copied, opened, template


@pytest.fixture
def minutier(tmp_path: Path) -> Iterator[Minutier]:
    """A copy of the archive; whatever a test tries, what it had is still there unless the test says otherwise."""
    minutier = Minutier(copied(template()[0], tmp_path / "archive"))
    before = minutier.ids()
    yield minutier
    assert minutier.ids().keys() >= before.keys() or "destroys" in minutier.environment


def key(person: str) -> str:
    return str(template()[1] / f"{person}.key")


def planned(minutier: Minutier, *options: str, author: str = "anna") -> str:
    (row,) = minutier.run("--json", "purge", "plan", "--key", key(author), *options).rows
    return str(row["purge"])


def approved(minutier: Minutier, *options: str) -> str:
    purge = planned(minutier, *options)
    minutier.run("purge", "approve", purge, "--key", key("bruno"))
    return purge


def says(ran: Ran, *words: str) -> None:
    for each in words:
        assert each in ran.err, ran.err
    assert "Traceback" not in ran.err


def change(minutier: Minutier, statement: str, values: Sequence[Any] = ()) -> None:
    """By hand, in the catalogue's file."""
    with sqlite3.connect(minutier.home / "catalog.sqlite") as connection:
        assert connection.execute(statement, tuple(values)).rowcount > 0
    connection.close()


def more(minutier: Minutier, tmp_path: Path, retention_class: str) -> None:
    """One more document, of a class of its own."""
    (tmp_path / "more.txt").write_text(f"one of {retention_class}")
    minutier.run("import", tmp_path / "more.txt", "--class", retention_class, "--meta", f"day={DUE}")


# -- who approves -------------------------------------------------------------------------------------------------
def test_the_author_cannot_approve_with_any_key_or_none(minutier: Minutier, tmp_path: Path) -> None:
    purge = planned(minutier)
    minutier.run("key", "new", tmp_path / "second.key", "--no-passphrase")
    minutier.run("key", "enroll", "anna", tmp_path / "second.key.pub")
    for how in (("--key", key("anna")), ("--key", str(tmp_path / "second.key")), ("--by", "anna")):
        says(minutier.run("purge", "approve", purge, *how, code=12), "anna made the plan", "somebody else approves")


def test_an_asserted_approval_is_not_enough_for_a_legal_minimum(minutier: Minutier) -> None:
    purge = planned(minutier)
    says(minutier.run("purge", "approve", purge, "--by", "bruno", code=12), "LEGAL", "legal minimum", "--key FILE")
    other = planned(minutier, "--class", "SHORT")
    (row,) = minutier.run("--json", "purge", "approve", other, "--by", "bruno").rows
    assert not row["approvals"][0]["authenticated"]


def test_nobody_or_two_at_once_cannot_approve(minutier: Minutier) -> None:
    purge = planned(minutier)
    says(minutier.run("purge", "approve", purge, code=2), "who approves?")
    says(minutier.run("purge", "approve", purge, "--key", key("bruno"), "--by", "carla", code=2), "who approves?")


def test_revoked_and_unknown_keys(minutier: Minutier, tmp_path: Path) -> None:
    purge = planned(minutier)
    found = {row.get("person"): row["key"] for row in minutier.run("--json", "key", "list").rows}
    minutier.run("key", "revoke", found["bruno"], "--reason", "left")
    says(minutier.run("purge", "approve", purge, "--key", key("bruno"), code=12), "bruno was revoked", "another key")
    minutier.run("key", "new", tmp_path / "new.key", "--no-passphrase")
    says(minutier.run("purge", "approve", purge, "--key", tmp_path / "new.key", code=1), "key enroll")


def test_an_approval_whose_key_was_revoked_counts_no_more(minutier: Minutier) -> None:
    purge = approved(minutier)
    found = {row.get("person"): row["key"] for row in minutier.run("--json", "key", "list").rows}
    minutier.run("key", "revoke", found["bruno"], "--reason", "stolen")
    says(minutier.run("purge", "run", purge, code=5), "which is revoked", "purge approve")
    minutier.run("purge", "approve", purge, "--key", key("carla"))
    minutier.environment["destroys"] = "yes"
    minutier.run("purge", "run", purge)


# -- what is approved ---------------------------------------------------------------------------------------------
def test_a_class_is_emptied_only_when_somebody_says_so(minutier: Minutier, tmp_path: Path) -> None:
    more(minutier, tmp_path, "ONLY")
    purge = planned(minutier)
    how = ("purge", "approve", purge, "--key", key("bruno"))
    says(minutier.run(*how, code=5), "every document of ONLY", "--empties ONLY")
    says(minutier.run(*how, "--empties", "SHORT", code=5), "--empties ONLY")
    (row,) = minutier.run("--json", *how, "--empties", "ONLY").rows
    assert row["approvals"][0]["empties"] == ["ONLY"]


def test_a_visa_is_whole_or_refused(minutier: Minutier, tmp_path: Path) -> None:
    more(minutier, tmp_path, "VISA")
    purge = planned(minutier, "--class", "VISA")
    how = ("purge", "approve", purge, "--key", key("bruno"), "--empties", "VISA")
    says(minutier.run(*how, code=5), "VISA", "visa of an authority", "--visa-authority")
    says(minutier.run(*how, "--visa-authority", "Archives", code=2), "three parts")
    parts = ("--visa-authority", "Archives", "--visa-reference", "2026/1", "--visa-date")
    says(minutier.run(*how, *parts, "5 May", code=2), "is not a date")
    minutier.run(*how, *parts, "2026-05-05")


def test_how_long_an_approval_lasts(minutier: Minutier) -> None:
    purge = planned(minutier)
    for period, words in (("P1Y", "at most 90 days"), ("P0D", "at most 90 days"), ("a week", "P30D")):
        says(minutier.run("purge", "approve", purge, "--key", key("bruno"), "--expires", period, code=2), words)


def test_a_plan_that_was_edited_in_its_file(minutier: Minutier, tmp_path: Path) -> None:
    purge = planned(minutier)
    how = ("purge", "approve", purge, "--key", key("bruno"), "--plan")
    whole, other = tmp_path / "plan", tmp_path / "other"
    minutier.run("purge", "show", purge, "--save", whole)
    lines = whole.read_bytes().splitlines(keepends=True)
    changed = lines[-1].replace(b'\\"size\\":', b'\\"size\\":1')
    assert changed != lines[-1]
    for body in ([*lines[:-1], changed], lines[:-1], [lines[0], *reversed(lines[1:])]):
        other.write_bytes(b"".join(body))
        says(minutier.run(*how, other, code=4), "changed by hand", "nothing was approved")
    other.write_bytes(lines[0].replace(b"documents ", b"documents 9") + b"".join(lines[1:]))
    says(minutier.run(*how, other, code=4), "another plan", "changed by hand")
    for body in (b"", b"{}", b"not json", b"[1]", lines[0] + b"{}\n", lines[0] + b"[]\n", b"\xff\xfe"):
        other.write_bytes(body)
        says(minutier.run(*how, other, code=2), "is not a plan")
    says(minutier.run(*how, tmp_path / "none", code=2), "cannot be read")
    minutier.run("purge", "show", planned(minutier), "--save", tmp_path / "second")
    says(minutier.run(*how, tmp_path / "second", code=4), "another plan")
    assert minutier.run("--json", "purge", "show", purge).rows[0]["state"] == "planned"
    minutier.run(*how, whole)


# -- what is run --------------------------------------------------------------------------------------------------
def test_rows_of_the_plan_that_were_edited(minutier: Minutier) -> None:
    purge = planned(minutier)
    ids = {row["path"].rsplit("/", 1)[-1]: row["id"] for row in minutier.run("export").rows}
    approve = ("purge", "approve", purge, "--key", key("bruno"))
    edits = (
        ("document_id = ?", ids["stays.txt"]), ("reason = ?", "nothing"), ("until = ?", "1999-01-01"), ("size = ?", 1),
        ("salt = ?", "00" * 32), ("root_id = ?", ids["stays.txt"]), ("retention_class = ?", "ONLY"),
    )  # fmt: skip
    for edit, value in edits:
        with sqlite3.connect(minutier.home / "catalog.sqlite") as connection:
            column = edit.split()[0]
            (was,) = connection.execute(f"SELECT {column} FROM purge_items WHERE position = 0").fetchone()
        change(minutier, f"UPDATE purge_items SET {edit} WHERE position = 0", [value])
        says(minutier.run(*approve, code=4), "changed after it was made", "make a new plan")
        change(minutier, f"UPDATE purge_items SET {column} = ? WHERE position = 0", [was])
    minutier.run(*approve)
    change(minutier, "UPDATE purge_items SET document_id = ? WHERE position = 0", [ids["stays.txt"]])
    says(minutier.run("purge", "run", purge, code=4), "changed after it was made")
    change(minutier, "DELETE FROM purge_items WHERE position = 0")
    says(minutier.run("purge", "run", purge, code=4), "changed after it was made")


def test_a_statement_of_the_plan_that_was_edited(minutier: Minutier) -> None:
    purge = planned(minutier)
    change(minutier, "UPDATE purges SET plan = replace(plan, 'policy 1', 'policy 2')")
    says(minutier.run("purge", "approve", purge, "--key", key("bruno"), code=4), "author's signature", "does not hold")
    change(minutier, "UPDATE purges SET plan = plan || 'x'")
    assert minutier.run("purge", "approve", purge, "--key", key("bruno"), code=4)


def test_an_approval_that_was_edited(minutier: Minutier) -> None:
    purge = approved(minutier)
    (given,) = _approvals(minutier)
    year = f"expires {datetime.now(UTC).year}"
    assert year in given["statement"]
    _set_approvals(minutier, [given | {"statement": given["statement"].replace(year, "expires 2199")}])
    says(minutier.run("purge", "run", purge, code=5), "signature of the approval", "does not hold", "purge approve")
    _set_approvals(minutier, [given | {"signature": "00" * 64}])
    says(minutier.run("purge", "run", purge, code=5), "does not hold")
    _set_approvals(minutier, [])
    says(minutier.run("purge", "run", purge, code=5), "is not approved")


def test_an_approval_that_was_made_up(minutier: Minutier) -> None:
    """In the catalogue's file, by somebody without the other person's key."""
    purge = approved(minutier)
    (given,) = _approvals(minutier)
    without = {"key": "", "signature": "", "enrolled_at": ""}
    statement = "".join("key -\n" if line.startswith("key ") else line for line in given["statement"].splitlines(keepends=True))
    _set_approvals(minutier, [given | without | {"statement": statement}])
    says(minutier.run("purge", "run", purge, code=12), "legal minimum")
    other = planned(minutier, "--class", "SHORT")
    plan = _plan(minutier, other)
    root = next(line for line in plan.splitlines(keepends=True) if line.startswith("root "))
    author = next(line.split()[1] for line in plan.splitlines() if line.startswith("author "))
    for name, value in (("purge", f"purge {other}\n"), ("root", root), ("approver", f"approver {author}\n")):
        statement = "".join(value if line.startswith(f"{name} ") else line for line in statement.splitlines(keepends=True))
    _set_approvals(minutier, [given | without | {"statement": statement}], other)
    says(minutier.run("purge", "run", other, code=12), "made the plan")


def test_an_approval_signed_by_the_author_beside_the_program(minutier: Minutier) -> None:
    """By hand, with a key that is enrolled, under the name of somebody else."""
    purge = approved(minutier)
    (given,) = _approvals(minutier)
    for person, why in (("anna", "made the plan"), ("carla", "is not the approver's")):
        signer = PersonalKey.load(Path(key(person)), lambda: b"")
        lines = given["statement"].splitlines(keepends=True)
        text = "".join(f"key ed25519 {signer.key_id}\n" if line.startswith("key ") else line for line in lines)
        signature = signer.sign(text.encode("ascii")).hex()
        _set_approvals(minutier, [given | {"statement": text, "signature": signature, "key": signer.public_key.hex()}])
        says(minutier.run("purge", "run", purge, code=12), why)


def test_an_approval_of_another_plan(minutier: Minutier) -> None:
    purge, other = approved(minutier), planned(minutier)
    given = _approvals(minutier, purge)
    _set_approvals(minutier, given, other)
    says(minutier.run("purge", "run", other, code=5), "another plan")


def test_an_approval_that_ran_out(minutier: Minutier) -> None:
    clock = MovingClock(datetime.now(UTC))
    with opened(minutier.home, template()[1], clock) as one:
        purge = one.plan()
        assert purge is not None
        one.approve(purge, lasts=timedelta(milliseconds=1))
    says(minutier.run("purge", "run", purge.id, code=5), "expired on", "approve it anew")
    minutier.run("purge", "approve", purge.id, "--key", key("carla"))
    minutier.environment["destroys"] = "yes"
    minutier.run("purge", "run", purge.id)


def test_nothing_known_by_that_name(minutier: Minutier) -> None:
    for command in (("run",), ("show",), ("certificate",), ("approve", "--by", "bruno")):
        says(minutier.run("purge", command[0], "20200101-none", *command[1:], code=1), "no purge 20200101-none", "purge list")


def test_before_it_is_approved_and_after_it_is_done(minutier: Minutier) -> None:
    purge = planned(minutier)
    says(minutier.run("purge", "run", purge, code=5), "is not approved", "purge approve")
    says(minutier.run("purge", "certificate", purge, code=1), "no certificate yet", "purge run")
    minutier.run("purge", "approve", purge, "--key", key("bruno"))
    minutier.environment["destroys"] = "yes"
    minutier.run("purge", "run", purge)
    (done,) = minutier.run("--json", "purge", "show", purge).rows
    first = minutier.run("purge", "certificate", purge).out
    entries = _entries(minutier, "purge-done")
    (again,) = minutier.run("--json", "purge", "run", purge).rows
    assert again == done
    assert minutier.run("purge", "certificate", purge).out == first
    assert _entries(minutier, "purge-done") == entries == 1
    says(minutier.run("purge", "approve", purge, "--key", key("carla"), code=5), "is done", "new plan")
    assert "refused" in minutier.run("import", "--manifest", template()[1] / "manifest.jsonl", code=5).out


def test_a_clock_years_ahead(minutier: Minutier) -> None:
    purge = approved(minutier)
    (minutier.home / "clock").write_text("2019-06-01T12:00:00.000000+00:00\n")
    says(minutier.run("purge", "run", purge, code=5), "time is in doubt", "--clock-is-right")
    (minutier.home / "clock").write_text("2151-01-01T00:00:00.000000+00:00\n")
    says(minutier.run("purge", "run", purge, code=5), "time is in doubt")


# -- certificates -------------------------------------------------------------------------------------------------
def test_the_certificate_of_another_archive(minutier: Minutier, tmp_path: Path) -> None:
    purge = approved(minutier)
    minutier.environment["destroys"] = "yes"
    minutier.run("purge", "run", purge)
    minutier.run("purge", "certificate", purge, "--out", tmp_path / "certificate")
    minutier.run("key", "export", tmp_path / "own.pem")
    other = Minutier(tmp_path / "other")
    other.run("init")
    other.run("key", "export", tmp_path / "other.pem")
    verify = ("certificate", "verify", tmp_path / "certificate")
    other.run(*verify, "--key", tmp_path / "own.pem")
    assert "not by the one given" in other.run(*verify, "--key", tmp_path / "other.pem", code=4).out
    other.run(*verify, code=1)
    body = (tmp_path / "certificate").read_bytes().replace(b"executed", b"withheld", 1)
    (tmp_path / "certificate").write_bytes(body)
    other.run(*verify, "--key", tmp_path / "own.pem", code=4)


def _approvals(minutier: Minutier, purge: str = "") -> list[dict[str, Any]]:
    with sqlite3.connect(minutier.home / "catalog.sqlite") as connection:
        rows = dict(connection.execute("SELECT id, approvals FROM purges").fetchall())
    return list(json.loads(rows[purge] if purge else next(iter(rows.values()))))


def _set_approvals(minutier: Minutier, approvals: list[dict[str, Any]], purge: str = "") -> None:
    where = " WHERE id = ?" if purge else ""
    text = json.dumps(approvals)
    change(minutier, f"UPDATE purges SET approvals = ?{where}", [text, *([purge] if purge else [])])


def _plan(minutier: Minutier, purge: str) -> str:
    with sqlite3.connect(minutier.home / "catalog.sqlite") as connection:
        return str(connection.execute("SELECT plan FROM purges WHERE id = ?", [purge]).fetchone()[0])


def _entries(minutier: Minutier, kind: str) -> int:
    with Archive(minutier.home) as archive:
        return sum(one.event.kind == kind for one in entries(archive.objects, Tree.CUSTODY, archive.ledger_rows))
