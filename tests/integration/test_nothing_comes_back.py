"""Nothing that a purge destroyed comes back: whatever happens afterwards meets the tombstone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archiver.adapters.catalog.ledger_rows import SqlLedgerRows
from archiver.adapters.catalog.rebuild_rows import SqlRebuiltRows
from archiver.adapters.catalog.sql import create_sqlite
from archiver.domain.document import State
from archiver.domain.ledger import Tree
from archiver.errors import LostClaimError
from archiver.ports.catalog import IntakeGroup
from archiver.ports.index import IndexEntry
from archiver.ports.jobs import Kind
from archiver.ports.objects import Bucket
from archiver.ports.sources import SourceEntry
from archiver.services.commit import Commit
from archiver.services.extract import Result
from archiver.services.index_chunk import IndexChunk
from archiver.services.index_documents import catch_up
from archiver.services.ledger_objects import entries
from archiver.services.placement import Placement
from archiver.services.policies import Policies, policy_in_force
from archiver.services.read_chunk import ReadChunk
from archiver.services.rebuild import Rebuild
from archiver.services.reread import reread
from archiver.services.sequence_ledger import LedgerService
from archiver.services.texts import Texts
from archiver.services.tombstones import AGAIN
from tests.support.command import Minutier
from tests.support.destruction import PURGE, condemned, destroy
from tests.support.documents import extraction
from tests.support.lived import destroy_class
from tests.support.memory_index import MemoryIndex
from tests.support.scripted_pool import box
from tests.support.small_archive import SmallArchive
from tests.unit.test_work_chunks import Workshop

POLICY = b"""collections: {}
classes:
  SHORT: {title: Short, limit: P0D, from: received, basis: None, lock: none, then: destroy}
"""
REFUSED = f"destroyed by purge {PURGE}; not archived again unless --again says why"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    there = tmp_path / "in"
    there.mkdir()
    (there / "a").write_text("one")
    (there / "b").write_text("two")
    return there


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SmallArchive]:
    archive = SmallArchive(tmp_path / "archive")
    yield archive
    archive.close()


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    workshop = Workshop(tmp_path / "archive")
    yield workshop
    workshop.archive.close()


def _gone(archive: SmallArchive, name: str, **more: Any) -> str:
    """The document of that name, destroyed."""
    wanted = archive.documents()[name].id
    archive.index.remove(destroy(archive.catalog, archive.objects, [wanted], **more))
    return wanted


def _nothing_of(archive: SmallArchive, document_id: str, sha256: str) -> bool:
    there = [info.ref.key for bucket in Bucket for info in archive.objects.list(bucket)]
    return not any(document_id in key or sha256 in key for key in there) and document_id not in archive.index.entries


# -- re-import ----------------------------------------------------------------------------------------------------
def test_reimport_is_refused_and_stores_nothing(folder: Path, archive: SmallArchive) -> None:
    archive.run(folder)
    sha256 = archive.documents()["a"].sha256
    gone = _gone(archive, "a")
    assert archive.outcomes() == {"": "destroyed", "b": "archived"}
    (folder / "large").write_bytes(b"x" * 300_000)
    archive.run(folder, batch="large")
    large = archive.documents()["large"]
    _gone(archive, "large")
    before = archive.stored()
    archive.run(folder, batch="again")
    assert archive.outcomes("again") == {"a": "refused", "b": "already there", "large": "refused"}
    assert archive.reasons("again")["a"] == REFUSED
    assert archive.stored() == before
    assert _nothing_of(archive, gone, sha256)
    assert _nothing_of(archive, large.id, large.sha256)
    assert not list((archive.home / "objects").rglob("*staged*"))
    assert archive.catalog.seen("default", [str(folder / "a")]) == {}
    tally = archive.catalog.tally("again")
    assert tally.lines == sum(tally.by_outcome.values()) == 3


def test_reimport_with_rehash_or_other_wishes_is_refused_too(folder: Path, archive: SmallArchive) -> None:
    archive.run(folder)
    _gone(archive, "a")
    archive.run(folder, batch="rehash", rehash=True)
    archive.run(folder, batch="class", retention_class="OTHER", declared={"k": "v"})
    assert archive.outcomes("rehash")["a"] == archive.outcomes("class")["a"] == "refused"
    (folder / "c").write_text("one")
    archive.run(folder, batch="other path")
    assert archive.outcomes("other path")["c"] == "archived"


def test_what_is_remembered_of_a_source_never_hides_a_tombstone(folder: Path, archive: SmallArchive) -> None:
    """A line settled by an import that ran while its document was destroyed may have left such a row."""
    archive.run(folder)
    source = str(folder / "a")
    remembered = archive.catalog.seen("default", [source])[source]
    _gone(archive, "a")
    archive.catalog.commit_intake(IntakeGroup(seen=[remembered]))
    archive.run(folder, batch="again")
    assert archive.outcomes("again")["a"] == "refused"


def test_again_is_a_new_document_with_a_life_of_its_own(folder: Path, archive: SmallArchive) -> None:
    archive.run(folder)
    ids = [_gone(archive, "a")]
    for life in (1, 2):
        archive.run(folder, batch=f"refused {life}")
        assert archive.outcomes(f"refused {life}")["a"] == "refused"
        archive.run(folder, batch=f"again {life}", again="asked for by the court")
        assert archive.outcomes(f"again {life}") == {"a": "archived", "b": "already there"}
        new = archive.documents()["a"]
        assert (new.life, new.state) == (life, State.ARCHIVED)
        archive.run(folder, batch=f"there {life}")
        assert archive.outcomes(f"there {life}")["a"] == "already there"
        ids.append(new.id)
        _gone(archive, "a", purge_id=f"purge-{life}")
    assert len(set(ids)) == 3
    LedgerService(archive.rows, archive.objects, archive.keys, archive.clock).sequence()
    told = [one.event for one in entries(archive.objects, Tree.CUSTODY, archive.rows) if one.event.kind == AGAIN]
    assert [one.document_id for one in told] == ids[1:]
    assert [one.details["before"] for one in told] == ids[:2]
    assert {one.details["reason"] for one in told} == {"asked for by the court"}


def test_members_of_a_destroyed_container_stay_away(tmp_path: Path, folder: Path) -> None:
    archive = SmallArchive(tmp_path / "boxes", a=box("x", "y"))
    try:
        archive.run(folder)
        root = archive.documents()["a"].id
        gone = destroy(archive.catalog, archive.objects, [root])
        assert len(gone) == 3
        archive.run(folder, batch="again")
        assert archive.outcomes("again")["a"] == "refused"
        parts = archive.parts()
        for outcome in ("", "complete", "corrupt"):
            assert reread(parts, batch_id="batch", outcome=outcome, passwords=(), stop=lambda: False).new_members == 0
        assert {one.id for one in archive.catalog.select() if one.state is not State.DISPOSED} == {archive.documents()["b"].id}
        archive.run(folder, batch="new life", again="reason")
        lives = {one.name: one.life for one in archive.catalog.select() if one.state is not State.DISPOSED}
        assert lives == {"a": 1, "b": 0, "x": 1, "y": 1}
    finally:
        archive.close()


# -- resumed batch ------------------------------------------------------------------------------------------------
def test_resumed_batch_does_not_archive_what_was_destroyed_meanwhile(folder: Path, archive: SmallArchive) -> None:
    archive.run(folder)
    gone = _gone(archive, "a")
    (folder / "c").write_text("three")
    archive.run(folder)  # the same batch: listed anew, as after an interruption
    assert archive.outcomes() == {"": "destroyed", "a": "refused", "b": "archived", "c": "archived"}
    tally = archive.catalog.tally("batch")
    assert tally.lines == sum(tally.by_outcome.values()) == 4
    assert archive.catalog.document(gone).state is State.DISPOSED


# -- replayed message ---------------------------------------------------------------------------------------------
def test_replayed_messages_find_nothing_to_do(folder: Path, workshop: Workshop) -> None:
    ids = workshop.take_in(folder)
    archive = workshop.archive
    ReadChunk(workshop.parts(), archive.pool).run(ids)
    one = archive.catalog.document(ids[0])
    destroy(archive.catalog, archive.objects, [one.id])
    archive.index.remove([one.id])
    assert ReadChunk(workshop.parts(), archive.pool).run(ids).committed == 0
    index = IndexChunk(archive.catalog, archive.jobs, archive.index, Texts(archive.objects), workshop.leases)
    index.run(ids)
    archive.index.commit(0)
    assert _nothing_of(archive, one.id, one.sha256)
    assert archive.catalog.document(one.id).state is State.DISPOSED


def test_stale_result_of_a_worker_writes_nothing(folder: Path, workshop: Workshop) -> None:
    """It read the document, slept while another worker finished it and a purge destroyed it, and woke up."""
    archive = workshop.archive
    Policies(archive.catalog, archive.objects, archive.clock).apply(POLICY, by="anna")
    archive.placement = Placement(policy_in_force(archive.catalog))
    ids = workshop.take_in(folder, "SHORT")
    before = archive.catalog.document(ids[0])
    ReadChunk(workshop.parts(), archive.pool).run(ids)
    destroy(archive.catalog, archive.objects, [ids[0]])
    archive.index.remove([ids[0]])
    for options in ({}, {"again": True}, {"claimed_by": "sleeper"}):
        commit = Commit(archive.catalog, archive.objects, archive.index, archive.clock, archive.placement, **options)
        commit.add(Result(before, extraction("one")))
        if options:
            commit.flush()
            assert commit.committed == 0
        else:  # it looks too early: the catalogue itself refuses, and what was written is removed
            with pytest.raises(LostClaimError, match="destroyed by a purge"):
                commit.flush()
        assert _nothing_of(archive, ids[0], before.sha256), options
    assert archive.catalog.document(ids[0]).state is State.DISPOSED


# -- late index write ---------------------------------------------------------------------------------------------
def test_late_index_write_is_followed_by_the_removal(folder: Path, workshop: Workshop) -> None:
    """A worker that indexes an older state after the purge: the row of work about the tombstone is newer, and stays."""
    ids = workshop.take_in(folder)
    archive = workshop.archive
    ReadChunk(workshop.parts(), archive.pool).run(ids)
    destroy(archive.catalog, archive.objects, [ids[0]])

    class Late:
        """Destroys what it was told to index just before it does."""

        def __getattr__(self, name: str) -> Any:
            return getattr(archive.index, name)

        def add(self, entries: Any) -> None:
            found: list[IndexEntry] = list(entries)
            destroy(archive.catalog, archive.objects, [ids[1]])
            archive.index.add(found)

    two = archive.catalog.document(ids[1])
    archive.catalog.commit_archived([replace(two, reason="changed")], [])
    IndexChunk(archive.catalog, archive.jobs, Late(), Texts(archive.objects), workshop.leases).run([ids[1]])  # type: ignore[arg-type]
    IndexChunk(archive.catalog, archive.jobs, archive.index, Texts(archive.objects), workshop.leases).run(ids)
    archive.index.commit(0)
    assert archive.index.entries == {}


# -- restored older index -----------------------------------------------------------------------------------------
def test_restored_older_index_is_told_of_the_tombstone(folder: Path, archive: SmallArchive) -> None:
    archive.run(folder)
    older = dict(archive.index.entries), archive.index.sequence()
    gone = archive.documents()["a"].id
    destroy(archive.catalog, archive.objects, [gone])
    catch_up(archive.catalog, archive.index, Texts(archive.objects))
    assert gone not in archive.index.entries
    archive.index.entries, archive.index._sequence = older
    assert gone in archive.index.entries
    catch_up(archive.catalog, archive.index, Texts(archive.objects))
    assert gone not in archive.index.entries


# -- intake beside a purge ----------------------------------------------------------------------------------------
def test_intake_beside_a_purge_never_refers_to_bytes_that_are_leaving(folder: Path, archive: SmallArchive) -> None:
    """Another file with the same bytes arrives between the point of no return and the removal of the bytes."""
    archive.run(folder)
    one = archive.documents()["a"]
    going = condemned(archive.catalog, archive.objects, [one.id])
    assert [ref[1] for item in going for ref in item.refs if ref[1].startswith("originals/")]
    (folder / "c").write_text("one")
    archive.run(folder, batch="c")
    assert archive.outcomes("c")["c"] == "failed"
    assert "being destroyed at this moment" in archive.reasons("c")["c"]
    assert archive.catalog.contents([(one.collection, one.retention_class, one.sha256)]) == {}


def test_purge_between_the_look_and_the_commit_of_an_intake(folder: Path, archive: SmallArchive) -> None:
    """The bytes were there when the intake looked; a purge destroyed them before the intake was written down."""
    archive.run(folder)
    gone = archive.documents()["a"].id
    (folder / "c").write_text("one")
    original = archive.catalog.commit_intake

    def commit(group: Any) -> Any:
        destroy(archive.catalog, archive.objects, [gone])
        return original(group)

    archive.catalog.commit_intake = commit  # type: ignore[method-assign]
    archive.run(folder, batch="c")
    assert archive.outcomes("c")["c"] == "failed"
    archive.catalog.commit_intake = original  # type: ignore[method-assign]
    archive.run(folder, batch="d")
    assert archive.outcomes("d")["c"] == "archived"


def test_bytes_put_back_for_a_document_destroyed_meanwhile_are_nobodys(folder: Path, archive: SmallArchive) -> None:
    archive.run(folder)
    one = archive.documents()["a"]
    content = archive.catalog.contents([(one.collection, one.retention_class, one.sha256)])
    for known in content.values():
        archive.objects.set_hold(known.ref, on=False)
        archive.objects.delete(known.ref)
    original = archive.catalog.commit_intake

    def commit(group: Any) -> Any:
        destroy(archive.catalog, archive.objects, [one.id])
        return original(group)

    archive.catalog.commit_intake = commit  # type: ignore[method-assign]
    archive.run(folder, batch="again", rehash=True)
    archive.catalog.commit_intake = original  # type: ignore[method-assign]
    archive.run(folder, batch="after")
    assert archive.outcomes("after")["a"] == "refused"
    archive.index.remove([one.id])
    assert _nothing_of(archive, one.id, one.sha256)
    assert archive.catalog.contents(list(content)) == {}


def test_jobs_of_a_destroyed_document_are_gone(folder: Path, workshop: Workshop) -> None:
    ids = workshop.take_in(folder)
    archive = workshop.archive
    ReadChunk(workshop.parts(), archive.pool).run(ids)
    destroy(archive.catalog, archive.objects, ids)
    claims = archive.jobs.claim(Kind.EXTRACT, ids, owner="x", lease=workshop.leases.lease)
    assert claims == []


# -- reindex --------------------------------------------------------------------------------------------------------
def test_reindex_leaves_tombstones_out(folder: Path, archive: SmallArchive) -> None:
    archive.run(folder)
    gone, index = _gone(archive, "a"), MemoryIndex()
    catch_up(archive.catalog, index, Texts(archive.objects))
    assert set(index.entries) == {archive.documents()["b"].id}
    assert gone not in index.entries


# -- rebuild --------------------------------------------------------------------------------------------------------
def test_rebuild_brings_the_tombstone_back_and_not_the_document(folder: Path, archive: SmallArchive, tmp_path: Path) -> None:
    archive.run(folder)
    one = archive.documents()["a"]
    _gone(archive, "a")
    ledger = LedgerService(archive.rows, archive.objects, archive.keys, archive.clock)
    ledger.sequence()
    ledger.seal()
    before = archive.catalog
    archive.catalog = create_sqlite(tmp_path / "again.sqlite")
    archive.rows = SqlLedgerRows(archive.catalog.engine)
    parts = (archive.catalog, SqlRebuiltRows(archive.catalog.engine), archive.rows, archive.objects, archive.keys, archive.clock)
    assert Rebuild(*parts).run().findings == []
    assert replace(archive.catalog.document(one.id), sequence=0) == replace(before.document(one.id), sequence=0)
    before.close()
    archive.run(folder, batch="again")
    assert archive.outcomes("again") == {"a": "refused", "b": "already there"}
    assert archive.catalog.document(one.id).state is State.DISPOSED
    assert _nothing_of(archive, one.id, one.sha256)


# -- the commands ---------------------------------------------------------------------------------------------------
def test_commands_refuse_it_say_why_and_archive_it_again_for_a_reason(tmp_path: Path) -> None:
    archive, folder = Minutier(tmp_path / "archive"), tmp_path / "in"
    archive.run("init")
    folder.mkdir()
    (folder / "a.txt").write_text("quittance lamentable")
    (folder / "policy.yaml").write_text(POLICY.decode())
    archive.run("policy", "apply", folder / "policy.yaml")
    archive.run("import", folder / "a.txt", "--class", "SHORT", "--batch", "first")
    for name in ("anna", "bruno"):
        archive.run("key", "new", tmp_path / f"{name}.key", "--no-passphrase")
        archive.run("key", "enroll", name, tmp_path / f"{name}.key.pub")
    purge = destroy_class(archive, tmp_path, "SHORT")
    (gone,) = {row["document"] for row in archive.run("--json", "batch", "report", "first").rows if "document" in row}
    report = archive.run("batch", "report", "first").out
    assert "destroyed" in report
    assert str(gone) in report
    assert "a.txt" not in report
    assert archive.run("--json", "batch", "show", "first").rows[0]["outcomes"] == {"destroyed": 1}

    ran = archive.run("import", folder / "a.txt", "--class", "SHORT", "--batch", "second", code=5)
    assert "1  refused" in ran.out
    assert f"by purge {purge}; not archived again unless --again says why" in archive.run("batch", "report", "second").out
    assert archive.run("batch", "resume", "second", code=5).err.startswith("Batch second was finished")
    assert "destroyed" in archive.run("get", gone, "-o", "-", code=5).err
    assert archive.run("export").out == ""
    archive.run("reindex")
    assert archive.run("--json", "search", "lamentable").out.count(str(gone)) == 0

    archive.run("import", folder / "a.txt", "--again", code=2)
    archive.run("import", folder / "a.txt", "--reason", "why", code=2)
    archive.run("import", folder / "a.txt", "--class", "SHORT", "--again", "--reason", "the court asks", "--batch", "third")
    (new,) = archive.ids().values()
    assert new != gone
    archive.run("verify")


def test_failed_lines_weigh_more_than_refused_ones(folder: Path, archive: SmallArchive) -> None:
    archive.run(folder)
    _gone(archive, "a")
    archive.run(iter([SourceEntry(str(folder / "a")), SourceEntry(str(folder / "missing"))]), batch="again")
    assert archive.catalog.tally("again").by_outcome == {"refused": 1, "failed": 1}
