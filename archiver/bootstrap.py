"""The composition root: the one place that knows which adapters an archive is made of."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from archiver.errors import AlreadyExistsError, LockedError, NoArchiveError, NotPermittedError, UnreachableError
from archiver.settings import load

if TYPE_CHECKING:
    from archiver.adapters.catalog.ledger_rows import SqlLedgerRows
    from archiver.adapters.catalog.sql import SqlCatalog
    from archiver.adapters.clock.embedded import HighWaterClock
    from archiver.adapters.extraction.member_reader import ArchiveMemberReader
    from archiver.adapters.extraction.pool import ChildPool
    from archiver.adapters.index.embedded import TantivyIndex
    from archiver.adapters.keys.embedded import FileKeys
    from archiver.adapters.objects.embedded import EmbeddedStore
    from archiver.services.placement import Placement
    from archiver.services.sequence_ledger import LedgerService
    from archiver.services.texts import Texts

MARKER = "archive.json"
FORMAT = "minutier-archive/1"
HOME = "MINUTIER_HOME"
DEFAULT_HOME = "minutier-data"

T = TypeVar("T")


def home_of(given: str | None) -> Path:
    """Where the archive is: as given, as `MINUTIER_HOME` says, or `./minutier-data`."""
    return Path(os.path.abspath(given or os.environ.get(HOME) or DEFAULT_HOME))


class Archive:
    """An open archive. Parts are made when first asked for and released together by `close`.

    Raises, at opening:
        NoArchiveError: there is none at `home`.
        LockedError: opened for writing while another process writes.
    """

    def __init__(self, home: Path, *, writable: bool = False) -> None:
        self.home, self.writable = home, writable
        self._closing = ExitStack()
        if not (home / MARKER).is_file():
            raise NoArchiveError(
                f"there is no archive at {home}", remedy=f"`minutier init` makes one; --archive or {HOME} names another place"
            )
        if writable:
            self._closing.enter_context(WriteLock(home / "lock"))
        self.settings, self.origins = load(home)

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Release everything. Safe to repeat."""
        self._closing.close()

    def _kept(self, part: T, close: Callable[[], None]) -> T:
        self._closing.callback(close)
        return part

    @cached_property
    def clock(self) -> HighWaterClock:
        from archiver.adapters.clock.embedded import HighWaterClock

        clock = HighWaterClock(self.home / "clock", read_only=not self.writable)
        return self._kept(clock, clock.close)

    @cached_property
    def keys(self) -> FileKeys:
        from archiver.adapters.keys.embedded import FileKeys

        return FileKeys(self.home / "keys")

    @cached_property
    def catalog(self) -> SqlCatalog:
        from archiver.adapters.catalog.sql import open_sqlite

        catalog = open_sqlite(self.home / "catalog.sqlite", read_only=not self.writable)
        return self._kept(catalog, catalog.close)

    @cached_property
    def objects(self) -> EmbeddedStore:
        from archiver.adapters.objects.embedded import EmbeddedStore

        store = EmbeddedStore(self.home / "objects", self.clock, read_only=not self.writable)
        return self._kept(store, store.close)

    @cached_property
    def index(self) -> TantivyIndex:
        from archiver.adapters.index.embedded import TantivyIndex

        index = TantivyIndex(self.home / "index", writable=self.writable)
        return self._kept(index, index.close)

    def discard_index(self) -> None:
        """Remove the index; it is made again from catalogue and texts. Only before it was first used here."""
        shutil.rmtree(self.home / "index", ignore_errors=True)

    @cached_property
    def pool(self) -> ChildPool:
        from archiver.adapters.extraction.pool import CHILD_COMMAND, ChildPool

        engine = () if self.settings.readers == "on" else ("--engine", "archiver.adapters.extraction.tika_only:run")
        scratch = self.home / "scratch"
        scratch.mkdir(exist_ok=True)
        pool = ChildPool(self.settings.worker_count(), self.settings.limits(), (*CHILD_COMMAND, *engine), scratch=scratch)
        return self._kept(pool, pool.close)

    @cached_property
    def members(self) -> ArchiveMemberReader:
        from archiver.adapters.extraction.member_reader import ArchiveMemberReader

        return ArchiveMemberReader(self.settings.limits())

    @cached_property
    def ledger_rows(self) -> SqlLedgerRows:
        from archiver.adapters.catalog.ledger_rows import SqlLedgerRows

        return SqlLedgerRows(self.catalog.engine)

    @cached_property
    def ledger(self) -> LedgerService:
        from archiver.services.sequence_ledger import LedgerService

        return LedgerService(self.ledger_rows, self.objects, self.keys, self.clock)

    @cached_property
    def placement(self) -> Placement:
        from archiver.services.placement import Placement
        from archiver.services.policies import policy_in_force

        return Placement(policy_in_force(self.catalog))

    @cached_property
    def texts(self) -> Texts:
        from archiver.services.texts import Texts

        return Texts(self.objects)


def create(home: Path) -> None:
    """Make a new, empty archive. The marker is written last: what a crash leaves behind is no archive.

    Raises:
        AlreadyExistsError: there is one, or something else lies there.
    """
    if (home / MARKER).exists():
        raise AlreadyExistsError(f"there is an archive at {home} already")
    if home.is_dir() and any(entry.name != "lock" and entry.name not in _PARTS for entry in home.iterdir()):
        raise AlreadyExistsError(f"{home} is not empty", remedy="name a new or empty folder with --archive")
    try:
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)
    except OSError as error:
        raise UnreachableError(
            f"{home} cannot be made: {error.strerror}", remedy="check its parent folder's permissions"
        ) from error
    with WriteLock(home / "lock"):
        _make_parts(home)


_PARTS = {"keys", "objects", "index", "spool", "scratch", "clock", "catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"}


def _make_parts(home: Path) -> None:
    from archiver.adapters.catalog.sql import create_sqlite
    from archiver.adapters.clock.embedded import HighWaterClock
    from archiver.adapters.keys.embedded import FileKeys
    from archiver.adapters.objects.embedded import EmbeddedStore

    FileKeys.create(home / "keys")
    clock = HighWaterClock(home / "clock")
    EmbeddedStore(home / "objects", clock).close()
    create_sqlite(home / "catalog.sqlite").close()
    (home / "spool").mkdir(exist_ok=True)
    clock.close()
    marker = {"format": FORMAT, "id": str(uuid.uuid4()), "created_at": datetime.now(UTC).isoformat()}
    draft = home / (MARKER + ".new")
    with open(draft, "w", encoding="ascii") as stream:
        json.dump(marker, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(home / MARKER)


class WriteLock:
    """One writing process at a time. The file names its holder; the kernel lets go when that process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> WriteLock:
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise NotPermittedError(
                f"{self._path} cannot be written: {error.strerror}", remedy="run as the user who owns the archive"
            ) from error
        try:
            _lock_patiently(self._descriptor)
        except BlockingIOError as error:
            holder = _named(self._descriptor)
            os.close(self._descriptor)
            raise LockedError(
                f"the archive is being written by {holder}",
                remedy="wait until it has ended, or stop it with Ctrl-C; it can be resumed",
            ) from error
        os.ftruncate(self._descriptor, 0)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        os.pwrite(self._descriptor, f"process {os.getpid()} on {socket.gethostname()} since {started}\n".encode(), 0)
        return self

    def __exit__(self, *_: object) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _lock_patiently(descriptor: int) -> None:
    """Take the lock; a `holder_of` that looks at it at this very moment is gone at the next try."""
    for pause in (0.05, 0.1, 0.2):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(pause)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def holder_of(home: Path) -> str:
    """Who writes the archive now; "" when nobody does. Needs no right to write."""
    try:
        descriptor = os.open(home / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return ""
    except BlockingIOError:
        return f"the archive is being written by {_named(descriptor)}"
    finally:
        os.close(descriptor)


def _named(descriptor: int) -> str:
    return os.pread(descriptor, 500, 0).decode("utf-8", "replace").strip() or "another process"
