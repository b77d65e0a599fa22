"""Running an approved purge: chunk after chunk, with every condition asked anew, until nothing of the plan is left to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from archiver.domain.ledger import LedgerEvent
from archiver.domain.purging import STARTED
from archiver.errors import NotFoundError, RefusedError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.retention_rows import GivenApproval, Purge, PurgeItem, PurgeState
from archiver.services.destroy import Destroy, units
from archiver.services.purge_approval import require_as_made
from archiver.services.trusted_time import require_trusted_time
from retention.plan import ItemState
from retention.signature import key_id, signature_holds
from retention.statements import Approval, PlanStatement

CHUNK = 256
"""Items destroyed together: one transaction, one round of requests, at most so many left half way by a crash."""
UNFINISHED = (ItemState.PLANNED, ItemState.GOING, ItemState.FAILED)


@dataclass(slots=True)
class Counts:
    """How far a run has come, by what became of items; bytes of the originals that were destroyed."""

    by_state: dict[ItemState, int] = field(default_factory=lambda: dict.fromkeys(ItemState, 0))
    bytes: int = 0

    def take(self, items: Iterable[PurgeItem]) -> None:
        """Items as they were settled."""
        for one in items:
            self.by_state[one.state] += 1
            if one.state is ItemState.EXECUTED and one.item.root_id is None:
                self.bytes += one.item.size


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
            IntegrityError: plan or approval is not what was made and signed.
            UnreachableError: a part does not answer; the next run goes on.
        """
        now = require_trusted_time(self.clock)
        self._require_approval(purge, now)
        require_as_made(self.catalog, purge)
        purge, counts = self._started(purge, now), Counts()
        for chunk in _chunks(self.catalog.items(purge.id, states=UNFINISHED)):
            self._require_approval(purge, require_trusted_time(self.clock))
            counts.take(self.destroy.run(purge.id, chunk))
            self.tick(counts)
        return purge, counts

    def _started(self, purge: Purge, now: datetime) -> Purge:
        if purge.state in (PurgeState.RUNNING, PurgeState.DONE):
            return purge
        running = replace(purge, state=PurgeState.RUNNING, started_at=now)
        self.catalog.set_purge(running, [LedgerEvent(STARTED, "", now, {"purge": purge.id})])
        return running

    def _require_approval(self, purge: Purge, now: datetime) -> None:
        if not purge.approvals:
            raise RefusedError(f"purge {purge.id} is not approved", remedy=_APPROVE.format(purge.id))
        given, approval = purge.approvals[-1], Approval.parse(purge.approvals[-1].statement)
        if now >= approval.expires:
            raise RefusedError(
                f"the approval of purge {purge.id} expired on {approval.expires:%Y-%m-%d %H:%M} UTC",
                remedy=f"approve it anew, and what is left of it can be run: {_APPROVE.format(purge.id)}",
            )
        if approval.root != PlanStatement.parse(purge.plan).root:
            raise RefusedError(f"the approval of purge {purge.id} is of another plan", remedy=_APPROVE.format(purge.id))
        if approval.key_id is not None:
            self._require_signature(purge, given, approval.key_id)

    def _require_signature(self, purge: Purge, given: GivenApproval, named: str) -> None:
        key = bytes.fromhex(given.key)
        if key_id(key) != named or not signature_holds(key, given.statement.encode("ascii"), bytes.fromhex(given.signature)):
            raise RefusedError(
                f"the signature of the approval of purge {purge.id} does not hold", remedy=_APPROVE.format(purge.id)
            )
        try:
            signer = self.catalog.signer(named)
        except NotFoundError as error:
            raise RefusedError(
                f"purge {purge.id} was approved by the key {named}, which is not enrolled", remedy=_APPROVE.format(purge.id)
            ) from error
        if signer.revoked_at is not None and signer.revoked_at <= Approval.parse(given.statement).given:
            raise RefusedError(
                f"purge {purge.id} was approved by the key {named} after that was revoked", remedy=_APPROVE.format(purge.id)
            )


_APPROVE = "`minutier purge approve {} --key FILE`"


def _chunks(items: Iterable[PurgeItem]) -> Iterator[list[PurgeItem]]:
    """Whole units, about `CHUNK` items at a time; a container with more than that is one."""
    chunk: list[PurgeItem] = []
    for unit in units(items):
        if chunk and len(chunk) + len(unit) > CHUNK:
            yield chunk
            chunk = []
        chunk += unit
    if chunk:
        yield chunk
