"""Running an approved purge: chunk after chunk, with every condition asked anew, until nothing of the plan is left to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from archiver.domain.ledger import LedgerEvent
from archiver.domain.purging import STARTED
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.retention_rows import Purge, PurgeItem, PurgeState
from archiver.services.purge.approval import (
    emptied_by,
    require_as_made,
    require_authenticated,
    require_named,
    require_visa,
)
from archiver.services.purge.conditions import PurgeConditions
from archiver.services.purge.destroy import Destroy
from archiver.services.purge.units import units
from retention.plan import ItemState
from retention.statements import Approval

CHUNK = 1_000
"""Items destroyed together: one transaction, one round of requests, at most so many left half way by a crash."""
UNFINISHED = (ItemState.PLANNED, ItemState.GOING, ItemState.FAILED)


@dataclass(slots=True)
class Counts:
    """How far a run has come, by what became of items; bytes of the originals that were destroyed.

    Attributes:
        left: originals that nobody has destroyed yet, where workers help; None where this run does all.
    """

    by_state: dict[ItemState, int] = field(default_factory=lambda: dict.fromkeys(ItemState, 0))
    bytes: int = 0
    left: int | None = None

    def take(self, items: Iterable[PurgeItem]) -> None:
        """Items as they were settled."""
        for one in items:
            self.by_state[one.state] += 1
            if one.state is ItemState.EXECUTED and one.item.root_id is None:
                self.bytes += one.item.size

    def add(self, other: Counts) -> None:
        """What another part of the run did."""
        for state, number in other.by_state.items():
            self.by_state[state] += number
        self.bytes += other.bytes


@dataclass(frozen=True, slots=True)
class RunPurge:
    """Runs purges. Of one purge one run at a time, which is for the caller to see to.

    Args:
        tick: told after each chunk.
    """

    catalog: Catalog
    destroy: Destroy
    clock: Clock
    tick: Callable[[Counts], None] = lambda _: None

    def run(self, purge: Purge) -> tuple[Purge, Counts]:
        """Destroy what is left of the plan to destroy; the purge as it is, and what this run did.

        Raises:
            RefusedError: it is not approved, the approval ran out, or the time is in doubt. What was done stands.
            NotPermittedError: who approved was not entitled to.
            IntegrityError: plan or approval is not what was made and signed.
            UnreachableError: a part does not answer; the next run goes on.
        """
        purge, counts = self.begin(purge), Counts()
        self.work_off(purge, UNFINISHED, counts)
        return purge, counts

    def begin(self, purge: Purge) -> Purge:
        """The purge, running. Raises as `run` does."""
        now = self.conditions.require(purge)
        require_as_made(self.catalog, purge)
        self._require_enough(purge)
        if purge.state in (PurgeState.RUNNING, PurgeState.DONE):
            return purge
        running = replace(purge, state=PurgeState.RUNNING, started_at=now)
        self.catalog.set_purge(running, [LedgerEvent(STARTED, "", now, {"purge": purge.id})])
        return running

    def _require_enough(self, purge: Purge) -> None:
        """Does the approval bear what its classes ask for today? Asked when it was given, and again: a policy may have come since,
        and a row may have been written by hand."""
        approval = Approval.parse(purge.approvals[-1].statement)
        names = [one.retention_class for one in self.catalog.class_counts(purge.id, states=UNFINISHED)]
        if approval.key_id is None:
            require_authenticated(self.destroy.policy(), names)
        if approval.visa is None:
            require_visa(self.destroy.policy(), names)
        require_named(emptied_by(self.catalog, purge, (ItemState.PLANNED,)), approval.empties)

    def work_off(self, purge: Purge, states: Collection[ItemState], counts: Counts) -> None:
        """Destroy the items of a running purge that are in these states. Raises as `run` does."""
        for chunk in chunks(self.catalog.items(purge.id, states=states)):
            self.conditions.require(purge)
            counts.take(self.destroy.run(purge.id, chunk, lambda: self.conditions.require(purge)))
            self.tick(counts)

    @property
    def conditions(self) -> PurgeConditions:
        """What is asked before each chunk."""
        return PurgeConditions(self.catalog, self.clock)


def chunks(items: Iterable[PurgeItem]) -> Iterator[list[PurgeItem]]:
    """Whole units, about `CHUNK` items at a time; a container with more than that is one."""
    chunk: list[PurgeItem] = []
    for unit in units(items):
        if chunk and len(chunk) + len(unit) > CHUNK:
            yield chunk
            chunk = []
        chunk += unit
    if chunk:
        yield chunk
