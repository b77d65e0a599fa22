"""Reading by workers: the importer announces what it took in, keeps within a bound, and waits until all of it is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from archiver.domain.document import Document
from archiver.errors import UnreachableError
from archiver.ports.catalog import Catalog
from archiver.ports.jobs import Backlog, Jobs, Kind
from archiver.services.announce import Announcer
from archiver.services.bulk_import import Progress
from archiver.services.patience import Patience
from archiver.services.sequence_ledger import LedgerService

COUNT_EVERY = 0.5
ANNOUNCE_EVERY = 2.0
STANDSTILL = 60.0


@dataclass(frozen=True, slots=True)
class Ahead:
    """How far all imports together may run ahead of the workers. One original larger than `bytes` is let through alone."""

    documents: int
    bytes: int


class BulkIndex(Protocol):
    """The part of an index that an importer has to do with."""

    def begin_bulk(self) -> None: ...

    def end_bulk(self) -> None: ...

    def commit(self, sequence: int) -> None: ...


@dataclass(frozen=True, slots=True)
class ElsewhereParts:
    """What the importer needs once documents are taken in."""

    catalog: Catalog
    jobs: Jobs
    announcer: Announcer
    index: BulkIndex
    ledger: LedgerService


class ReadingElsewhere:
    """`bulk_import.Reading` by workers, wherever they are.

    Args:
        note: is told when the broker does not answer; the import goes on, and announces later.
    """

    def __init__(
        self,
        parts: ElsewhereParts,
        batch_id: str,
        ahead: Ahead,
        patience: Patience,
        *,
        note: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts, self._batch_id, self._ahead, self._patience = parts, batch_id, ahead, patience
        self._note, self._sleep, self._monotonic = note, sleep, monotonic
        self._everyone = self._own = Backlog(0, 0)
        self._unindexed = self._offered = 0
        self._counted = self._announced = float("-inf")
        self._silent = ""
        self._moved = monotonic()
        self._before = (0, 0)

    def begin(self) -> None:
        """See `Reading`: what waits, of this batch and others, is announced with the first that is taken in."""
        self._patience.run(self._parts.index.begin_bulk)
        self._patience.run(self._parts.jobs.adopt)
        self._count()
        self._announce()

    def has_room(self, documents: Sequence[Document]) -> bool:
        """See `Reading`."""
        if self._over(documents):
            self._count()
        return not self._over(documents)

    def _over(self, documents: Sequence[Document]) -> bool:
        waiting = self._everyone
        if not waiting.documents:
            return False
        return (
            waiting.documents + len(documents) > self._ahead.documents
            or waiting.bytes + sum(one.size for one in documents) > self._ahead.bytes
        )

    def offer(self, documents: Sequence[Document], *, read_before: bool = False) -> None:
        """See `Reading`. Their rows of work were written when they were taken in."""
        size = sum(one.size for one in documents)
        self._offered += len(documents)
        self._everyone = Backlog(self._everyone.documents + len(documents), self._everyone.bytes + size)
        self._own = Backlog(self._own.documents + len(documents), self._own.bytes + size)
        if documents:
            self._announce()

    def pump(self, seconds: float) -> None:
        """See `Reading`."""
        if seconds:
            self._sleep(seconds)
        now = self._monotonic()
        if now - self._counted >= COUNT_EVERY:
            self._count()
        if now - self._announced >= ANNOUNCE_EVERY:
            self._announce()

    def finish(self) -> None:
        """See `Reading`: every state of the batch is in the index; it is made searchable at once."""
        self._patience.run(lambda: self._parts.index.commit(self._parts.jobs.indexed_up_to()))
        self.leave()

    def leave(self) -> None:
        """See `Reading`. Workers go on."""
        self._patience.run(self._parts.index.end_bulk)
        self._patience.run(self._parts.ledger.sequence)
        self._patience.run(self._parts.ledger.seal)

    @property
    def busy(self) -> int:
        """See `Reading`."""
        return self._own.documents + self._unindexed

    def tell(self, progress: Progress) -> None:
        """See `Reading`."""
        progress.waiting = self._own.documents
        progress.documents = max(progress.documents, self._offered - self._own.documents)

    def _count(self) -> None:
        jobs = self._parts.jobs
        self._everyone = jobs.backlog(Kind.EXTRACT)
        self._own = jobs.backlog(Kind.EXTRACT, batch_id=self._batch_id)
        self._unindexed = jobs.backlog(Kind.INDEX, batch_id=self._batch_id).documents
        self._counted = self._monotonic()
        self._note_standstill()

    def _note_standstill(self) -> None:
        """Nothing gets done: said once in a while, or an importer without workers would wait for ever without a word."""
        now, state = self._counted, (self._everyone.documents, self._unindexed)
        if state != self._before or not sum(state):
            self._before, self._moved = state, now
        elif now - self._moved > STANDSTILL:
            self._moved = now
            self._note(
                f"nothing was read or indexed for {STANDSTILL:.0f} seconds: do workers run? (`minutier work`, `minutier doctor`)"
            )

    def _announce(self) -> None:
        """A broker that is down holds up nothing that is not over the bound anyway."""
        self._announced = self._monotonic()
        try:
            self._parts.announcer.announce(Kind.EXTRACT)
            self._parts.announcer.announce(Kind.INDEX)
        except UnreachableError as error:
            if not self._silent:
                self._note(f"waiting: {error}")
            self._silent = str(error)
            return
        if self._silent:
            self._note("it answers again; going on")
        self._silent = ""
