"""Who read what, on servers: written by the command, entered, sealed in the store, found again, and gone in its time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from archiver.bootstrap.archive import Archive
from archiver.domain.ledger import Tree
from archiver.ports.objects import Bucket
from archiver.services.audit import Audit, Question
from archiver.services.register import READERS, Register
from archiver.services.timetable.access import AccessExpiry
from archiver.services.verify.ledger import verify_ledger
from retention.period import Period
from tests.support.moving_clock import MovingClock
from tests.support.on_servers import archive_on_servers

ANNA = ("--as", "Anna", "--group", "finance")


def test_from_the_question_to_its_expiry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with archive_on_servers(tmp_path / "archive", broker="") as served:
        (tmp_path / "a.txt").write_text("un contrat")
        served.run("import", tmp_path / "a.txt", "--grant", "group:finance")
        (document,) = served.ids().values()
        served.run(*ANNA, "show", document)
        served.run("timetable", "--only", "ledger")
        served.run(*ANNA, "search", "contrat")
        found = [row for row in served.run("--json", "audit", "--principal", "Anna").rows if "act" in row]
        assert [row["act"] for row in found] == ["viewed", "searched"]
        assert [row["name"] for row in found] == ["Anna", "Anna"]
        served.run("timetable", "--only", "ledger")
        assert served.run("--json", "timetable", "--only", "access").rows[0]["counts"]["segments"] == 0
        for name, value in served.environment.items():
            if name.startswith("MINUTIER_"):
                monkeypatch.setenv(name, value)
        expired_in_the_store(tmp_path / "archive")
        assert served.run("--json", "audit", "--principal", "Anna").rows[-1]["expired_to"]
        served.run("verify")


def expired_in_the_store(home: Path) -> None:
    with Archive(home, writable=True) as archive:
        later = MovingClock(archive.clock.now() + timedelta(days=400))
        parts = (archive.ledger, archive.ledger_rows, archive.objects, later)
        counts = AccessExpiry(*parts, Period.parse("P1Y")).run().counts
        assert counts["segments"] > 0
        assert counts["names"] > 0
        assert list(archive.objects.list(Bucket.DELETABLE, "ledger/access/")) == []
        assert list(archive.objects.list(Bucket.DELETABLE, READERS)) == []
        audit = Audit(archive.ledger_rows, archive.objects, Register(archive.objects, archive.keys))
        assert list(audit.entries(Question())) == []
        report = verify_ledger(archive.ledger_rows, archive.objects, archive.keys)
        assert report.findings == []
        assert report.trees[Tree.ACCESS].expired > 0
