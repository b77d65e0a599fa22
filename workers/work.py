"""What an actor calls: services over one archive, for any number of threads, and what becomes of their errors."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from types import TracebackType

from archiver.adapters.extraction.pool import ChildPool
from archiver.bootstrap import Archive
from archiver.bootstrap.purging import Purging
from archiver.domain.display import safe
from archiver.errors import IntegrityError, LostClaimError, MinutierError, UnreachableError
from archiver.ports.jobs import Kind
from archiver.services.index_chunk import IndexChunk
from archiver.services.leases import Leases
from archiver.services.patience import Patience
from archiver.services.purge.chunk import PurgeChunk
from archiver.services.purge.conditions import PurgeConditions
from archiver.services.purge.destroy import Stray
from archiver.services.read_chunk import ReadChunk, WorkParts
from workers import metrics

_log = logging.getLogger("minutier.work")


class Work:
    """The work of one process."""

    def __init__(self, archive: Archive, kinds: Collection[Kind], patience: Patience) -> None:
        self._archive = archive
        self._give_up_at = float("inf")
        self._local = threading.local()
        jobs = patience.over(archive.jobs)
        self._leases = Leases(archive.jobs, lease=timedelta(seconds=archive.settings.lease_seconds))
        self.parts = WorkParts(
            patience.over(archive.catalog),
            jobs,
            archive.objects,
            archive.index,
            archive.clock,
            archive.placement,
            archive.texts,
            archive.keys.identifier_key(),
            self._leases,
            serves_index=Kind.INDEX in kinds,
            turn=archive.retention_turn,
        )

    def __enter__(self) -> Work:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._leases.close()

    def end_in(self, seconds: float) -> None:
        """From then on what is in hand is given back instead of being finished."""
        self._give_up_at = time.monotonic() + max(0.0, seconds - 2.0)

    # -- actors -------------------------------------------------------------------------------------------------
    def extract(self, document_ids: list[str]) -> None:
        """Read announced documents."""
        self._guarded(Kind.EXTRACT, document_ids, self._extract)

    def index(self, document_ids: list[str]) -> None:
        """Index announced documents."""
        self._guarded(Kind.INDEX, document_ids, self._index)

    def purge(self, document_ids: list[str]) -> None:
        """Destroy announced originals of running purges."""
        self._guarded(Kind.PURGE, document_ids, self._purge)

    def _extract(self, document_ids: Sequence[str]) -> None:
        pool = self._pool()
        try:
            done = ReadChunk(self.parts, pool, stopping=lambda: time.monotonic() > self._give_up_at).run(document_ids)
        finally:
            if pool.pending():  # of documents that were given back
                self._drop_pool()
        metrics.read(done)

    def _index(self, document_ids: Sequence[str]) -> None:
        parts = self.parts
        chunk = IndexChunk(parts.catalog, parts.jobs, parts.index, parts.texts, self._leases)
        metrics.indexed(chunk.run(document_ids))

    def _purge(self, document_ids: Sequence[str]) -> None:
        parts = self.parts
        destroy = Purging(self._archive).destroying(_tell_stray)
        conditions = PurgeConditions(parts.catalog, parts.clock)
        metrics.purged(PurgeChunk(parts.catalog, parts.jobs, destroy, conditions, self._leases).run(document_ids))

    def _guarded(self, kind: Kind, document_ids: list[str], run: Callable[[Sequence[str]], None]) -> None:
        """Nothing goes back to the broker: work that was not done has its row, and is announced again."""
        started = time.perf_counter()
        result = "done"
        try:
            run(document_ids)
        except LostClaimError as error:
            result = "lost"
            _log.warning("%s", error)
        except IntegrityError as error:
            result = "failed"
            _log.error("%s of %s: %s", kind, ", ".join(document_ids[:3]), error)
        except MinutierError as error:
            result = "unreachable" if isinstance(error, UnreachableError) else "refused"
            _log.warning("given back: %s", error)
            time.sleep(1.0)  # no other chunk would fare better at once
        except Exception:  # noqa: BLE001  # the edge of the worker; its claims run out and count against the documents
            result = "failed"
            _log.exception("%s of %s failed", kind, ", ".join(document_ids[:3]))
        metrics.message(kind, result, time.perf_counter() - started)

    # -- parts --------------------------------------------------------------------------------------------------
    def _pool(self) -> ChildPool:
        """The children of this thread: they die with it."""
        pool: ChildPool | None = getattr(self._local, "pool", None)
        if pool is None:
            pool = self._local.pool = self._archive.new_pool(1)
        return pool

    def _drop_pool(self) -> None:
        self._local.pool.close()
        self._local.pool = None


def _tell_stray(found: Stray) -> None:
    _log.warning("%s", safe(f"not written by this archive, and removed with document {found.document_id}: {found.place}"))
