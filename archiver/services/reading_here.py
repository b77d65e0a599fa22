"""Reading in the importing process itself: its children extract, it commits, indexes and seals."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from archiver.domain.document import Document
from archiver.domain.reference import DEPOSIT
from archiver.errors import UnreachableError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.extraction import ExtractionPool
from archiver.ports.index import Index
from archiver.ports.objects import ObjectStore
from archiver.services.bulk_import import PENDING_PAGE, Progress
from archiver.services.commit import Commit
from archiver.services.extract import Extract
from archiver.services.orphans import drop_orphans
from archiver.services.placement import Placement
from archiver.services.retention_turn import Turn, no_turn
from archiver.services.sequence_ledger import LedgerService
from archiver.services.texts import Texts

LEDGER_EVERY = 8_192
LOOK_EVERY = 2.0
"""Seconds after which an import looks for what was deposited meanwhile."""


@dataclass(frozen=True, slots=True)
class ReadingParts:
    """What reading works with.

    Attributes:
        own_store: the object store is this program's own, so that what no row names was left by a crash.
        turn: keeps out those who take in documents beside this process while such leftovers are dropped.
    """

    catalog: Catalog
    objects: ObjectStore
    index: Index
    ledger: LedgerService
    clock: Clock
    placement: Placement
    pool: ExtractionPool
    texts: Texts
    identifier_key: bytes
    own_store: bool = True
    turn: Turn = no_turn


class ReadingHere:
    """`bulk_import.Reading` with everything in one process."""

    def __init__(self, parts: ReadingParts, *, passwords: Sequence[str] = ()) -> None:
        self._parts = parts
        self._commit = Commit(parts.catalog, parts.objects, parts.index, parts.clock, parts.placement, turn=parts.turn)
        self._extract = Extract(
            parts.catalog,
            parts.objects,
            parts.pool,
            parts.identifier_key,
            self._commit,
            passwords=passwords,
            reuse=lambda documents: parts.texts.of_same_bytes(parts.catalog, documents),
        )
        self._ledgered = 0
        self._taken_up: set[str] = set()
        self._looked, self._look_at = 0, 0.0

    def begin(self) -> None:
        """See `Reading`: originals a crash left unknown are dropped; documents an earlier run took in are read, whatever
        their batch."""
        self.tidy()
        self.take_up()

    def tidy(self) -> None:
        """Drop originals that a crash left unknown."""
        if self._parts.own_store:
            drop_orphans(self._parts.catalog, self._parts.objects, self._parts.turn)

    def take_up(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Offer whatever waits and was not taken up in this run. Not while documents of this process's own are on their way here.

        Args:
            stop: says that the rest is to be left for another time.
        """
        after = 0
        while not stop() and (waiting := self._parts.catalog.waiting(PENDING_PAGE, after)):
            after = waiting[-1].sequence
            fresh = [document for document in waiting if document.id not in self._taken_up]
            while not self.has_room(fresh):
                self.pump(0.1)
            self._taken_up.update(document.id for document in fresh)
            self._extract.offer(fresh)

    def _take_up_deposits(self) -> None:
        """What was deposited since this run looked last, as far as there is room; no document of an import has such a source."""
        while waiting := self._parts.catalog.waiting(PENDING_PAGE, self._looked):
            deposits = [one for one in waiting if one.source.startswith(DEPOSIT) and one.id not in self._taken_up]
            if not self.has_room(deposits):
                return
            self._taken_up.update(one.id for one in deposits)
            self._extract.offer(deposits)
            self._looked = waiting[-1].sequence

    def has_room(self, documents: Sequence[Document]) -> bool:
        """See `Reading`."""
        return self._extract.room >= len(documents)

    def offer(self, documents: Sequence[Document], *, read_before: bool = False) -> None:
        """See `Reading`. Now and then deposits go with them: an import may run for hours."""
        self._extract.offer(documents, read_before=read_before)
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_EVERY
            self._take_up_deposits()

    def pump(self, seconds: float) -> None:
        """See `Reading`.

        Raises:
            UnreachableError: a server that reads does not answer; what was read before is kept.
        """
        self._extract.pump(seconds)
        if self._extract.unreachable:
            self.leave()
            raise UnreachableError(
                f"stopped: {self._extract.unreachable}", remedy="see to it that it answers, then run `minutier batch resume`"
            )
        if self._commit.committed - self._ledgered >= LEDGER_EVERY:
            self._ledgered = self._commit.committed
            self._parts.ledger.sequence()
            self._parts.ledger.seal(partial=False)

    def show(self) -> None:
        """Everything read so far is durable and searchable on return."""
        self._commit.flush()

    def finish(self) -> None:
        """See `Reading`."""
        self.show()
        self._parts.ledger.sequence()
        self._parts.ledger.seal()

    leave = finish

    @property
    def busy(self) -> int:
        """See `Reading`."""
        return self._extract.busy

    def tell(self, progress: Progress) -> None:
        """See `Reading`."""
        progress.documents, progress.outcomes = self._commit.committed, self._commit.outcomes
        progress.waiting = self._extract.busy
