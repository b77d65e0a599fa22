"""Approvals whose key is not here: drawn up, signed by the approver on a machine of their own, and handed in.

What is handed in is accepted only word for word as it was drawn up here: so the head it names is the one that was newest then, and
nobody words an approval of their own. Of one key there is one draft for a plan, the newest; a draft is good for a day.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from archiver.errors import NotPermittedError, RefusedError, UsageError
from archiver.ports.catalog import Marks
from archiver.ports.retention_rows import GivenApproval, Purge, Signer
from archiver.services.purge.approval import ApprovePurge, Visa
from retention.errors import StatementError
from retention.signature import signature_holds
from retention.statements import Approval, PlanStatement

GOOD_FOR = timedelta(days=1)
_AGAIN = "have the statement drawn up anew, and sign that one"


@dataclass(frozen=True, slots=True)
class EnrolledKey:
    """A key whose private half is elsewhere."""

    key_id: str
    public_key: bytes


@dataclass(frozen=True, slots=True)
class AbsentApprover:
    """Whoever a key is enrolled for."""

    name: str
    pseudonym: str
    key: EnrolledKey


@dataclass(frozen=True, slots=True)
class ApproveElsewhere:
    """Draws approvals up, and takes them signed.

    Args:
        marks: where drafts are kept meanwhile.
        submitter: pseudonym of whoever calls for somebody's approval; the author of a plan does not.
    """

    approving: ApprovePurge
    marks: Marks
    submitter: str

    def draw_up(
        self,
        purge: Purge,
        key_id: str,
        now: datetime,
        *,
        lasts: timedelta,
        empties: tuple[str, ...] = (),
        visa: Visa | None = None,
    ) -> str:
        """The exact text that the owner of this key is to sign. May be asked again: the newest one counts.

        Raises:
            NotFoundError: no such key is enrolled.
            NotPermittedError, RefusedError, IntegrityError: as `ApprovePurge.approve`; or the key is revoked.
        """
        self._require_another(purge)
        draft = self.approving.drawn_up(purge, self._approver(key_id), now, lasts=lasts, empties=empties, visa=visa)
        self.marks.set_mark(_mark(purge.id, key_id), json.dumps(asdict(draft), sort_keys=True))
        return draft.statement

    def take(self, purge: Purge, statement: str, signature: bytes, now: datetime) -> Purge:
        """The plan, approved by the owner of the key that the statement names. Everything is asked again that was asked then.

        Raises:
            UsageError: it is no statement of an approval with a key.
            NotPermittedError: the signature is not that key's, or as `draw_up`.
            RefusedError: it is not what was drawn up, or too old, or as `draw_up`.
        """
        self._require_another(purge)
        approval = _parsed(statement)
        draft, mark = self._draft(purge, approval), _mark(purge.id, str(approval.key_id))
        if draft is None or draft.statement != statement:
            raise RefusedError(f"this approval of purge {purge.id} is not what was drawn up last for its key", remedy=_AGAIN)
        approver = self._approver(str(approval.key_id))
        if not signature_holds(approver.key.public_key, statement.encode("ascii"), signature):
            raise NotPermittedError(
                f"this is no signature of the key {approver.key.key_id} over the statement",
                remedy="sign the very text: `minutier key sign FILE --statement STATEMENT`",
            )
        self.approving.require_approvable(purge, approver, approval.empties, visa=approval.visa is not None)
        _require_fresh(purge, approval, now)
        approved = self.approving.keep(purge, replace(draft, signature=signature.hex()), now)
        self.marks.set_mark(mark, "")
        return approved

    def _approver(self, key_id: str) -> AbsentApprover:
        signer: Signer = self.approving.catalog.signer(key_id)
        if signer.revoked_at is not None:
            raise NotPermittedError(
                f"the key {signer.key_id} was revoked on {signer.revoked_at:%Y-%m-%d}", remedy="sign with another key"
            )
        return AbsentApprover(signer.person, signer.pseudonym, EnrolledKey(key_id, bytes.fromhex(signer.public_key)))

    def _require_another(self, purge: Purge) -> None:
        if PlanStatement.parse(purge.plan).author == self.submitter:
            raise NotPermittedError(
                f"whoever made the plan {purge.id} does not hand in its approval, whoever signed it",
                remedy="somebody else calls, with a key or token of their own",
            )

    def _draft(self, purge: Purge, approval: Approval) -> GivenApproval | None:
        kept = self.marks.get_mark(_mark(purge.id, str(approval.key_id)))
        return GivenApproval(**json.loads(kept)) if kept else None


def _parsed(statement: str) -> Approval:
    try:
        approval = Approval.parse(statement)
    except StatementError as error:
        raise UsageError(f"this is no approval: {error}", remedy="hand in the very text that was drawn up") from error
    if approval.key_id is None:
        raise UsageError("this approval names no key", remedy=_AGAIN)
    return approval


def _require_fresh(purge: Purge, approval: Approval, now: datetime) -> None:
    if now >= min(approval.expires, approval.given + GOOD_FOR):
        raise RefusedError(
            f"this approval of purge {purge.id} was drawn up on {approval.given:%Y-%m-%d %H:%M} UTC, which is too long ago",
            remedy=_AGAIN,
        )


def _mark(purge_id: str, key_id: str) -> str:
    return f"approval {purge_id} {key_id}"
