"""An archive of real rows and files with scripted reading, that can lose power after any call of a port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from archiver.adapters.catalog.ledger_rows import SqlLedgerRows
from archiver.adapters.catalog.sql import SqlCatalog, create_sqlite
from archiver.adapters.jobs.rows import SqlJobs
from archiver.adapters.objects.embedded import EmbeddedStore
from archiver.adapters.sources.files import LocalFiles
from archiver.adapters.sources.walk import walk
from archiver.domain.batch import Batch, BatchState
from archiver.domain.document import Document
from archiver.ports.objects import Bucket
from archiver.ports.sources import SourceEntry
from archiver.services.bulk_import import BulkImport, Parts, Progress
from archiver.services.intake import IntakeOptions
from archiver.services.placement import Placement
from archiver.services.reading_here import ReadingHere, ReadingParts
from archiver.services.sequence_ledger import LedgerService
from archiver.services.texts import Texts
from retention.policy import DEFAULT_POLICY, Policy
from tests.support.memory_index import MemoryIndex
from tests.support.memory_keys import MemoryKeys
from tests.support.moving_clock import MovingClock
from tests.support.scripted_pool import Script, ScriptedPool


class PowerCut(BaseException):
    """Nothing may catch this."""


class Fuse:
    """Blows after so many calls."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def tick(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise PowerCut


class Fused:
    """A port that works, until the fuse blows right after one of its calls."""

    def __init__(self, target: Any, fuse: Fuse) -> None:
        self._target, self._fuse = target, fuse

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value):
            return value

        def call(*arguments: Any, **options: Any) -> Any:
            result = value(*arguments, **options)
            self._fuse.tick()
            return result

        return call


class Silent:
    """Looks away."""

    def progress(self, progress: Progress) -> None:
        """Nothing."""


class SmallArchive:
    """Made in `home`; a second one on the same folder is the same archive after a power cut."""

    def __init__(self, home: Path, policy: Policy = DEFAULT_POLICY, *, jobs: bool = False, **scripts: Script) -> None:
        home.mkdir(exist_ok=True)
        self.home = home
        self.clock = MovingClock()
        path = home / "catalog.sqlite"
        self.catalog = create_sqlite(path)
        self.catalog.with_jobs = jobs
        self.jobs = SqlJobs(self.catalog.engine)
        self.objects = EmbeddedStore(home / "objects", self.clock)
        self.index = MemoryIndex()
        self.pool = ScriptedPool(**scripts)
        self.placement = Placement(policy)
        self.rows = SqlLedgerRows(self.catalog.engine)
        self.keys = MemoryKeys("archive")
        self.stopping: Callable[[], bool] = lambda: False

    def parts(self, fuse: Fuse | None = None) -> ReadingParts:
        def fused(port: Any) -> Any:
            return Fused(port, fuse) if fuse else port

        objects = fused(self.objects)
        ledger = LedgerService(self.rows, self.objects, self.keys, self.clock)
        return ReadingParts(
            fused(self.catalog), objects, fused(self.index), ledger, self.clock, self.placement, self.pool,
            Texts(self.objects), self.keys.identifier_key(),
        )  # fmt: skip

    def run(
        self, entries: Iterator[SourceEntry | None] | Path, batch: str = "batch", fuse: Fuse | None = None, **options: Any
    ) -> Progress:
        """Import a folder or entries, new or resumed."""
        if batch not in {one.id for one in self.catalog.batches()}:
            self.catalog.create_batch(Batch(batch, BatchState.RUNNING, self.clock.now(), {}))
        stream = walk([str(entries)]) if isinstance(entries, Path) else entries
        wishes = IntakeOptions(batch, **({"collection": "default"} | options))
        parts = self.parts(fuse)
        taking = Parts(parts.catalog, parts.objects, self.clock, self.placement, LocalFiles(), parts.identifier_key)
        return BulkImport(taking, ReadingHere(parts), wishes, Silent(), stop=lambda: self.stopping()).run(stream)

    def documents(self) -> dict[str, Document]:
        """Name -> document."""
        return {one.name: one for one in self.catalog.select()}

    def outcomes(self, batch: str = "batch") -> dict[str, str]:
        """Last part of the source -> outcome of its line."""
        return {Path(line.source).name: line.outcome for line in self.catalog.report(batch)}

    def reasons(self, batch: str = "batch") -> dict[str, str]:
        return {Path(line.source).name: line.reason for line in self.catalog.report(batch)}

    def stored(self) -> dict[str, str]:
        """Key -> digest of every original and text; key -> "" of every record, which holds the time."""
        return {
            info.ref.key: "" if info.ref.key.startswith("records/") else info.sha256
            for bucket in Bucket
            for info in self.objects.list(bucket)
            if not info.ref.key.startswith("ledger/")
        }

    def close(self) -> None:
        self.objects.close()
        self.catalog.close()


__all__ = ["Fuse", "PowerCut", "SmallArchive", "SqlCatalog"]
