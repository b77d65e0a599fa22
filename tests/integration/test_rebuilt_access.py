"""Rebuild with an access tree: before and after months expired, and with its beginning gone for good."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from archiver.adapters.catalog.ledger_rows import SqlLedgerRows
from archiver.adapters.catalog.rebuild_rows import SqlRebuiltRows
from archiver.adapters.catalog.sql import SqlCatalog, create_sqlite
from archiver.domain.document import LockMode
from archiver.domain.ledger import Tree
from archiver.domain.ledger_files import heads_prefix, segments_prefix
from archiver.ports.objects import Bucket
from archiver.services.access_expiry import last_expiry
from archiver.services.audit import Audit, Question
from archiver.services.rebuild import Rebuild, Rebuilt
from archiver.services.sequence_ledger import LedgerService
from archiver.services.timetable.access import AccessExpiry
from archiver.services.verify.ledger import verify_ledger
from retention.period import Period
from tests.support.ledger_bench import document_id
from tests.support.readers import log_of, register_of, viewed
from tests.support.small_archive import SmallArchive

YEAR = timedelta(days=366)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SmallArchive]:
    archive = SmallArchive(tmp_path / "archive")
    (tmp_path / "a").write_text("text")
    archive.run(tmp_path / "a")
    yield archive
    archive.close()


def service(archive: SmallArchive, rows: SqlLedgerRows | None = None) -> LedgerService:
    return LedgerService(rows or archive.rows, archive.objects, archive.keys, archive.clock)


def read_for(archive: SmallArchive, months: int, each: int = 3, first: int = 0) -> None:
    for month in range(months):
        viewed(log_of(archive), *range(first + month * each, first + (month + 1) * each))
        service(archive).sequence()
        service(archive).seal(small=True)
        archive.clock.move(timedelta(days=31))


def expire(archive: SmallArchive, kept: str = "P1M") -> int:
    return (
        AccessExpiry(service(archive), archive.rows, archive.objects, archive.clock, Period.parse(kept)).run().counts["segments"]
    )


def rebuilt(archive: SmallArchive, path: Path) -> tuple[SqlCatalog, Rebuilt]:
    catalog = create_sqlite(path)
    rows, ledger = SqlRebuiltRows(catalog.engine), SqlLedgerRows(catalog.engine)
    return catalog, Rebuild(catalog, rows, ledger, archive.objects, archive.keys, archive.clock).run()


def documents(archive: SmallArchive, rows: SqlLedgerRows, question: Question | None = None) -> list[str]:
    audit = Audit(rows, archive.objects, register_of(archive))
    return [one.event.document_id for one in audit.entries(question or Question())]


def lose_beginning(archive: SmallArchive, count: int) -> int:
    """Remove the first `count` segments and heads of the access tree, as one may once their locks have ended; where it begins."""
    archive.clock.move(YEAR * 12)
    for prefix in (segments_prefix(Tree.ACCESS), heads_prefix(Tree.ACCESS)):
        found = sorted(archive.objects.list(Bucket.LOCKED, prefix), key=lambda info: info.ref.key)
        for info in found[:count]:
            assert info.lock.mode is LockMode.GOVERNANCE
            archive.objects.delete(info.ref)
    return int(found[count - 1].ref.key.rsplit("/", 1)[1][:12])


@pytest.mark.parametrize("expired", [False, True])
def test_a_rebuilt_catalogue_says_the_same(archive: SmallArchive, tmp_path: Path, expired: bool):
    read_for(archive, 4)
    if expired:
        assert expire(archive) > 0
        service(archive).seal(small=True)
    before = dict(SqlRebuiltRows(archive.catalog.engine).digest())
    seen = documents(archive, archive.rows)
    catalog, result = rebuilt(archive, tmp_path / "again.sqlite")
    rows = SqlLedgerRows(catalog.engine)
    assert result.findings == []
    assert result.digest == before
    assert documents(archive, rows) == seen
    assert last_expiry(rows, archive.objects) == last_expiry(archive.rows, archive.objects)
    told = [(leaf.kind, leaf.document_id) for leaf in rows.leaves(Tree.ACCESS)]
    assert told == [(leaf.kind, leaf.document_id) for leaf in archive.rows.leaves(Tree.ACCESS)]
    assert documents(archive, rows, Question(document_id=document_id(11))) == [document_id(11)]
    report = verify_ledger(rows, archive.objects, archive.keys)
    assert report.findings == []
    assert bool(report.trees[Tree.ACCESS].expired) is expired
    catalog.close()


@pytest.mark.parametrize("each", [1, 3, 7, 300])
def test_a_tree_without_its_beginning_is_taken_up_and_grows_on(archive: SmallArchive, tmp_path: Path, each: int):
    read_for(archive, 4, each)
    assert expire(archive, "P2M") == 2
    service(archive).seal(small=True)
    assert lose_beginning(archive, 2) == 2 * each
    assert verify_ledger(archive.rows, archive.objects, archive.keys).findings == []
    catalog, result = rebuilt(archive, tmp_path / "again.sqlite")
    rows = archive.rows = SqlLedgerRows(catalog.engine)
    assert result.findings == []
    assert documents(archive, rows) == [document_id(number) for number in range(2 * each, 4 * each)]
    assert verify_ledger(rows, archive.objects, archive.keys).findings == []
    for more in (1, each, 260):
        read_for(archive, 1, more, first=5_000)
        report = verify_ledger(rows, archive.objects, archive.keys)
        assert report.findings == []
    assert service(archive).inclusion_proof(document_id(2 * each), "viewed", Tree.ACCESS).holds()
    again, second = rebuilt(archive, tmp_path / "third.sqlite")
    assert second.digest == dict(SqlRebuiltRows(catalog.engine).digest())
    again.close()
    catalog.close()


def test_a_beginning_that_is_gone_before_its_time_is_told_and_no_reason_to_have_no_catalogue(
    archive: SmallArchive, tmp_path: Path
):
    read_for(archive, 4)
    assert expire(archive, "P3M") == 1
    service(archive).seal(small=True)
    lose_beginning(archive, 2)
    findings = verify_ledger(archive.rows, archive.objects, archive.keys).findings
    assert any("leaves 0 to 5, before it, are in no segment" in one.what for one in findings), findings
    catalog, result = rebuilt(archive, tmp_path / "again.sqlite")
    assert ["leaves 0 to 5 are in no segment" in one.what for one in result.findings] == [True]
    assert documents(archive, SqlLedgerRows(catalog.engine)) == [document_id(number) for number in range(6, 12)]
    catalog.close()


def test_the_beginning_of_custody_is_never_missing(archive: SmallArchive, tmp_path: Path):
    from archiver.errors import IntegrityError

    archive.clock.move(YEAR * 20)
    (first,) = sorted(archive.objects.list(Bucket.LOCKED, segments_prefix(Tree.CUSTODY)), key=lambda info: info.ref.key)[:1]
    archive.objects.delete(first.ref)
    with pytest.raises(IntegrityError):
        rebuilt(archive, tmp_path / "again.sqlite")
