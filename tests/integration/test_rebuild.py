"""Rebuild: the catalogue again from the objects alone, whatever had happened to the archive."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from archiver.adapters.catalog.ledger_rows import SqlLedgerRows
from archiver.adapters.catalog.rebuild_rows import SqlRebuiltRows
from archiver.adapters.catalog.sql import SqlCatalog, create_sqlite
from archiver.domain.document import State
from archiver.domain.ledger import LedgerEvent, Tree
from archiver.domain.purging import PLANNED, STARTED
from archiver.errors import IntegrityError
from archiver.ports.objects import Bucket, Put
from archiver.ports.retention_rows import Purge, PurgeState
from archiver.services.purge.files import PurgeFiles
from archiver.services.rebuild import Rebuild, Rebuilt
from archiver.services.sequence_ledger import LedgerService
from retention.decision import Choice, Decision
from retention.merkle import EMPTY_ROOT
from retention.plan import ItemState
from retention.schedule import Occurrence
from retention.statements import PlanStatement
from tests.support.command import Minutier
from tests.support.destruction import condemned, destroy
from tests.support.lived import live
from tests.support.memory_keys import MemoryKeys
from tests.support.on_servers import archive_on_servers
from tests.support.small_archive import Fuse, Fused, PowerCut, SmallArchive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    there = tmp_path / "in"
    there.mkdir()
    for name in ("a", "b", "c"):
        (there / name).write_text(f"text {name}")
    return there


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SmallArchive]:
    archive = SmallArchive(tmp_path / "archive")
    yield archive
    archive.close()


def _rebuilt(archive: SmallArchive, path: Path, fuse: Fuse | None = None, **other: Any) -> tuple[SqlCatalog, Rebuilt]:
    """The catalogue made again in a file of its own, and what was said of it."""
    catalog = create_sqlite(path)
    rows, ledger = SqlRebuiltRows(catalog.engine), SqlLedgerRows(catalog.engine)
    filled: Any = (Fused(catalog, fuse), Fused(rows, fuse), Fused(ledger, fuse)) if fuse else (catalog, rows, ledger)
    try:
        return catalog, Rebuild(*filled, archive.objects, other.get("keys", archive.keys), archive.clock).run()
    except BaseException:
        catalog.close()
        raise


def _digest(catalog: SqlCatalog) -> dict[str, str]:
    return dict(SqlRebuiltRows(catalog.engine).digest())


def _found(archive: Minutier) -> list[Any]:
    """What some searches find, without the numbers that only order."""
    found = []
    for query in ("quittance", "collection:due", "lamentable collection:due", "bail", "kind:pdf"):
        rows = archive.run("--json", "search", query, "--limit", "100").rows
        found.append(sorted(str(row.get("id")) for row in rows if row.get("id")))
    return found


# -- everything that can happen -------------------------------------------------------------------------------------
def test_rebuilt_catalogue_of_a_folder_says_the_same(tmp_path: Path) -> None:
    archive = Minutier(tmp_path / "archive")
    archive.run("init")
    live(archive, tmp_path / "files")
    before, found = archive.run("--json", "rebuild", "--digest").rows[0]["digest"], _found(archive)
    assert found[0]
    assert found[1] == found[2] == []
    explained = {one: archive.run("explain", one).out for one in list(archive.ids().values())[:8]}

    archive.run("rebuild", code=1)
    reading = sqlite3.connect(f"file:{archive.home / 'catalog.sqlite'}?mode=ro", uri=True, isolation_level=None)
    reading.execute("BEGIN").execute("SELECT count(*) FROM documents").fetchone()
    done = archive.run("--json", "rebuild", "--replace").rows[0]
    assert reading.execute("SELECT count(*) FROM batches").fetchone() == (3,), "whoever was reading goes on with the old one"
    reading.close()
    assert done["digest"] == before
    assert done["findings"] == []
    assert archive.run("--json", "rebuild", "--digest").rows[0]["digest"] == before
    assert Path(done["kept"]).is_file()
    assert _found(archive) == found
    archive.run("reindex")
    assert _found(archive) == found
    assert {one: archive.run("explain", one).out for one in explained} == explained
    archive.run("verify")
    ran = archive.run("import", tmp_path / "files" / "due", "--collection", "due", code=5)
    assert "5  refused" in ran.out
    archive.run("import", tmp_path / "files" / "due", "--collection", "new")
    archive.run("verify")

    (archive.home / "catalog.sqlite").unlink()
    assert "minutier rebuild" in archive.run("search", "quittance", code=10).err
    again = archive.run("--json", "rebuild").rows[0]
    assert again["kept"] is None
    archive.run("verify")


def test_rebuilt_catalogue_on_servers_says_the_same(tmp_path: Path) -> None:
    import psycopg

    with archive_on_servers(tmp_path / "archive", broker="") as archive:
        live(archive, tmp_path / "files")
        before, found = archive.run("--json", "rebuild", "--digest").rows[0]["digest"], _found(archive)
        assert found[0]
        assert found[1] == found[2] == []
        assert "holds the archive" in archive.run("rebuild", code=1).err
        url = archive.environment["MINUTIER_CATALOG_URL"].replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        archive.run("verify", code=10)
        done = archive.run("--json", "rebuild").rows[0]
        assert done["digest"] == before
        assert done["findings"] == []
        archive.run("reindex", "--accept-differences")
        assert _found(archive) == found
        archive.run("verify")
        assert "5  refused" in archive.run("import", tmp_path / "files" / "due", "--collection", "due", code=5).out


# -- what was lost before it was sealed -----------------------------------------------------------------------------
def test_archived_after_the_last_sealing_is_entered_anew(folder: Path, archive: SmallArchive, tmp_path: Path) -> None:
    archive.run(folder)
    (folder / "d").write_text("late")
    with pytest.raises(PowerCut):  # the catalogue goes with the machine, after the records were written
        archive.run(folder, batch="late", fuse=_after(archive, "commit_archived"))
    catalog, result = _rebuilt(archive, tmp_path / "again.sqlite")
    try:
        assert result.entered_anew == 1
        assert {one.name for one in catalog.select()} == {"a", "b", "c", "d"}
        assert SqlLedgerRows(catalog.engine).waiting(Tree.CUSTODY) == 1
        late = next(one for one in catalog.select() if one.name == "d")
        content = catalog.contents([(late.collection, late.retention_class, late.sha256)]).popitem()[1]
        assert not archive.objects.head(content.ref).intake
    finally:
        catalog.close()


def test_segment_without_its_head_is_sealed_again(folder: Path, archive: SmallArchive, tmp_path: Path) -> None:
    archive.run(folder)
    (head,) = archive.objects.list(Bucket.LOCKED, "ledger/custody/heads/")
    _remove(archive, head.ref)
    catalog, _ = _rebuilt(archive, tmp_path / "again.sqlite")
    try:
        rows = SqlLedgerRows(catalog.engine)
        state = rows.state(Tree.CUSTODY)
        assert (state.size, state.sealed, state.planned) == (3, 0, 3)
        assert LedgerService(rows, archive.objects, archive.keys, archive.clock).seal() == 1
        assert rows.state(Tree.CUSTODY).sealed == 3
    finally:
        catalog.close()


def test_document_whose_record_is_gone_is_named(folder: Path, archive: SmallArchive, tmp_path: Path) -> None:
    archive.run(folder)
    lost = archive.documents()["b"]
    for info in archive.objects.versions(Bucket.LOCKED, f"records/default/{lost.id[:2]}/{lost.id}.json"):
        _remove(archive, info.ref)
    catalog, result = _rebuilt(archive, tmp_path / "again.sqlite")
    try:
        assert result.lost == 1
        assert [one.where for one in result.findings] == [f"document {lost.id}"]
        assert {one.name for one in catalog.select()} == {"a", "c"}
    finally:
        catalog.close()


# -- purges ---------------------------------------------------------------------------------------------------------
def test_purge_that_was_cut_off_is_found_as_far_as_it_had_come(folder: Path, archive: SmallArchive, tmp_path: Path) -> None:
    """Condemned, the record removed, the bytes not yet; nothing of it in the ledger."""
    archive.run(folder)
    one = archive.documents()["a"]
    going = condemned(archive.catalog, archive.objects, [one.id], "p1")
    purge = _purge(archive, "p1", len(going))
    files = PurgeFiles(archive.objects)
    files.keep_plan(purge, files.stage_plan((each.item, each.item.payload("p1")) for each in going))
    now = archive.clock.now()
    archive.catalog.add_purge(
        purge, [LedgerEvent(PLANNED, "", now, {"purge": "p1"}), LedgerEvent(STARTED, "", now, {"purge": "p1"})]
    )
    ledger = LedgerService(archive.rows, archive.objects, archive.keys, archive.clock)
    ledger.sequence()
    ledger.seal()
    for info in archive.objects.versions(Bucket.LOCKED, f"records/default/{one.id[:2]}/{one.id}.json"):
        _remove(archive, info.ref)
    catalog, result = _rebuilt(archive, tmp_path / "again.sqlite")
    try:
        assert result.lost == 0
        assert catalog.purge("p1").state is PurgeState.RUNNING
        (item,) = catalog.items("p1")
        assert item.state is ItemState.GOING
        assert {key.split("/")[0] for _, key, _ in item.refs} == {"originals", "texts"}
        assert replace(catalog.document(one.id), sequence=0) == replace(archive.catalog.document(one.id), sequence=0)
        assert catalog.contents([(one.collection, one.retention_class, one.sha256)]) == {}
    finally:
        catalog.close()


def test_record_of_a_destroyed_document_revives_nothing(folder: Path, archive: SmallArchive, tmp_path: Path) -> None:
    """It was put back from a backup."""
    archive.run(folder)
    one = archive.documents()["a"]
    (info,) = archive.objects.versions(Bucket.LOCKED, f"records/default/{one.id[:2]}/{one.id}.json")
    with archive.objects.open(info.ref) as stream:
        body = stream.read()
    destroy(archive.catalog, archive.objects, [one.id])
    _seal(archive)
    archive.objects.put([Put(Bucket.LOCKED, info.ref.key, body=body)])
    catalog, result = _rebuilt(archive, tmp_path / "again.sqlite")
    try:
        assert catalog.document(one.id).state is State.DISPOSED
        assert [finding.what for finding in result.findings] == ["the record of a document that was destroyed"]
        assert _digest(catalog)["documents"] == _digest(archive.catalog)["documents"]
    finally:
        catalog.close()


def test_everything_was_destroyed(folder: Path, archive: SmallArchive, tmp_path: Path) -> None:
    """Events and holds of what was destroyed are gone with it."""
    archive.run(folder)
    ids, now = [one.id for one in archive.documents().values()], archive.clock.now()
    said = {"name": "lease_end", "day": "2020-01-31", "recorded": "2020-02-01"}
    happened = {one: {"lease_end": Occurrence(date(2020, 1, 31), date(2020, 2, 1))} for one in ids}
    archive.catalog.commit_occurrences([], happened, [LedgerEvent("event", one, now, said) for one in ids])
    archive.catalog.commit_decisions(
        [],
        {ids[0]: Decision(Choice.DESTROY, date(2026, 1, 2))},
        [LedgerEvent("reviewed", ids[0], now, {"choice": "destroy", "day": "2026-01-02"})],
    )
    destroy(archive.catalog, archive.objects, ids)
    _seal(archive)
    catalog = create_sqlite(tmp_path / "again.sqlite")
    try:
        rows, ledger = SqlRebuiltRows(catalog.engine), SqlLedgerRows(catalog.engine)
        result = Rebuild(catalog, rows, ledger, archive.objects, archive.keys, archive.clock, first=1_000).run()
        assert dict(result.digest) == _digest(archive.catalog)
        assert min(one.sequence for one in catalog.select()) > 1_000, "above what any index was told"
    finally:
        catalog.close()


# -- what is not to be trusted --------------------------------------------------------------------------------------
def test_ledger_that_this_archive_did_not_sign_is_refused(folder: Path, archive: SmallArchive, tmp_path: Path) -> None:
    archive.run(folder)
    with pytest.raises(IntegrityError, match="no segment of the custody ledger leads from leaf 0 to a head"):
        _rebuilt(archive, tmp_path / "again.sqlite", keys=MemoryKeys("another"))


@pytest.mark.parametrize("what", ["ledger/custody/segments/", "ledger/custody/payloads/"])
def test_changed_ledger_file_is_refused(what: str, folder: Path, archive: SmallArchive, tmp_path: Path) -> None:
    archive.run(folder)
    bucket = Bucket.LOCKED if "segments" in what else Bucket.DELETABLE
    (info,) = archive.objects.list(bucket, what)
    path = archive.home / "objects" / bucket.value / info.ref.key
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(body)
    with pytest.raises(IntegrityError):
        _rebuilt(archive, tmp_path / "again.sqlite")


def test_missing_segment_is_refused(folder: Path, archive: SmallArchive, tmp_path: Path) -> None:
    archive.run(folder)
    (folder / "d").write_text("late")
    archive.run(folder, batch="late")
    segments = sorted(archive.objects.list(Bucket.LOCKED, "ledger/custody/segments/"), key=lambda info: info.ref.key)
    assert len(segments) == 2
    _remove(archive, segments[0].ref)
    with pytest.raises(IntegrityError, match="begins at leaf 0"):
        _rebuilt(archive, tmp_path / "again.sqlite")


def test_forged_record_is_passed_over(folder: Path, archive: SmallArchive, tmp_path: Path) -> None:
    """Its bytes are not those of its digest: the document is named as lost, and the rest is whole."""
    archive.run(folder)
    one = archive.documents()["a"]
    path = archive.home / "objects" / "locked" / f"records/default/{one.id[:2]}/{one.id}.json"
    body = path.read_bytes().replace(b'"grants":[]', b'"grants":[ ]')
    path.chmod(0o600)
    path.write_bytes(body.ljust(len(body)))
    catalog, result = _rebuilt(archive, tmp_path / "again.sqlite")
    try:
        assert result.lost == 1
        assert len(result.findings) == 2
        assert {found.name for found in catalog.select()} == {"b", "c"}
    finally:
        catalog.close()


# -- cut off --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("calls", [1, 3, 6, 9, 12])
def test_cut_off_rebuild_begins_anew(calls: int, folder: Path, archive: SmallArchive, tmp_path: Path) -> None:
    archive.run(folder)
    destroy(archive.catalog, archive.objects, [archive.documents()["a"].id])
    _seal(archive)
    with pytest.raises(PowerCut):
        _rebuilt(archive, tmp_path / "again.sqlite", Fuse(calls))
    catalog, result = _rebuilt(archive, tmp_path / "again.sqlite")
    try:
        assert dict(result.digest) == _digest(archive.catalog)
    finally:
        catalog.close()


def test_digest_tells_catalogues_apart(folder: Path, archive: SmallArchive, tmp_path: Path) -> None:
    archive.run(folder)
    before = _digest(archive.catalog)
    assert before["all"] == _digest(archive.catalog)["all"]
    one = archive.documents()["a"]
    archive.catalog.commit_archived([replace(one, grants=("group:other",))], [])
    after = _digest(archive.catalog)
    assert {name for name in before if before[name] != after[name]} == {"documents", "all"}
    archive.catalog.commit_archived([one], [])
    assert _digest(archive.catalog) == before, "numbers that only order count for nothing"


def test_restored_older_catalogue_beside_newer_objects(tmp_path: Path) -> None:
    archive = Minutier(tmp_path / "archive")
    archive.run("init")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text("one")
    archive.run("import", folder)
    shutil.copy(archive.home / "catalog.sqlite", tmp_path / "older.sqlite")
    (folder / "b.txt").write_text("two")
    archive.run("import", folder)
    digest = archive.run("--json", "rebuild", "--digest").rows[0]["digest"]
    shutil.copy(tmp_path / "older.sqlite", archive.home / "catalog.sqlite")
    for suffix in ("-wal", "-shm"):
        (archive.home / f"catalog.sqlite{suffix}").unlink(missing_ok=True)
    assert "does not know the head" in archive.run("verify", code=4).out
    assert archive.run("--json", "rebuild", "--replace").rows[0]["digest"] == digest
    archive.run("verify")


def _after(archive: SmallArchive, method: str) -> Fuse:
    """Blows at the first call of this method of the catalogue, before anything of it is written."""
    original = getattr(archive.catalog, method)

    def cut(*arguments: Any, **options: Any) -> Any:
        setattr(archive.catalog, method, original)
        raise PowerCut

    setattr(archive.catalog, method, cut)
    return Fuse(10**9)


def _remove(archive: SmallArchive, ref: Any) -> None:
    """As whoever owns the disk can."""
    archive.objects.set_hold(ref, on=False)
    with sqlite3.connect(archive.home / "objects" / "locks.sqlite") as locks:
        locks.execute("DROP TRIGGER IF EXISTS locks_never_weaker")
        locks.execute("UPDATE locks SET mode = 'none', until = NULL WHERE key = ?", (ref.key,))
    archive.objects.delete(ref)


def _seal(archive: SmallArchive) -> None:
    ledger = LedgerService(archive.rows, archive.objects, archive.keys, archive.clock)
    ledger.sequence()
    ledger.seal()


def _purge(archive: SmallArchive, purge_id: str, documents: int) -> Purge:
    statement = PlanStatement(
        archive="x", purge=purge_id, root=EMPTY_ROOT, documents=documents, size=1, policy_version=0, policy_digest=bytes(32),
        made=archive.clock.now(), author="0" * 16,
    )  # fmt: skip
    return Purge(purge_id, PurgeState.PLANNED, archive.clock.now(), {}, documents, 1, 0, "anna", statement.text())
