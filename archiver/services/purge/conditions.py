"""What must hold at every step of a purge: the time beyond doubt, an approval of exactly this plan, signed, and still in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from archiver.errors import NotFoundError, NotPermittedError, RefusedError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.retention_rows import GivenApproval, Purge
from archiver.services.trusted_time import require_trusted_time
from retention.signature import key_id, signature_holds
from retention.statements import Approval, PlanStatement

_APPROVE = "`minutier purge approve {} --key FILE`"


@dataclass(frozen=True, slots=True)
class PurgeConditions:
    """Asked before each chunk, by whoever destroys it."""

    catalog: Catalog
    clock: Clock

    def require(self, purge: Purge) -> datetime:
        """The time, once nothing speaks against going on.

        Raises:
            RefusedError: it is not approved, the approval ran out or does not hold, or the time is in doubt.
            NotPermittedError: it was not given by somebody else than the plan's author.
        """
        now = require_trusted_time(self.clock)
        if not purge.approvals:
            raise RefusedError(f"purge {purge.id} is not approved", remedy=_APPROVE.format(purge.id))
        given, approval = purge.approvals[-1], Approval.parse(purge.approvals[-1].statement)
        if now >= approval.expires:
            raise RefusedError(
                f"the approval of purge {purge.id} expired on {approval.expires:%Y-%m-%d %H:%M} UTC",
                remedy=f"approve it anew, and what is left of it can be run: {_APPROVE.format(purge.id)}",
            )
        plan = PlanStatement.parse(purge.plan)
        if (approval.archive, approval.purge, approval.root) != (plan.archive, plan.purge, plan.root):
            raise RefusedError(f"the approval of purge {purge.id} is of another plan", remedy=_APPROVE.format(purge.id))
        if approval.approver == plan.author or (purge.plan_key and given.key == purge.plan_key):
            raise NotPermittedError(
                f"whoever approved purge {purge.id} made the plan", remedy=f"somebody else approves: {_APPROVE.format(purge.id)}"
            )
        if approval.key_id is not None:
            self._require_signature(purge, given, approval, approval.key_id)
        return now

    def _require_signature(self, purge: Purge, given: GivenApproval, approval: Approval, named: str) -> None:
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
        if signer.pseudonym != approval.approver:
            raise NotPermittedError(
                f"the key {named} that signed the approval of purge {purge.id} is not the approver's",
                remedy=_APPROVE.format(purge.id),
            )
        if signer.revoked_at is not None:
            raise RefusedError(
                f"purge {purge.id} was approved by the key {named}, which is revoked", remedy=_APPROVE.format(purge.id)
            )
