"""A part of a running purge from claim to end: what an announced chunk of originals is to a worker, or to who runs the purge.

Claims are counted before the work starts. An original that has ended three workers is set aside: its items have failed, and
the purge goes on without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from archiver.errors import IntegrityError, MinutierError, NotFoundError, NotPermittedError, RefusedError
from archiver.ports.catalog import Catalog
from archiver.ports.jobs import Claim, Jobs, Kind
from archiver.ports.retention_rows import PurgeItem, PurgeState
from archiver.services.leases import Leases, take_on
from archiver.services.purge.conditions import PurgeConditions
from archiver.services.purge.destroy import Destroy
from archiver.services.purge.run import UNFINISHED, Counts
from archiver.services.purge.units import root_of
from retention.certificate import Failure
from retention.plan import ItemState

DEATHS = 3
"""Workers an original may end before it is set aside."""
WAIT = timedelta(seconds=5)
"""Before originals are announced again that met a part out of reach."""
_OPEN = (ItemState.PLANNED, ItemState.GOING)


@dataclass(frozen=True, slots=True)
class PurgeChunk:
    """Destroys announced originals. Safe to run twice, late and out of order, by any number of processes at once."""

    catalog: Catalog
    jobs: Jobs
    destroy: Destroy
    conditions: PurgeConditions
    leases: Leases

    def run(self, document_ids: Sequence[str]) -> Counts:
        """What became of those of these that nobody else has in hand.

        Raises:
            RefusedError: the purge may not go on; its rows are withdrawn, and it is to be run again.
            UnreachableError: a part is out of reach; what was not done was given back.
        """
        counts = Counts()
        with self.leases.owner() as owner:
            claims = take_on(self.jobs, Kind.PURGE, document_ids, owner=owner, lease=self.leases.lease)
            try:
                for purge_id in dict.fromkeys(claim.part_of for claim in claims):
                    self._destroy(purge_id, [claim for claim in claims if claim.part_of == purge_id], owner, counts)
            except IntegrityError:
                raise  # one of these may be the reason: like a death, it is told when the claims run out
            except MinutierError:
                self._give_back(claims, owner)
                raise
        return counts

    def _destroy(self, purge_id: str, claims: Sequence[Claim], owner: str, counts: Counts) -> None:
        if not self._may_go_on(purge_id, claims, owner):
            return
        deadly = {claim.document_id for claim in claims if claim.deaths >= DEATHS}
        items = self.catalog.items_under(purge_id, [claim.document_id for claim in claims])
        aside = [_set_aside(one) for one in items if root_of(one) in deadly and one.state in UNFINISHED]
        if aside:
            self.catalog.settle(purge_id, aside, [])
        there = [one for one in items if root_of(one) not in deadly and one.state in UNFINISHED]
        done = [*aside, *(self.destroy.run(purge_id, there, lambda: self._time(purge_id)) if there else [])]
        counts.take(done)
        self._finish(claims, items, done, owner)

    def _time(self, purge_id: str) -> datetime:
        """Asked within the turn: waiting for it may have taken longer than the approval lasts."""
        return self.conditions.require(self.catalog.purge(purge_id))

    def _may_go_on(self, purge_id: str, claims: Sequence[Claim], owner: str) -> bool:
        """Whether the purge is running; rows of one that is not are of no use."""
        try:
            purge = self.catalog.purge(purge_id)
        except NotFoundError:
            purge = None
        if purge is None or purge.state is not PurgeState.RUNNING:
            self.jobs.finish(Kind.PURGE, {claim.document_id: claim.version for claim in claims})
            return False
        try:
            self.conditions.require(purge)
        except (
            RefusedError,
            NotPermittedError,
        ):  # no other chunk of it would fare better: who runs it is told when it is run again
            self._give_back(claims, owner)
            self.jobs.withdraw(Kind.PURGE, purge_id)
            raise
        return True

    def _finish(self, claims: Sequence[Claim], items: Sequence[PurgeItem], done: Sequence[PurgeItem], owner: str) -> None:
        """Originals of which everything is settled have no row any more; the others are looked at again."""
        settled = {one.item.position for one in done}
        open_still = {root_of(one) for one in items if one.item.position not in settled and one.state in _OPEN}
        over = {claim.document_id: claim.version for claim in claims if claim.document_id not in open_still}
        self.jobs.finish(Kind.PURGE, over)
        if open_still:
            self.jobs.release(Kind.PURGE, sorted(open_still), owner=owner, wait=WAIT)

    def _give_back(self, claims: Sequence[Claim], owner: str) -> None:
        self.jobs.release(Kind.PURGE, [claim.document_id for claim in claims], owner=owner, wait=WAIT)


def _set_aside(one: PurgeItem) -> PurgeItem:
    return replace(one, state=ItemState.FAILED, why=Failure.STOPPED.value, at=None)
