"""The table of locks in SQLite: what each object version is, and until when it may not go."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from archiver.adapters.objects import lock_schema
from archiver.adapters.objects.translation import lock_file_errors
from archiver.domain.document import LockMode
from archiver.errors import IntegrityError
from archiver.ports.clock import Clock
from archiver.ports.objects import Bucket, Lock

VERSION = "1"
"""A folder holds one version per key."""

_FIELDS = "bucket, key, state, size, sha256, mode, until, hold, intake"
_AT = "bucket = ? AND key = ? AND version = '1'"
_PAGE = 1000
_VARIABLES = 400


class Address(NamedTuple):
    """Where an object is."""

    bucket: Bucket
    key: str


class LockRow(NamedTuple):
    """One row. `state`: see `lock_schema`."""

    at: Address
    state: str
    size: int
    sha256: str
    lock: Lock
    intake: bool


class LockRows:
    """All rows; one connection, used by one thread at a time.

    Raises, everywhere: UnreachableError, IntegrityError (the file is damaged), RefusedError (a trigger said no).
    """

    def __init__(self, path: Path, clock: Clock, *, read_only: bool = False) -> None:
        self._mutex = threading.RLock()
        self._clock = clock
        with lock_file_errors():
            self._db = _connect(path, read_only=read_only)
            self._db.create_function("minutier_now", 0, lambda: _text(clock.now()))
            if not read_only:
                self._prepare(path)

    def _prepare(self, path: Path) -> None:
        with self._transaction() as db:
            found = db.execute("PRAGMA user_version").fetchone()[0]
            if found > lock_schema.USER_VERSION:
                raise IntegrityError(
                    f"{path} was written by a newer version ({found})", remedy="install that version of minutier"
                )
            for statement in lock_schema.STATEMENTS:
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {lock_schema.USER_VERSION}")

    def find(self, at: Address) -> LockRow | None:
        """The row of one object, in whatever state."""
        with self._mutex, lock_file_errors():
            row = self._db.execute(f"SELECT {_FIELDS} FROM locks WHERE {_AT}", at).fetchone()  # noqa: S608  # constants only
        return None if row is None else _parsed(row)

    def find_all(self, places: Iterable[Address]) -> dict[Address, LockRow]:
        """The rows of many objects, in whatever state: a matter of speed only."""
        keys: dict[Bucket, list[str]] = {}
        for at in places:
            keys.setdefault(at.bucket, []).append(at.key)
        found: dict[Address, LockRow] = {}
        for bucket, wanted in keys.items():
            for start in range(0, len(wanted), _VARIABLES):
                piece = wanted[start : start + _VARIABLES]
                marks = ",".join("?" * len(piece))
                query = f"SELECT {_FIELDS} FROM locks WHERE bucket = ? AND version = '1' AND key IN ({marks})"  # noqa: S608
                with self._mutex, lock_file_errors():
                    rows = self._db.execute(query, (bucket, *piece)).fetchall()
                found.update((row.at, row) for row in map(_parsed, rows))
        return found

    def arrive(self, rows: Iterable[LockRow]) -> None:
        """Announce objects whose bytes are durable: from here their locks hold. One transaction."""
        with self._transaction() as db:
            db.executemany("INSERT INTO locks VALUES (?, ?, '1', 'arriving', ?, ?, ?, ?, ?, ?)", map(_written, rows))

    def settle(self, places: Iterable[Address]) -> None:
        """Objects are in place and were read back. Losing this to a power cut is harmless: opening settles them again."""
        self._db.execute("PRAGMA synchronous=NORMAL")
        try:
            with self._transaction() as db:
                db.executemany(f"UPDATE locks SET state = 'placed' WHERE {_AT}", places)  # noqa: S608  # constants only
        finally:
            self._db.execute("PRAGMA synchronous=FULL")

    def leave(self, at: Address) -> None:
        """The object is about to be removed. Raises RefusedError while its lock or hold says no."""
        self.leave_all([at])

    def leave_all(self, places: Iterable[Address]) -> None:
        """Objects are about to be removed, all or none. Raises RefusedError while a lock or hold of one says no."""
        with self._transaction() as db:
            db.executemany(f"UPDATE locks SET state = 'leaving' WHERE {_AT}", places)  # noqa: S608  # constants only

    def forget(self, places: Iterable[Address]) -> None:
        """Drop rows that are leaving, or that never arrived."""
        with self._transaction() as db:
            db.executemany(f"DELETE FROM locks WHERE {_AT}", places)  # noqa: S608  # constants only

    def unsettled(self) -> list[LockRow]:
        """Rows of changes that were cut off: at most one group of a write."""
        with self._mutex, lock_file_errors():
            found = self._db.execute(f"SELECT {_FIELDS} FROM locks WHERE state <> 'placed'").fetchall()  # noqa: S608
        return [_parsed(row) for row in found]

    def unconfirmed(self) -> Iterator[LockRow]:
        """Rows under an intake lock, by key, a page at a time."""
        after: Sequence[str] = ("", "")
        query = f"SELECT {_FIELDS} FROM locks WHERE intake = 1 AND (bucket, key) > (?, ?) ORDER BY bucket, key LIMIT {_PAGE}"  # noqa: S608
        while True:
            with self._mutex, lock_file_errors():
                page = self._db.execute(query, after).fetchall()
            yield from map(_parsed, page)
            if len(page) < _PAGE:
                return
            after = page[-1][:2]

    def set_locks(self, changes: Iterable[tuple[Address, Lock]]) -> None:
        """Final locks, in one transaction. A hold is added, never released, by this."""
        with self._transaction() as db:
            db.executemany(
                f"UPDATE locks SET mode = ?, until = ?, hold = max(hold, ?), intake = 0 WHERE {_AT}",  # noqa: S608
                ((lock.mode, _text(lock.until), int(lock.hold), *at) for at, lock in changes),
            )

    def extend_intake(self, places: Iterable[Address], until: datetime) -> None:
        """A later end for locks that are intake locks still. One transaction."""
        with self._transaction() as db:
            ends = _text(until)
            db.executemany(
                f"UPDATE locks SET until = ? WHERE {_AT} AND intake = 1 AND until < ?",  # noqa: S608  # constants only
                ((ends, *at, ends) for at in places),
            )

    def set_holds(self, places: Iterable[Address], on: bool) -> None:
        """Set or release holds. One transaction."""
        with self._transaction() as db:
            db.executemany(f"UPDATE locks SET hold = ? WHERE {_AT}", ((int(on), *at) for at in places))  # noqa: S608  # constants only

    def close(self) -> None:
        """Safe to repeat."""
        with self._mutex, lock_file_errors():
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._mutex, lock_file_errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    uri = path.absolute().as_uri() + ("?mode=ro" if read_only else "")
    db = sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None, check_same_thread=False)
    if not read_only:
        db.execute("PRAGMA journal_mode=WAL")
    for pragma in ("synchronous=FULL", "busy_timeout=30000", "cache_size=-8192", "secure_delete=ON", "wal_autocheckpoint=4000"):
        db.execute(f"PRAGMA {pragma}")
    return db


def _text(moment: datetime | None) -> str | None:
    """Fixed width, so that text order is time order."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


# Looked up, not called: rows are read by the million.
_MODES = {mode.value: mode for mode in LockMode}
_BUCKETS = {bucket.value: bucket for bucket in Bucket}


def _parsed(row: Sequence[object]) -> LockRow:
    bucket, key, state, size, sha256, mode, until, hold, intake = row
    assert isinstance(size, int)
    assert isinstance(sha256, bytes)
    moment = None if until is None else datetime.fromisoformat(str(until))
    lock = Lock(_MODES[str(mode)], moment, bool(hold))
    return LockRow(Address(_BUCKETS[str(bucket)], str(key)), str(state), size, sha256.hex(), lock, bool(intake))


def _written(row: LockRow) -> tuple[object, ...]:
    lock = row.lock
    return (*row.at, row.size, bytes.fromhex(row.sha256), lock.mode, _text(lock.until), int(lock.hold), int(row.intake))
