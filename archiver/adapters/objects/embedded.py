"""The object store of one machine: a folder of plain files, and a table of locks that the program enforces.

The files make sense without the software. The locks bind this program, not the machine's administrator.
"""

from __future__ import annotations

import builtins
import errno
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from archiver.adapters.objects import disk
from archiver.adapters.objects.arrival_turn import arrival_turn
from archiver.adapters.objects.group_write import Arrival, GroupWrite, is_intake
from archiver.adapters.objects.layout import Layout
from archiver.adapters.objects.lock_rows import VERSION, Address, LockRows
from archiver.adapters.objects.lock_rules import checked_future, checked_lock, why_not_delete, why_not_replace
from archiver.adapters.objects.object_key import checked_key
from archiver.adapters.objects.recovery import recover, recover_rows, remove, remove_all
from archiver.adapters.objects.spread import Spread
from archiver.adapters.objects.translation import disk_errors, unreachable
from archiver.adapters.objects.view import View, absent, info
from archiver.errors import IntegrityError, MinutierError, NoArchiveError, NotFoundError, NotPermittedError, RefusedError
from archiver.ports.clock import Clock
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectRef, Put, PutResult, Staged, StoreFacts, stronger


class EmbeddedStore:
    """ObjectStore over a folder. One writing process at a time (the caller sees to that), any number of readers, and any number
    of processes beside the writing one that put objects, and set locks and holds. What a process beside has staged is gone when
    the writing one opens the store meanwhile: `put` then raises NotFoundError, and it is to be staged again.

    An `ObjectInfo` whose `sha256` is "" is not what was once confirmed: a file of another size, a link, or
    (version `view.UNEXPECTED`) a file without a lock row. `put` consumes staged bytes also when it fails.

    Args:
        read_only: never writes, and sees only what a writer has finished.
        beside: another process may be writing: what is on its way is left alone.

    Raises:
        NoArchiveError: opened read-only where there is no store.
        IntegrityError: objects are there and the table of locks is gone or damaged.
    """

    def __init__(self, root: Path, clock: Clock, *, read_only: bool = False, beside: bool = False) -> None:
        self._layout, self._clock, self._read_only, self._beside = Layout(root), clock, read_only, beside
        self._require_locks()
        self._spread = Spread()
        self._mutex = threading.RLock()
        if not read_only:
            with disk_errors("making its folder"):
                root.mkdir(parents=True, exist_ok=True)
        self._rows = LockRows(self._layout.locks, clock, read_only=read_only)
        self._writer = GroupWrite(self._layout, self._rows, self._spread)
        self._view = View(self._layout, self._rows)
        if not read_only:
            with disk_errors("making its folders"):
                self._layout.create()
            if not beside:
                with arrival_turn(root):
                    recover(self._layout, self._rows)

    def stage(self, chunks: Iterable[bytes]) -> Staged:
        """See the port. Syncing is left to `put`."""
        self._require_writer()
        path, state, size = self._layout.new_staging(), sha256(), 0
        try:
            with disk_errors("staging"):
                file = open(path, "xb", buffering=0)  # noqa: SIM115  # closed below, also on errors of the source
            with file:
                for chunk in chunks:
                    with disk_errors("staging"):
                        disk.write_all(file.fileno(), chunk)
                    state.update(chunk)
                    size += len(chunk)
        except BaseException:
            remove(path)
            raise
        return Staged(os.path.basename(path), size, state.hexdigest())

    def discard(self, staged: Staged) -> None:
        """See the port."""
        self._require_writer()
        with disk_errors("emptying staging"):
            Path(self._layout.staged(staged)).unlink(missing_ok=True)

    def put(self, group: Iterable[Put]) -> list[PutResult]:
        """See the port. Keys, locks and handles are checked before anything is written."""
        self._require_writer()
        now = self._clock.now()
        puts = [self._checked(put, now) for put in group]
        with self._mutex:
            self._settle_leftovers()
            with arrival_turn(self._layout.root):
                self._settle_cut_off()
                arrivals = self._writer.write(puts)
                self._renew_adopted(puts, arrivals, now)
        results, seen = [], set()
        for arrival in arrivals:
            at = arrival.row.at
            there = info(arrival.row, arrival.row.size) if arrival.created else self._view.occupant(at)
            results.append(PutResult(there, created=arrival.created and at not in seen))
            seen.add(at)
        return results

    def open(self, ref: ObjectRef, start: int = 0) -> BinaryIO:
        """See the port."""
        self._view.row(ref)
        return self._opened(ref, start)

    def read_group(self, refs: Sequence[ObjectRef]) -> dict[ObjectRef, bytes]:
        """See the port."""
        found = {}
        for ref in self._view.placed(refs):
            with suppress(NotFoundError, IntegrityError), self._opened(ref) as stream, disk_errors("reading"):
                found[ref] = stream.read()
        return found

    def _opened(self, ref: ObjectRef, start: int = 0) -> BinaryIO:
        try:
            stream = disk.opened(self._layout.path(Address(ref.bucket, ref.key)))
            stream.seek(start)
            return stream
        except (FileNotFoundError, NotADirectoryError) as error:
            raise absent(ref) from error
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ELOOP):
                raise IntegrityError(f"{ref.key} is no regular file any more", remedy="find out who replaced it") from error
            raise unreachable("opening an object", error) from error

    def local_path(self, ref: ObjectRef) -> Path:
        """See the port: the object's own file."""
        self._view.info(ref)
        return Path(self._layout.path(Address(ref.bucket, ref.key)))

    def local_paths(self, refs: Iterable[ObjectRef]) -> dict[ObjectRef, Path]:
        """See the port."""
        found = {}
        for ref in refs:
            with suppress(NotFoundError, IntegrityError):
                found[ref] = self.local_path(ref)
        return found

    def release_path(self, ref: ObjectRef) -> None:
        """See the port: the file is the object itself, and stays."""

    def head(self, ref: ObjectRef) -> ObjectInfo:
        """See the port."""
        return self._view.info(ref)

    def versions(self, bucket: Bucket, key: str) -> builtins.list[ObjectInfo]:
        """See the port."""
        there = self._view.at(Address(bucket, checked_key(key)))
        return [] if there is None else [there]

    def versions_of(self, places: Sequence[tuple[Bucket, str]]) -> dict[tuple[Bucket, str], builtins.list[ObjectInfo]]:
        """See the port."""
        wanted = [Address(bucket, checked_key(key)) for bucket, key in places]
        there = self._view.at_all(wanted)
        return {(at.bucket, at.key): [there[at]] if at in there else [] for at in wanted}

    def list(self, bucket: Bucket, prefix: str = "") -> Iterator[ObjectInfo]:
        """See the port. Includes files that this store never wrote."""
        return self._view.below(bucket, prefix)

    def unconfirmed(self) -> Iterator[ObjectInfo]:
        """See the port. One that shall go before its intake lock ends is given a lock of mode NONE, then deleted."""
        return self._view.unconfirmed()

    def lock(self, ref: ObjectRef, lock: Lock) -> None:
        """See the port."""
        self.lock_group([(ref, lock)])

    def lock_group(self, locks: Iterable[tuple[ObjectRef, Lock]]) -> None:
        """See the port: one transaction, whatever the number."""
        self._require_writer()
        changes: dict[Address, Lock] = {}
        with self._mutex:
            try:
                for ref, lock in locks:
                    self._add_lock(changes, ref, lock)
            finally:
                if changes:
                    self._rows.set_locks(changes.items())

    def protect(self, locks: Iterable[tuple[ObjectRef, Lock]]) -> None:
        """See the port: one transaction, whatever the number."""
        self._require_writer()
        wanted: dict[Address, Lock] = {}
        for ref, lock in locks:
            at = Address(ref.bucket, checked_key(ref.key))
            if ref.version != VERSION:
                raise absent(ref)
            wanted[at] = stronger(wanted[at], lock) if at in wanted else lock
        with self._mutex:
            rows = self._rows.find_all(wanted)
            changes = {}
            for at, lock in wanted.items():
                row = rows.get(at)
                if row is None or row.state != "placed":
                    raise absent(ObjectRef(at.bucket, at.key, VERSION))
                new = checked_lock(at.bucket, lock if row.intake else stronger(row.lock, lock))
                if new != row.lock or row.intake:
                    changes[at] = new
            if changes:
                self._rows.set_locks(changes.items())

    def renew(self, refs: Iterable[ObjectRef], until: datetime) -> None:
        """See the port: one transaction, whatever the number."""
        self._require_writer()
        with self._mutex:
            rows = [self._view.row(ref) for ref in refs]
            ending = [row.at for row in rows if row.intake and row.lock.until is not None and row.lock.until < until]
            if ending:
                self._rows.extend_intake(ending, until)

    def set_hold(self, ref: ObjectRef, on: bool) -> None:
        """See the port."""
        self._require_writer()
        checked_lock(ref.bucket, Lock(hold=on))
        with self._mutex:
            self._rows.set_holds([self._view.row(ref).at], on)

    def hold_group(self, refs: Iterable[ObjectRef], on: bool) -> None:
        """See the port: one transaction, whatever the number."""
        self._require_writer()
        wanted = list(dict.fromkeys(refs))
        with self._mutex:
            rows = self._rows.find_all(_holdable(ref, on) for ref in wanted)
            for ref in wanted:
                row = rows.get(Address(ref.bucket, ref.key))
                if row is None or row.state != "placed" or ref.version != VERSION:
                    raise absent(ref)
            self._rows.set_holds([at for at, row in rows.items() if row.lock.hold != on], on)

    def delete(self, ref: ObjectRef) -> None:
        """See the port."""
        self._require_writer()
        with self._mutex:
            self._settle_leftovers()
            at = self._may_leave(ref)
            self._rows.leave(at)
            self._writer.unsettled = True
            with disk_errors("removing an object"):
                remove(self._layout.path(at))
            self._rows.forget([at])
            self._writer.unsettled = False

    def delete_group(self, refs: Sequence[ObjectRef]) -> dict[ObjectRef, MinutierError]:
        """See the port: two transactions, and one sync a folder, whatever the number."""
        self._require_writer()
        with self._mutex:
            self._settle_leftovers()
            there, now = self._view.at_all([Address(ref.bucket, checked_key(ref.key)) for ref in refs]), self._clock.now()
            kept: dict[ObjectRef, MinutierError] = {}
            leaving: list[Address] = []
            for ref in refs:
                found = there.get(Address(ref.bucket, ref.key))
                if found is None or found.ref != ref:
                    kept[ref] = absent(ref)
                elif why := why_not_delete(found.lock, now):
                    kept[ref] = RefusedError(f"{ref.key} stays: {why}")
                else:
                    leaving.append(Address(ref.bucket, ref.key))
            self._rows.leave_all(leaving)
            self._writer.unsettled = True
            with disk_errors("removing objects"):
                remove_all([self._layout.path(at) for at in leaving], self._spread)
            self._rows.forget(leaving)
            self._writer.unsettled = False
        return kept

    def _may_leave(self, ref: ObjectRef) -> Address:
        self._view.info(ref)
        row = self._view.row(ref)
        if why := why_not_delete(row.lock, self._clock.now()):
            raise RefusedError(f"{ref.key} stays: {why}")
        return row.at

    def facts(self) -> StoreFacts:
        """See `ports.objects.Described`."""
        return StoreFacts(kind="a folder", place=str(self._layout.root), locks_by_store=False, versioned=False, redundant=False)

    def delete_bypassing(self, ref: ObjectRef) -> None:
        """See `ports.objects.Adversary`: the table's own triggers are asked."""
        self._require_writer()
        with self._mutex:
            at = self._view.row(ref).at
            self._rows.leave(at)
            with disk_errors("removing an object"):
                remove(self._layout.path(at))
            self._rows.forget([at])

    def set_lock_bypassing(self, ref: ObjectRef, lock: Lock) -> None:
        """See `ports.objects.Adversary`: the table's own triggers are asked."""
        self._require_writer()
        with self._mutex:
            self._rows.set_locks([(self._view.row(ref).at, lock)])

    def overwrite(self, bucket: Bucket, key: str, body: bytes) -> None:
        """See `ports.objects.Adversary`: a folder has one way to write, and that is create-only."""
        if not self.put([Put(bucket, key, body=body)])[0].created:
            raise RefusedError(f"{key} is there already")

    def hide(self, bucket: Bucket, key: str) -> None:
        """See `ports.objects.Adversary`: in a folder that means to remove it."""
        for there in self.versions(bucket, key):
            self.delete_bypassing(there.ref)

    def close(self) -> None:
        """Release threads and the table of locks. Safe to repeat."""
        self._writer.close()
        self._spread.close()
        self._rows.close()

    def _renew_adopted(self, puts: Sequence[Put], arrivals: Sequence[Arrival], now: datetime) -> None:
        """Extend the intake locks of what was there before and would lose them soon."""
        for put, arrival in zip(puts, arrivals, strict=True):
            until, ends = put.lock.until, arrival.row.lock.until
            if arrival.known and arrival.row.intake and is_intake(put) and until and ends and ends - now < (until - now) / 2:
                self._rows.extend_intake([arrival.row.at], until)
                arrival.row = arrival.row._replace(lock=Lock(arrival.row.lock.mode, until, arrival.row.lock.hold))

    def _checked(self, put: Put, now: datetime) -> Put:
        checked_key(put.key)
        checked_future(checked_lock(put.bucket, put.lock), now)
        if put.staged is not None:
            self._layout.staged(put.staged)
        return put

    def _require_locks(self) -> None:
        there = self._layout.locks.exists()
        if not there and self._layout.is_there():
            raise IntegrityError(
                f"{self._layout.locks} is gone: nothing says any more what is locked", remedy="restore it from a backup"
            )
        if not there and self._read_only:
            raise NoArchiveError(f"no object store at {self._layout.root}", remedy="make one with `minutier init`")

    def _require_writer(self) -> None:
        if self._read_only:
            raise NotPermittedError("the object store was opened for reading only")

    def _settle_leftovers(self) -> None:
        """After a failure in this very process: what `recover` does at the next opening, now."""
        if self._writer.unsettled and not self._beside:
            self._layout.forget_folders()
            with arrival_turn(self._layout.root):
                recover_rows(self._layout, self._rows)
            self._writer.unsettled = False

    def _settle_cut_off(self) -> None:
        """Whoever holds the arrival turn sees what another process began and did not end: its bytes count as there only now."""
        if any(row.state == "arriving" for row in self._rows.unsettled()):
            self._layout.forget_folders()
            recover_rows(self._layout, self._rows, arriving=True)

    def _add_lock(self, changes: dict[Address, Lock], ref: ObjectRef, lock: Lock) -> None:
        """Add what `lock` changes, judged by the row and by what the same group has said of it before."""
        row = self._view.row(ref)
        checked_lock(ref.bucket, lock)
        old, intake = changes.get(row.at, row.lock), row.intake and row.at not in changes
        new = Lock(lock.mode, lock.until, lock.hold or old.hold)
        if new == old and not intake:
            return
        checked_future(lock, self._clock.now())
        if why := why_not_replace(old, new, intake=intake):
            raise RefusedError(f"{ref.key}: {why}", remedy="a lock can only be kept or extended")
        changes[row.at] = new


def _holdable(ref: ObjectRef, on: bool) -> Address:
    checked_lock(ref.bucket, Lock(hold=on))
    return Address(ref.bucket, checked_key(ref.key))
