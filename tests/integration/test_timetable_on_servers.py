"""Duties of the timetable where the store itself enforces locks and holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.bootstrap.archive import Archive
from archiver.domain.record import original_key
from archiver.ports.objects import Bucket, ObjectInfo
from archiver.services.timetable.locks import OWN_FILES
from tests.support.command import Minutier
from tests.support.on_servers import archive_on_servers

POLICY = """\
time_zone: UTC
collections: {}
classes:
  CV: {title: Applications, limit: P2Y, from: received, basis: CNIL, lock: rolling, then: destroy}
"""
LONG = "  LONG: {title: Long, period: P50Y, from: received, basis: Law, lock: governance, then: destroy}\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minutier]:
    root = tmp_path_factory.mktemp("timetable")
    with archive_on_servers(root / "archive", broker="") as archive, pytest.MonkeyPatch.context() as patch:
        for name, value in archive.environment.items():
            if name.startswith("MINUTIER_"):
                patch.setenv(name, value)
        (root / "policy.yaml").write_text(POLICY)
        archive.run("policy", "apply", root / "policy.yaml")
        lines = []
        for number in range(3):
            (root / f"{number}.txt").write_text(f"words {number}")
            lines.append(json.dumps({"path": str(root / f"{number}.txt"), "class": "CV"}))
        (root / "list.jsonl").write_text("\n".join(lines) + "\n")
        archive.run("import", "--manifest", root / "list.jsonl")
        yield archive


def counts(archive: Minutier, duty: str) -> dict[str, int]:
    (row,) = archive.run("--json", "timetable", "--only", duty).rows
    assert row["error"] is None
    return dict(row["counts"])


def originals(archive: Archive) -> list[ObjectInfo]:
    keys = [original_key(one.collection, one.retention_class, one.sha256) for one in archive.catalog.select()]
    return [info for key in keys for info in archive.objects.versions(Bucket.LOCKED, key)]


def test_own_files_are_locked_for_longer_once_a_class_asks_for_it(served: Minutier, tmp_path: Path):
    assert counts(served, "files")["extended"] <= 1  # the policy, which had a hold only
    assert counts(served, "files")["extended"] == 0
    (tmp_path / "policy.yaml").write_text(POLICY + LONG)
    served.run("policy", "apply", tmp_path / "policy.yaml")
    found = counts(served, "files")
    assert found["extended"] == found["files"] > 3
    assert counts(served, "files")["extended"] <= 2  # what was sealed since
    with Archive(served.home) as archive:
        locks = [info.lock for prefix in OWN_FILES for info in archive.objects.list(Bucket.LOCKED, prefix)]
    far = datetime.now(UTC) + timedelta(days=49 * 365)
    assert sum(lock.until is not None and lock.until > far for lock in locks) >= found["files"]


def test_rolling_locks_are_extended_at_the_store(served: Minutier):
    with Archive(served.home) as archive:
        before = [info.lock.until for info in originals(archive)]
    assert counts(served, "rolling")["documents"] == 3
    with Archive(served.home) as archive:
        after = [info.lock.until for info in originals(archive)]
    assert all(one and other and one > other for one, other in zip(after, before, strict=True))


def test_a_hold_that_somebody_took_away_at_the_store_is_set_again(served: Minutier):
    with Archive(served.home) as archive:
        ids = [one.id for one in archive.catalog.select()]
    served.run("hold", "place", *ids[:2], "--matter", "m", "--reason", "r", "--owner", "o", "--id", "h1")
    assert counts(served, "holds") == {"looked at": 2, "set again": 0, "without bytes": 0}
    with Archive(served.home, writable=True) as archive:
        lost = [info.ref for info in originals(archive) if info.lock.hold]
        assert len(lost) == 2
        archive.objects.hold_group(lost, on=False)
    assert counts(served, "holds")["set again"] == 2
    with Archive(served.home) as archive:
        assert sum(info.lock.hold for info in originals(archive)) == 2


def test_everything_is_due_once(served: Minutier):
    done = {row["duty"] for row in served.run("--json", "timetable", "--all").rows}
    assert done >= {"fixity", "plans", "watch", "unclaimed", "ledger", "intake"}
    assert served.run("timetable").err.strip() == "Nothing is due."
