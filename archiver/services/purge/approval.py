"""Approving a purge plan: by somebody else than its author, over exactly this plan, for a limited time."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from archiver.domain.ledger import LedgerEvent, Tree
from archiver.domain.purging import APPROVED
from archiver.errors import IntegrityError, NotPermittedError, RefusedError, UsageError
from archiver.ports.catalog import Catalog
from archiver.ports.ledger import LedgerRows
from archiver.ports.retention_rows import GivenApproval, Purge, PurgeState
from archiver.ports.timestamps import TimeStamps
from archiver.services.purge.files import PurgeFiles
from archiver.services.purge.signatory import Approver, Signatory
from retention.plan import SALT_BYTES, ItemState, plan_root
from retention.policy import Policy
from retention.signature import signature_holds
from retention.statements import Approval, PlanStatement

LONGEST = timedelta(days=90)
"""An approval that could be used later than this would be one of circumstances nobody knew."""


@dataclass(frozen=True, slots=True)
class Visa:
    """The visa of an authority, where a class wants one."""

    authority: str
    reference: str
    day: str

    def opened(self) -> dict[str, str]:
        """Its words with a salt, under which the approval commits to them."""
        salt = secrets.token_bytes(SALT_BYTES).hex()
        return {"authority": self.authority, "reference": self.reference, "date": self.day, "salt": salt}


def visa_commitment(opened: Mapping[str, str]) -> bytes:
    """SHA-256(salt || canonical JSON of authority, date and reference), 32 bytes."""
    words = {name: opened[name] for name in ("authority", "date", "reference")}
    text = json.dumps(words, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(bytes.fromhex(opened["salt"]) + text.encode("ascii")).digest()


@dataclass(frozen=True, slots=True)
class ApprovePurge:
    """Approves plans. The ledger is to be sealed just before, so that its newest head says what had happened until then.

    Args:
        stamps: an outside authority that says when that head was there; None where none is set.
    """

    catalog: Catalog
    rows: LedgerRows
    files: PurgeFiles
    policy: Policy
    stamps: TimeStamps | None = None

    def approve(
        self,
        purge: Purge,
        approver: Signatory,
        now: datetime,
        *,
        lasts: timedelta,
        empties: Sequence[str] = (),
        visa: Visa | None = None,
    ) -> Purge:
        """The plan, approved.

        Raises:
            IntegrityError: the plan is not what was made; nothing is approved.
            NotPermittedError: the author asks, or nobody authenticated where the law asks to keep.
            RefusedError: it would empty a class nobody named, lacks a visa, or has run already.
        """
        given = self.drawn_up(purge, approver, now, lasts=lasts, empties=empties, visa=visa)
        if approver.key is not None:
            given = replace(given, signature=approver.key.sign(given.statement.encode("ascii")).hex())
        return self.keep(purge, given, now)

    def drawn_up(
        self,
        purge: Purge,
        approver: Approver,
        now: datetime,
        *,
        lasts: timedelta,
        empties: Sequence[str] = (),
        visa: Visa | None = None,
    ) -> GivenApproval:
        """The approval as it is to be signed; nothing is approved by it. Raises as `approve`."""
        emptied = self.require_approvable(purge, approver, empties, visa=visa is not None)
        if not timedelta(0) < lasts <= LONGEST:
            raise UsageError(f"an approval lasts at most {LONGEST.days} days", remedy="write --expires P7D")
        return self._given(PlanStatement.parse(purge.plan), approver, now, now + lasts, emptied, visa)

    def require_approvable(self, purge: Purge, approver: Approver, empties: Sequence[str], *, visa: bool) -> list[str]:
        """Whether this plan may be approved now by this person; the classes that it would empty. Raises as `approve`.

        Args:
            visa: whether an authority's is given.
        """
        plan = PlanStatement.parse(purge.plan)
        self._require_open(purge)
        require_as_made(self.catalog, purge)
        self._require_another(purge, plan, approver)
        counts = [one.retention_class for one in self.catalog.class_counts(purge.id)]
        if approver.key is None:
            require_authenticated(self.policy, counts)
        if not visa:
            require_visa(self.policy, counts)
        emptied = emptied_by(self.catalog, purge, (ItemState.PLANNED,))
        require_named(emptied, empties)
        return emptied

    def keep(self, purge: Purge, given: GivenApproval, now: datetime) -> Purge:
        """The plan with this approval, which was drawn up for it and signed."""
        approved = replace(
            purge, state=max(purge.state, PurgeState.APPROVED, key=_ORDER.index), approvals=(*purge.approvals, given)
        )
        self.files.keep_approval(purge.id, len(approved.approvals), given, now)
        digest = hashlib.sha256(given.statement.encode("ascii")).hexdigest()
        details = {"purge": purge.id, "approval": digest, "approver": Approval.parse(given.statement).approver}
        self.catalog.set_purge(approved, [LedgerEvent(APPROVED, "", now, details)])
        return approved

    def _given(
        self,
        plan: PlanStatement,
        approver: Approver,
        now: datetime,
        expires: datetime,
        empties: Iterable[str],
        visa: Visa | None,
    ) -> GivenApproval:
        head = self.rows.newest_head(Tree.CUSTODY)
        if head is None:
            raise RefusedError(
                "the ledger was never sealed, so nothing says what came before", remedy="run it where the signing key is"
            )
        opened = visa.opened() if visa else {}
        approval = Approval(
            archive=plan.archive,
            purge=plan.purge,
            root=plan.root,
            documents=plan.documents,
            head_size=head.size,
            head_root=head.root,
            given=now,
            expires=expires,
            empties=tuple(sorted(empties)),
            visa=visa_commitment(opened) if opened else None,
            approver=approver.pseudonym,
            key_id=approver.key.key_id if approver.key else None,
        )
        text, key = approval.text(), approver.key
        return GivenApproval(
            approver=approver.name,
            statement=text,
            head=head.statement.text(),
            head_signature=head.signature.hex(),
            key=key.public_key.hex() if key else "",
            head_stamp=b64encode(self.stamps.stamp(head.statement.text().encode("ascii"))).decode() if self.stamps else "",
            enrolled_at=self.catalog.signer(key.key_id).enrolled_at.isoformat(timespec="microseconds") if key else "",
            visa=opened,
        )

    def _require_open(self, purge: Purge) -> None:
        if purge.state is PurgeState.DONE:
            raise RefusedError(f"purge {purge.id} is done", remedy="make a new plan")

    def _require_another(self, purge: Purge, plan: PlanStatement, approver: Approver) -> None:
        same_key = approver.key is not None and approver.key.public_key.hex() == purge.plan_key
        if same_key or approver.pseudonym == plan.author:
            raise NotPermittedError(
                f"{approver.name} made the plan {purge.id} and cannot approve it",
                remedy="somebody else approves, with a key of their own: `minutier key enroll PERSON FILE.pub`",
            )


_ORDER = (PurgeState.PLANNED, PurgeState.APPROVED, PurgeState.RUNNING, PurgeState.DONE)


def emptied_by(catalog: Catalog, purge: Purge, states: Collection[ItemState]) -> list[str]:
    """Classes that lose their last document when the items in these states go."""
    counts = catalog.class_counts(purge.id, states=states)
    return [one.retention_class for one in counts if catalog.live(retention_class=one.retention_class) <= one.originals]


def require_named(emptied: Sequence[str], named: Sequence[str]) -> None:
    """Was it said of each of these classes that none of its documents is to be left?

    Raises:
        RefusedError: not of all.
    """
    missing = [name for name in emptied if name not in named]
    if missing:
        raise RefusedError(
            f"the plan would destroy every document of {', '.join(missing)}",
            remedy=f"if that is meant, say so: {' '.join(f'--empties {name}' for name in missing)}",
        )


def require_authenticated(policy: Policy, names: Iterable[str]) -> None:
    """Refuse an approval without a key where the law asks to keep documents of one of these classes."""
    kept = [name for name in names if (found := policy.retention_class(name)) and found.period is not None]
    if kept:
        raise NotPermittedError(
            f"documents of {', '.join(kept)} have a legal minimum: only an authenticated approval lets them go",
            remedy="approve with a personally enrolled key: --key FILE",
        )


def require_visa(policy: Policy, names: Iterable[str]) -> None:
    """Refuse an approval without a visa where one of these classes wants it."""
    wanting = [name for name in names if (found := policy.retention_class(name)) and found.visa]
    if wanting:
        raise RefusedError(
            f"{', '.join(wanting)} may go only with the visa of an authority",
            remedy="approve with --visa-authority, --visa-reference and --visa-date",
        )


def require_as_made(catalog: Catalog, purge: Purge) -> None:
    """Is every item of the plan as its statement's root says, and the statement as its author signed it?

    Raises:
        IntegrityError: it is not.
    """
    plan = PlanStatement.parse(purge.plan)
    root = plan_root(one.item.commitment(purge.id) for one in catalog.items(purge.id))
    if root != plan.root:
        raise IntegrityError(
            f"the plan {purge.id} was changed after it was made: its items do not lead to its root", remedy="make a new plan"
        )
    if purge.plan_key and not signature_holds(
        bytes.fromhex(purge.plan_key), purge.plan.encode("ascii"), bytes.fromhex(purge.plan_signature)
    ):
        raise IntegrityError(f"the author's signature of plan {purge.id} does not hold", remedy="make a new plan")
