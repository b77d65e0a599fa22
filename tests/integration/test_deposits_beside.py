"""Deposits beside whoever writes the archive: nothing of them is taken for a leftover, at whatever moment the other one looks."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archiver.adapters.catalog.sql import open_sqlite
from archiver.adapters.objects.embedded import EmbeddedStore
from archiver.adapters.sources.walk import walk
from archiver.bootstrap.file_turn import file_turn
from archiver.domain.batch import LineState
from archiver.domain.document import LockMode, State
from archiver.domain.ledger import Tree
from archiver.domain.record import original_key
from archiver.errors import MinutierError
from archiver.ports.objects import Bucket, Lock, Put
from archiver.ports.sources import SourceEntry
from archiver.services import reading_here
from archiver.services.deposits import Deposit, DepositParts, Deposits, Receipt
from archiver.services.orphans import DROPPING, drop_orphans
from tests.support.small_archive import SmallArchive

LARGE = bytes(range(256)) * 2_000


class Bytes:
    """The body of a deposit, in memory."""

    def __init__(self, body: bytes) -> None:
        self.body, self.sha256 = body, hashlib.sha256(body).hexdigest()

    def chunks(self) -> Iterator[bytes]:
        for place in range(0, len(self.body), 65_536):
            yield self.body[place : place + 65_536]


def deposit(reference: str, body: bytes, **more: Any) -> Deposit:
    return Deposit("erp", reference, f"{reference}.txt", "default", Bytes(body), **more)


class Watched:
    """A port that tells before each call of which it is."""

    def __init__(self, target: Any, before: Callable[[], None]) -> None:
        self._target, self._before = target, before

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value):
            return value

        def call(*arguments: Any, **options: Any) -> Any:
            self._before()
            return value(*arguments, **options)

        return call


class Beside:
    """A depositor as another process has it, on the folder of a small archive."""

    def __init__(self, archive: SmallArchive, before: Callable[[], None] = lambda: None) -> None:
        self.home = archive.home
        self.catalog = open_sqlite(archive.home / "catalog.sqlite", read_only=False)
        self.objects = EmbeddedStore(archive.home / "objects", archive.clock, beside=True)
        catalog, objects = Watched(self.catalog, before), Watched(self.objects, before)
        key = archive.keys.identifier_key()
        self.deposits = Deposits(DepositParts(catalog, objects, archive.clock, archive.placement, key, self.turn))

    @contextmanager
    def turn(self, *, shared: bool = False) -> Iterator[None]:
        with file_turn(self.home / "retention.lock", shared=shared, seconds=30):
            yield

    def close(self) -> None:
        self.deposits.close()
        self.objects.close()
        self.catalog.close()


def unharmed(archive: SmallArchive, receipts: list[Receipt | MinutierError], bodies: list[bytes]) -> None:
    """Every deposit that was taken has its bytes in the store, and the catalogue knows where."""
    for receipt, body in zip(receipts, bodies, strict=True):
        assert isinstance(receipt, Receipt)
        assert receipt.state is LineState.NEW, receipt
        key = ("default", "KEEP", hashlib.sha256(body).hexdigest())
        content = archive.catalog.contents([key])[key]
        with archive.objects.open(content.ref) as stream:
            assert stream.read() == body


@pytest.mark.parametrize("kind", ["dropping orphans", "opening the store"])
def test_whoever_tidies_at_any_moment_takes_nothing_of_a_deposit(kind: str, tmp_path: Path) -> None:
    moments = 0
    for moment in range(1, 40):
        archive = SmallArchive(tmp_path / f"{moment}")
        tidied: list[threading.Thread] = []
        count = 0

        def other(archive: SmallArchive = archive) -> None:
            if kind == "dropping orphans":
                turn = Beside.turn.__get__(_At(archive.home))
                drop_orphans(archive.catalog, archive.objects, turn)
            else:
                EmbeddedStore(archive.home / "objects", archive.clock).close()

        def before(moment: int = moment, tidied: list[threading.Thread] = tidied, other: Callable[[], None] = other) -> None:
            nonlocal count
            count += 1
            if count == moment:
                tidied.append(threading.Thread(target=other))
                tidied[0].start()
                tidied[0].join(0.15)  # it ends, or it waits for its turn

        beside = Beside(archive, before)
        bodies = [LARGE, b"small"] if kind == "dropping orphans" else [LARGE]
        receipts = beside.deposits.take([deposit(f"{number}", body) for number, body in enumerate(bodies)])
        for thread in tidied:
            thread.join()
        unharmed(archive, receipts, bodies)
        beside.close()
        archive.close()
        if not tidied:
            break
        moments += 1
    assert moments > 8


class _At:
    def __init__(self, home: Path) -> None:
        self.home = home


def test_a_deposit_that_begins_while_orphans_are_dropped_loses_nothing(tmp_path: Path) -> None:
    """It is stored when the orphans are listed, and written down only later: they wait for that."""
    archive = SmallArchive(tmp_path / "archive")
    stored, taken = threading.Event(), list[Receipt | MinutierError]()

    class Slow:
        def __init__(self, catalog: Any) -> None:
            self._catalog = catalog

        def __getattr__(self, name: str) -> Any:
            if name == "commit_intake":
                stored.set()
                time.sleep(0.5)
            return getattr(self._catalog, name)

    beside = Beside(archive)
    beside.deposits._parts = replace(beside.deposits._parts, catalog=Slow(beside.catalog))
    thread = threading.Thread(target=lambda: taken.extend(beside.deposits.take([deposit("one", b"minute")])))

    class Listing:
        """The store, in which the deposit arrives at the very moment it is looked through."""

        def __getattr__(self, name: str) -> Any:
            if name == "unconfirmed":
                thread.start()
                assert stored.wait(10)
            return getattr(archive.objects, name)

    assert drop_orphans(archive.catalog, Listing(), Beside.turn.__get__(_At(archive.home))) == 0  # type: ignore[arg-type]
    thread.join()
    unharmed(archive, taken, [b"minute"])
    beside.close()
    archive.close()


def test_what_was_being_dropped_when_a_crash_came_and_is_deposited_again_stays(tmp_path: Path) -> None:
    archive = SmallArchive(tmp_path / "archive")
    digest = hashlib.sha256(b"minute").hexdigest()
    lock = Lock(LockMode.GOVERNANCE, archive.clock.now() + (archive.clock.now() - archive.clock.now().replace(year=2000)))
    (left,) = archive.objects.put([Put(Bucket.LOCKED, original_key("default", "KEEP", digest), body=b"minute", lock=lock)])
    archive.catalog.set_mark(DROPPING, f'[["default", "KEEP", "{digest}"]]')
    archive.objects.lock(left.info.ref, Lock())  # a crash came here
    beside = Beside(archive)
    receipts = beside.deposits.take([deposit("one", b"minute")])
    assert drop_orphans(archive.catalog, archive.objects) == 0
    unharmed(archive, receipts, [b"minute"])
    beside.close()
    archive.close()


def test_two_processes_that_store_the_same_bytes_both_have_them(tmp_path: Path) -> None:
    archive = SmallArchive(tmp_path / "archive")
    bodies = [f"{number}".encode() * 10 for number in range(60)]
    taken: dict[int, list[Receipt | MinutierError]] = {}

    def hand_in(who: int) -> None:
        beside = Beside(archive)
        taken[who] = []
        for number, body in enumerate(bodies):
            taken[who] += beside.deposits.take([deposit(f"{who}-{number}", body)])
        beside.close()

    threads = [threading.Thread(target=hand_in, args=(who,)) for who in range(3)]
    for thread in threads:
        thread.start()
    for number, body in enumerate(bodies):  # the writing process, at the same time
        archive.objects.put([Put(Bucket.LOCKED, original_key("default", "KEEP", hashlib.sha256(body).hexdigest()), body=body)])
        time.sleep(0.001 * (number % 3))
    for thread in threads:
        thread.join()
    states = [receipt.state for who in taken.values() for receipt in who if isinstance(receipt, Receipt)]
    assert len(states) == 180
    assert set(states) <= {LineState.NEW, LineState.DUPLICATE}
    contents = archive.catalog.contents([("default", "KEEP", hashlib.sha256(body).hexdigest()) for body in bodies])
    assert len(contents) == 60
    for content in contents.values():
        with archive.objects.open(content.ref) as stream:
            assert hashlib.sha256(stream.read()).hexdigest() == content.sha256
    archive.close()


def test_arrivals_cut_off_in_another_process_count_only_once_they_are_sound(tmp_path: Path) -> None:
    """A row that says "arriving" while nobody is at it was left by a crash: its bytes may be missing."""
    archive = SmallArchive(tmp_path / "archive")
    digest = hashlib.sha256(b"minute").hexdigest()
    rows = archive.objects._rows  # type: ignore[attr-defined]
    from archiver.adapters.objects.lock_rows import Address, LockRow

    at = Address(Bucket.LOCKED, original_key("default", "KEEP", digest))
    rows.arrive([LockRow(at, "arriving", 6, digest, Lock(), intake=False)])
    beside = Beside(archive)
    unharmed(archive, beside.deposits.take([deposit("one", b"minute")]), [b"minute"])
    beside.close()
    archive.close()


def test_a_deposit_that_fails_leaves_no_line_waiting(tmp_path: Path) -> None:
    archive = SmallArchive(tmp_path / "archive")

    class Broken(Bytes):
        def chunks(self) -> Iterator[bytes]:
            from archiver.errors import UnreachableError

            raise UnreachableError("the disk is gone")
            yield b""

    beside = Beside(archive)
    from archiver.errors import UnreachableError

    with pytest.raises(UnreachableError):
        beside.deposits.take([Deposit("erp", "one", "one", "default", Broken(b"x"))])
    (batch,) = archive.catalog.batches()
    assert archive.catalog.tally(batch.id).by_outcome == {"failed": 1}
    beside.close()
    archive.close()


def test_an_import_reads_what_is_deposited_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_here, "LOOK_EVERY", 0.0)
    archive = SmallArchive(tmp_path / "archive")
    folder = tmp_path / "input"
    folder.mkdir()
    for number in range(300):
        (folder / f"{number:03}.txt").write_text(f"imported {number % 100}")
    beside = Beside(archive)

    def entries() -> Iterator[SourceEntry | None]:
        for place, entry in enumerate(walk([str(folder)])):
            if place == 200:
                for number in range(3):
                    beside.deposits.take([deposit(f"r{number}", f"deposited {number}".encode())])
            yield entry

    archive.run(entries())
    documents = archive.documents()
    assert len(documents) == 303
    assert {one.state for one in documents.values()} == {State.ARCHIVED}
    assert {one.attempts for one in documents.values()} <= {0, 1}
    archived = [leaf for leaf in archive.rows.leaves(Tree.CUSTODY) if leaf.kind == "archived"]
    assert len(archived) == 303
    beside.close()
    archive.close()


def test_an_import_of_the_same_name_does_not_skip_what_was_deposited(tmp_path: Path) -> None:
    archive = SmallArchive(tmp_path / "archive")
    beside = Beside(archive)
    (receipt,) = beside.deposits.take([deposit("x", b"minute")])
    source = archive.catalog.documents([receipt.document_id])[receipt.document_id].source  # type: ignore[union-attr]
    assert archive.catalog.seen("default", [source]) == {}
    beside.close()
    archive.close()
