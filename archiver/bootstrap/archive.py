"""An open archive: its parts, each from the folder or from the server that its settings name."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from archiver.bootstrap.file_turn import file_turn
from archiver.bootstrap.home import HOME, MARKER
from archiver.bootstrap.write_lock import WriteLock, holder_of
from archiver.errors import LockedError, NoArchiveError, UsageError
from archiver.settings import load

if TYPE_CHECKING:
    from archiver.adapters.catalog.ledger_rows import SqlLedgerRows
    from archiver.adapters.catalog.sql import SqlCatalog
    from archiver.adapters.clock.agreeing import AgreeingClock
    from archiver.adapters.clock.embedded import HighWaterClock
    from archiver.adapters.extraction.member_reader import ArchiveMemberReader
    from archiver.adapters.extraction.pool import ChildPool
    from archiver.adapters.index.elastic import ElasticsearchIndex
    from archiver.adapters.index.embedded import TantivyIndex
    from archiver.adapters.jobs.queues import Queues
    from archiver.adapters.jobs.rows import SqlJobs
    from archiver.adapters.keys.embedded import FileKeys
    from archiver.adapters.keys.shared import SharedKeys
    from archiver.adapters.objects.embedded import EmbeddedStore
    from archiver.adapters.objects.s3 import S3Store
    from archiver.adapters.timestamps.rfc3161 import Rfc3161
    from archiver.services.announce import Announcer
    from archiver.services.patience import Patience
    from archiver.services.placement import Placement
    from archiver.services.sequence_ledger import LedgerService
    from archiver.services.texts import Texts

T = TypeVar("T")


class Archive:
    """An open archive. Parts are made when first asked for and released together by `close`.

    Args:
        home: the archive's folder; for an archive on servers, what belongs to this host.
        writable: for a command that writes. One at a time, unless `beside`.
        beside: the command may run beside others that write; so it does where documents are read by workers.
        always: the command runs whoever else writes, and keeps nobody out: for holds. It changes documents only within
            `retention_turn`, and never the index.
        yields: it looks at `wanted`, and then ends soon: another writing command waits for it. For an archive in a folder.

    Raises, at opening:
        NoArchiveError: there is none at `home`.
        LockedError: opened for writing while another process writes.
    """

    def __init__(
        self, home: Path, *, writable: bool = False, beside: bool = False, always: bool = False, yields: bool = False
    ) -> None:
        self._write_lock: WriteLock | None = None
        self.home, self.writable, self.always = home, writable, always
        self._closing = ExitStack()
        self.settings, self.origins = load(home)
        self._require(home)
        if not writable:
            return
        if self.on_servers:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if always:
            return
        if not self._shareable:
            self._write_lock = self._closing.enter_context(WriteLock(home / "lock", yields=yields))
        elif not (beside and self.settings.broker_url):
            self._closing.enter_context(self.catalog.exclusive("write"))

    @property
    def wanted(self) -> bool:
        """Whether another command waits for the archive, which this one has for writing."""
        return self._write_lock is not None and self._write_lock.wanted

    @property
    def on_servers(self) -> bool:
        """Whether the catalogue, and with it the archive's identity, is on a server."""
        return bool(self.settings.catalog_url)

    @property
    def _shareable(self) -> bool:
        """Whether everything that is written can be reached from several hosts."""
        return bool(self.settings.catalog_url and self.settings.objects_url and self.settings.index_url)

    def _require(self, home: Path) -> None:
        if not self.on_servers and not (home / MARKER).is_file():
            raise NoArchiveError(
                f"there is no archive at {home}", remedy=f"`minutier init` makes one; --archive or {HOME} names another place"
            )
        if self.settings.broker_url and not self._shareable:
            raise UsageError(
                "broker_url is set: workers need a catalogue, objects and an index that all of them can reach",
                remedy="set catalog_url, objects_url and index_url too, or leave broker_url out",
            )

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
    def clock(self) -> HighWaterClock | AgreeingClock:
        if self.on_servers:
            from archiver.adapters.clock.agreeing import AgreeingClock

            others: dict[str, Callable[[], datetime]] = {"database": self.catalog.server_time}
            if self.settings.objects_url:
                others["object store"] = self._store_time
            agreeing = AgreeingClock(self.catalog, others, read_only=not self.writable)
            return self._kept(agreeing, agreeing.close)
        from archiver.adapters.clock.embedded import HighWaterClock

        clock = HighWaterClock(self.home / "clock", read_only=not self.writable or self.always)
        return self._kept(clock, clock.close)

    def _store_time(self) -> datetime:
        """What the object store says; asked without the store, which itself asks the clock."""
        from archiver.adapters.objects.s3 import time_of

        return time_of(self.settings.objects_url)

    @cached_property
    def keys(self) -> FileKeys | SharedKeys:
        from archiver.adapters.keys.embedded import FileKeys

        folder = self.home / "keys"
        if not self.on_servers:
            return FileKeys(folder)
        from archiver.adapters.keys.shared import SharedKeys

        return SharedKeys(self.catalog, FileKeys(folder) if folder.is_dir() else None)

    @cached_property
    def timestamps(self) -> Rfc3161 | None:
        """The outside authority that says when something was there; None where none is set."""
        from archiver.adapters.timestamps.rfc3161 import Rfc3161

        url, ca = self.settings.timestamp_url, self.settings.timestamp_ca
        return Rfc3161(url, Path(ca) if ca else None) if url else None

    @cached_property
    def catalog(self) -> SqlCatalog:
        if self.on_servers:
            from archiver.adapters.catalog.postgres import open_catalog

            url, jobs = self.settings.catalog_url, bool(self.settings.broker_url)
            shared = open_catalog(url, read_only=not self.writable, jobs=jobs)
            return self._kept(shared, shared.close)
        from archiver.adapters.catalog.sql import open_sqlite

        self._require_schema()
        catalog = open_sqlite(self.home / "catalog.sqlite", read_only=not self.writable)
        return self._kept(catalog, catalog.close)

    def _require_schema(self) -> None:
        """Whoever writes beside others leaves an upgrade to a moment when it is alone."""
        from archiver.adapters.catalog.sql import is_behind, upgrade_sqlite

        path = self.home / "catalog.sqlite"
        if self.always and path.is_file() and is_behind(path):
            with WriteLock(self.home / "lock"):
                upgrade_sqlite(path)

    @cached_property
    def archive_id(self) -> str:
        """What tells this archive from others on the same servers."""
        return self.catalog.get_mark("archive_id") or ""

    @cached_property
    def objects(self) -> EmbeddedStore | S3Store:
        if self.settings.objects_url:
            from archiver.adapters.objects.s3 import S3Store

            store = S3Store(self.settings.objects_url, self.clock, scratch=self._scratch(), read_only=not self.writable)
            return self._kept(store, store.close)
        from archiver.adapters.objects.embedded import EmbeddedStore

        folder = EmbeddedStore(self.home / "objects", self.clock, read_only=not self.writable, beside=self.always)
        return self._kept(folder, folder.close)

    @cached_property
    def index(self) -> TantivyIndex | ElasticsearchIndex:
        if self.settings.index_url:
            from archiver.adapters.index.elastic import ElasticsearchIndex

            remote = ElasticsearchIndex(self.settings.index_url, writable=self.writable and not self.always)
            return self._kept(remote, remote.close)
        from archiver.adapters.index.embedded import TantivyIndex

        index = TantivyIndex(self.home / "index", writable=self.writable and not self.always)
        return self._kept(index, index.close)

    def discard_index(self) -> None:
        """Remove the embedded index; it is made again from catalogue and texts. Only before it was first used here."""
        shutil.rmtree(self.home / "index", ignore_errors=True)

    @cached_property
    def jobs(self) -> SqlJobs:
        """Rows of work; only where documents are read by workers."""
        from archiver.adapters.jobs.rows import SqlJobs

        return SqlJobs(self.catalog.engine)

    @cached_property
    def queues(self) -> Queues:
        """The broker; only where one is set."""
        from archiver.adapters.jobs.queues import Queues

        queues = Queues(self.settings.broker_url, self.archive_id)
        return self._kept(queues, queues.close)

    @cached_property
    def announcer(self) -> Announcer:
        from archiver.services.announce import Announcer

        return Announcer(self.jobs, self.queues, quiet=timedelta(seconds=self.settings.lease_seconds))

    @cached_property
    def pool(self) -> ChildPool:
        return self.new_pool(self.settings.worker_count())

    def new_pool(self, size: int) -> ChildPool:
        """Children that read, for the calling thread, which must close them when it ends before the archive does."""
        from archiver.adapters.extraction.pool import CHILD_COMMAND, ChildPool

        engine = () if self.settings.readers == "on" else ("--engine", "archiver.adapters.extraction.tika_only:run")
        scratch, tika = self._scratch(), self.settings.tika_url
        pool = ChildPool(size, self.settings.limits(), (*CHILD_COMMAND, *engine), scratch=scratch, tika_url=tika)
        return self._kept(pool, pool.close)

    def _scratch(self) -> Path:
        scratch = self.home / "scratch"
        scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        return scratch

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

        return LedgerService(self.ledger_rows, self.objects, self.keys, self.clock, sealing_alone=self._sealing_alone)

    @contextmanager
    def _sealing_alone(self) -> Iterator[None]:
        """Heads are signed by one host at a time; the others wait for their turn."""
        if not self.on_servers:
            yield
            return
        from archiver.services.patience import turn

        with turn(lambda: self.catalog.exclusive("seal")):
            yield

    @contextmanager
    def retention_turn(self, *, shared: bool = False) -> Iterator[None]:
        """The turn in which a page of documents is held, let go, given another end or destroyed: for short, waited for.

        Args:
            shared: for whoever only adds documents, together with others of the kind, and nobody else. Neither kind is taken
                by whoever is inside already.

        Raises:
            LockedError: its turn did not come in two minutes; names who is inside.
        """
        from archiver.services.patience import TURN_SECONDS

        if self.on_servers:
            with self.catalog.waited_turn("retention", shared=shared, seconds=TURN_SECONDS):
                yield
            return
        with file_turn(self.home / "retention.lock", shared=shared, seconds=TURN_SECONDS):
            yield

    def enter_if_free(self, *, closing: bool = False) -> None:
        """Enter and seal what was written beside others, unless somebody writes now, who does it then.

        Args:
            closing: also the few and new entries of who read what that would wait for more: nobody may come soon who seals them.
        """
        with ExitStack() as alone:
            if not self._shareable:
                try:
                    alone.enter_context(WriteLock(self.home / "lock", yields=True))  # whoever writes is not asked to stop for it
                except LockedError:
                    return
            self.ledger.sequence()
            self.ledger.seal(small=closing)

    @cached_property
    def placement(self) -> Placement:
        """Placement under the policy in force; on servers, under the one in force at each moment."""
        from archiver.services.placement import LivePlacement, Placement
        from archiver.services.policies import policy_in_force, version_in_force

        if not self.on_servers:
            return Placement(policy_in_force(self.catalog))
        return LivePlacement(lambda: version_in_force(self.catalog), lambda: policy_in_force(self.catalog))

    def index_is_behind(self) -> bool:
        """Whether the catalogue knows states that the index was not told of yet."""
        if self.settings.broker_url:
            return self.jobs.indexed_up_to() < self.catalog.top_sequence()
        return self.index.sequence() < self.catalog.top_sequence()

    def importing(self, batch_id: str) -> str:
        """Who imports this batch now, for people; "" when nobody does."""
        if self._shareable and self.settings.broker_url:
            return self.catalog.holder(f"batch {batch_id}")
        if self._shareable:
            return self.catalog.holder("write")
        return holder_of(self.home)

    @contextmanager
    def importing_alone(self, batch_id: str) -> Iterator[Callable[[], None]]:
        """One importer a batch; gives what makes sure of it, to be called before each step.

        Raises:
            LockedError: another one is at it.
        """
        if not (self._shareable and self.settings.broker_url):
            yield lambda: None
            return
        turn = self.catalog.turn(f"batch {batch_id}")
        turn.hold()
        try:
            yield turn.hold
        finally:
            turn.close()

    @cached_property
    def texts(self) -> Texts:
        from archiver.services.texts import Texts

        return Texts(self.objects)

    def patience(self, note: Callable[[str], None] = lambda _message: None, check: Callable[[], None] = lambda: None) -> Patience:
        """How long a command waits for a server that does not answer; not at all for the archive's own folder."""
        from archiver.services.patience import Patience

        return Patience(self.settings.patience if self.on_servers else 0.0, note, check)
