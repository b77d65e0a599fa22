"""Chunks of work, from claim to commit: twice, late, given back, taken over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from archiver.adapters.sources.files import LocalFiles
from archiver.adapters.sources.walk import walk
from archiver.domain.batch import Batch, BatchState, Line
from archiver.domain.document import LockMode, State
from archiver.domain.ledger import Tree
from archiver.errors import IntegrityError, LostClaimError, NoArchiveError, NotPermittedError, UnreachableError, UsageError
from archiver.ports.index import IndexEntry
from archiver.ports.jobs import Kind
from archiver.services.bulk_import import Parts
from archiver.services.index_chunk import IndexChunk
from archiver.services.intake import Intake, IntakeOptions
from archiver.services.leases import Leases
from archiver.services.policies import Policies
from archiver.services.read_chunk import DEATHS, Done, ReadChunk, WorkParts
from archiver.services.sequence_ledger import LedgerService
from archiver.services.texts import Texts
from tests.support.small_archive import SmallArchive

LONG = timedelta(minutes=5)
NOW = timedelta(0)


class Workshop:
    """A small archive with rows of work, and what works on them."""

    def __init__(self, home: Path, **scripts: Any) -> None:
        self.archive = SmallArchive(home, jobs=True, **scripts)
        self.leases = Leases(self.archive.jobs)
        self.index: Any = self.archive.index
        self.objects: Any = self.archive.objects
        self.serves_index = True

    def take_in(self, folder: Path, retention_class: str = "") -> list[str]:
        archive = self.archive
        archive.catalog.create_batch(Batch("batch", BatchState.RUNNING, archive.clock.now(), {}))
        parts = Parts(archive.catalog, archive.objects, archive.clock, archive.placement, LocalFiles(), b"\x01" * 32)
        intake = Intake(
            parts.catalog, parts.objects, parts.sources, parts.clock, parts.placement, parts.identifier_key,
            IntakeOptions("batch", "default", retention_class),
        )  # fmt: skip
        entries = [one for one in walk([str(folder)]) if one]
        documents, _ = intake.take([(Line(number, one.source), one) for number, one in enumerate(entries, 1)])
        return [one.id for one in documents]

    def parts(self) -> WorkParts:
        archive = self.archive
        texts = Texts(archive.objects)
        return WorkParts(
            archive.catalog, archive.jobs, self.objects, self.index, archive.clock, archive.placement, texts,
            b"\x01" * 32, self.leases, serves_index=self.serves_index,
        )  # fmt: skip

    def read(self, ids: list[str], **options: Any) -> Done:
        return ReadChunk(self.parts(), self.archive.pool, **options).run(ids)

    def index_all(self, ids: list[str]) -> int:
        parts = self.parts()
        return IndexChunk(parts.catalog, parts.jobs, parts.index, parts.texts, self.leases).run(ids)

    def entered(self) -> Counter[str]:
        """Entries of each document in the ledger."""
        archive = self.archive
        LedgerService(archive.rows, archive.objects, archive.keys, archive.clock).sequence()
        return Counter(leaf.document_id for leaf in archive.rows.leaves(Tree.CUSTODY) if leaf.kind == "archived")

    def left(self, kind: Kind) -> int:
        return self.archive.jobs.backlog(kind).documents

    def indexed(self) -> set[str]:
        self.archive.index.commit(1)
        return set(self.archive.index.entries)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(6):
        (folder / f"note{number}.txt").write_text(f"note {number}")
    return folder


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    shop = Workshop(tmp_path / "archive")
    yield shop
    shop.leases.close()
    shop.archive.close()


def test_a_chunk_is_read_committed_and_indexed_and_leaves_no_work(shop: Workshop, files: Path) -> None:
    ids = shop.take_in(files)
    assert shop.left(Kind.EXTRACT) == 6
    done = shop.read(ids)
    assert (done.committed, done.indexed, done.postponed) == (6, 6, 0)
    assert (shop.left(Kind.EXTRACT), shop.left(Kind.INDEX)) == (0, 0)
    assert {one.state for one in shop.archive.documents().values()} == {State.ARCHIVED}
    assert shop.indexed() == set(ids)


def test_what_was_done_is_not_done_again(shop: Workshop, files: Path) -> None:
    ids = shop.take_in(files)
    shop.read(ids)
    before = shop.archive.documents()
    assert shop.read(list(reversed(ids)) * 2) == Done()
    assert shop.index_all(ids) == 0
    assert shop.archive.documents() == before
    assert set(shop.entered().values()) == {1}


def test_what_another_holds_is_left_to_it(shop: Workshop, files: Path) -> None:
    ids = shop.take_in(files)
    shop.archive.jobs.claim(Kind.EXTRACT, ids[:4], owner="another", lease=LONG)
    assert shop.read(ids).committed == 2
    assert shop.left(Kind.EXTRACT) == 4


def test_a_process_that_does_not_serve_the_index_leaves_rows_for_one_that_does(shop: Workshop, files: Path) -> None:
    ids = shop.take_in(files)
    shop.serves_index = False
    assert shop.read(ids).indexed == 0
    assert shop.left(Kind.INDEX) == 6
    assert not shop.indexed()
    assert shop.index_all(ids) == 6
    assert shop.left(Kind.INDEX) == 0
    assert shop.indexed() == set(ids)


class DownFor:
    """A port that does not answer `name` so many times."""

    def __init__(self, port: Any, name: str, times: int, error: Exception) -> None:
        self._port, self._name, self._left, self._error = port, name, times, error

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name != self._name or not self._left:
            return found

        def fails(*_given: Any, **_named: Any) -> None:
            self._left -= 1
            raise self._error

        return fails


def test_an_index_out_of_reach_holds_up_nothing_and_is_told_later(shop: Workshop, files: Path) -> None:
    ids = shop.take_in(files)
    shop.index = DownFor(shop.archive.index, "add", 1, UnreachableError("down"))
    assert shop.read(ids).committed == 6
    assert (shop.left(Kind.EXTRACT), shop.left(Kind.INDEX)) == (0, 6)
    assert shop.index_all(ids) == 6
    assert shop.indexed() == set(ids)


@pytest.mark.parametrize("call", ["local_paths", "put", "protect"])
def test_a_store_out_of_reach_gives_everything_back_unblamed(shop: Workshop, files: Path, call: str) -> None:
    ids = shop.take_in(files)
    shop.objects = DownFor(shop.archive.objects, call, 1, UnreachableError("down"))
    with pytest.raises(UnreachableError):
        shop.read(ids)
    shop.archive.pool.close()
    claims = shop.archive.jobs.claim(Kind.EXTRACT, ids, owner="next", lease=NOW)
    assert [claim.deaths for claim in claims] == [0] * 6
    assert shop.archive.jobs.release(Kind.EXTRACT, ids, owner="next", wait=NOW) is None
    assert shop.read(ids).committed == 6
    assert set(shop.entered().values()) == {1}


def test_damage_counts_like_a_death_and_ends_in_quarantine_for_its_document_alone(shop: Workshop, files: Path) -> None:
    ids = shop.take_in(files)
    shop.leases.lease = timedelta(seconds=-1)  # claims run out at once
    shop.objects = DownFor(shop.archive.objects, "put", 1, IntegrityError("not what it was"))
    with pytest.raises(IntegrityError):
        shop.read(ids)
    assert shop.read(ids) == Done(), "suspects are not read together again"
    for _ in range(DEATHS - 1):
        shop.objects = DownFor(shop.archive.objects, "put", 1, IntegrityError("not what it was"))
        with pytest.raises(IntegrityError):
            shop.read(ids[:1])
    shop.leases.lease = LONG
    shop.objects = shop.archive.objects
    done = [shop.read([one]) for one in ids]
    assert [(one.committed, one.quarantined) for one in done] == [(1, 1), *[(1, 0)] * 5]
    found = shop.archive.documents().values()
    assert sorted(one.state for one in found) == [State.ARCHIVED] * 5 + [State.QUARANTINED]
    assert shop.left(Kind.EXTRACT) == 0


@pytest.mark.parametrize("error", [NotPermittedError("wrong key"), NoArchiveError("no bucket"), UsageError("no such thing")])
def test_what_a_part_refuses_is_held_against_no_document(shop: Workshop, files: Path, error: Exception) -> None:
    ids = shop.take_in(files)
    for _ in range(5):
        shop.objects = DownFor(shop.archive.objects, "put", 1, error)
        with pytest.raises(type(error)):
            shop.read(ids)
    shop.objects = shop.archive.objects
    assert shop.read(ids).committed == 6
    assert {one.state for one in shop.archive.documents().values()} == {State.ARCHIVED}


def test_an_index_that_refuses_costs_no_document_its_text(shop: Workshop, files: Path) -> None:
    ids = shop.take_in(files)
    for _ in range(5):
        shop.index = DownFor(shop.archive.index, "add", 1, NotPermittedError("wrong password"))
        shop.read(ids)
        shop.index = DownFor(shop.archive.index, "add", 1, NotPermittedError("wrong password"))
        with pytest.raises(NotPermittedError):
            shop.index_all(ids)
    shop.index = shop.archive.index
    assert shop.index_all(ids) == 6
    shop.indexed()
    assert all(entry.text for entry in shop.archive.index.entries.values())


def test_work_that_was_taken_over_meanwhile_writes_nothing(shop: Workshop, files: Path) -> None:
    ids = shop.take_in(files)

    class Slow(DownFor):
        def __getattr__(self, name: str) -> Any:
            if name == "protect" and self._left:
                self._left -= 1
                shop.archive.jobs.renew([self.owner()], lease=timedelta(seconds=-1))
                taken = shop.archive.jobs.claim(Kind.EXTRACT, ids, owner="another", lease=LONG)
                assert len(taken) == 6
            return getattr(self._port, name)

        def owner(self) -> str:
            (owner,) = shop.leases._owners
            return owner

    shop.objects = Slow(shop.archive.objects, "protect", 1, UnreachableError(""))
    with pytest.raises(LostClaimError):
        shop.read(ids)
    assert {one.state for one in shop.archive.documents().values()} == {State.RECEIVED}
    assert not shop.entered()
    assert shop.left(Kind.EXTRACT) == 6
    shop.archive.jobs.release(Kind.EXTRACT, ids, owner="another", wait=NOW)
    assert sum(shop.read([one]).committed for one in ids) == 6
    assert set(shop.entered().values()) == {1}


def test_a_policy_that_came_between_judging_and_committing_is_followed(shop: Workshop, files: Path) -> None:
    ids = shop.take_in(files, "PAPERS")
    body = b"classes:\n  PAPERS: {title: Papers, period: P10Y, from: received, basis: law, lock: governance, then: destroy}\n"

    class Meanwhile(DownFor):
        def __getattr__(self, name: str) -> Any:
            if name == "protect" and self._left:
                self._left = 0
                archive = shop.archive
                Policies(archive.catalog, archive.objects, archive.clock).apply(body, by="owner")
            return getattr(self._port, name)

    shop.objects = Meanwhile(shop.archive.objects, "protect", 1, UnreachableError(""))
    shop.read(ids)
    assert {one.policy_version for one in shop.archive.documents().values()} == {1}
    assert {one.lock_mode for one in shop.archive.documents().values()} == {LockMode.GOVERNANCE}


def test_a_stopping_worker_gives_back_what_it_has_not_read(shop: Workshop, files: Path) -> None:
    ids = shop.take_in(files)
    asked = iter([False, False, False])
    done = shop.read(ids, stopping=lambda: next(asked, True))
    assert done.committed == 3
    assert done.postponed == 3
    shop.archive.pool.close()
    assert shop.left(Kind.EXTRACT) == 3


def test_an_original_whose_bytes_are_gone_stays_received_and_makes_no_work_for_ever(shop: Workshop, files: Path) -> None:
    ids = shop.take_in(files)
    for path in (shop.archive.objects._layout.root / "locked" / "originals").rglob("*"):
        if path.is_file() and path.read_text() == "note 3":
            path.chmod(0o600)
            path.unlink()
    assert shop.read(ids).committed == 5
    assert shop.left(Kind.EXTRACT) == 0
    assert shop.archive.documents()["note3.txt"].state is State.RECEIVED


def test_a_text_that_ends_indexing_is_left_out_in_the_end(shop: Workshop, files: Path) -> None:
    ids = shop.take_in(files)
    shop.serves_index = False
    shop.read(ids)
    shop.leases.lease = timedelta(seconds=-1)

    class Picky:
        def add(self, entries: Iterable[IndexEntry]) -> None:
            held = list(entries)
            if any(entry.text for entry in held):
                raise IntegrityError("cannot be indexed")
            shop.archive.index.add(held)

    shop.index = Picky()
    with pytest.raises(IntegrityError):
        shop.index_all(ids)
    assert shop.index_all(ids) == 0, "suspects are not indexed together again"
    for one in ids:
        for _ in range(2):
            with pytest.raises(IntegrityError):
                shop.index_all([one])
    shop.leases.lease = LONG
    assert sum(shop.index_all([one]) for one in ids) == 6
    assert shop.indexed() == set(ids)


def test_leases_are_renewed_while_their_block_lasts(shop: Workshop, files: Path) -> None:
    import time

    ids = shop.take_in(files)
    leases = Leases(shop.archive.jobs, lease=timedelta(seconds=0.6))
    try:
        with leases.owner() as owner:
            shop.archive.jobs.claim(Kind.EXTRACT, ids, owner=owner, lease=leases.lease)
            time.sleep(1.2)
            assert not shop.archive.jobs.claim(Kind.EXTRACT, ids, owner="another", lease=LONG)
        time.sleep(0.8)
        assert len(shop.archive.jobs.claim(Kind.EXTRACT, ids, owner="another", lease=LONG)) == 6
    finally:
        leases.close()
