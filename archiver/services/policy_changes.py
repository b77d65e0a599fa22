"""What another policy would change for the documents already archived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from archiver.domain.document import Document, LockMode, State
from archiver.ports.catalog import Catalog
from archiver.services.policy_versions import PolicyVersions
from retention.policy import Policy
from retention.protection import Protection, protection
from retention.schedule import Deadline, Facts, Standing, deadline, extended

_RANK = {LockMode.NONE: 0, LockMode.GOVERNANCE: 1, LockMode.COMPLIANCE: 2}


class ChangeKind(StrEnum):
    """How a document's end moves."""

    EARLIER = "earlier"
    LATER = "later"
    DATED = "dated"
    UNDATED = "undated"
    HARDER = "harder"


@dataclass(frozen=True, slots=True)
class Change:
    """One document for which the other policy says something else.

    Attributes:
        until: the last day it would be kept; None: not known, or without end.
    """

    document: Document
    kind: ChangeKind
    until: date | None
    deadline: Deadline
    protection: Protection


@dataclass(frozen=True, slots=True)
class Changes:
    """How many documents change, by kind, and of which classes."""

    by_kind: Mapping[ChangeKind, int] = field(default_factory=dict)
    by_class: Mapping[tuple[str, ChangeKind], int] = field(default_factory=dict)

    @property
    def earlier(self) -> int:
        """Documents whose end would move earlier: while there is one, the policy is refused."""
        return self.by_kind.get(ChangeKind.EARLIER, 0)

    def plus(self, change: Change) -> Changes:
        """One more."""
        named = (change.document.retention_class, change.kind)
        return replace(
            self,
            by_kind={**self.by_kind, change.kind: self.by_kind.get(change.kind, 0) + 1},
            by_class={**self.by_class, named: self.by_class.get(named, 0) + 1},
        )


def facts_of(document: Document) -> Facts:
    """What retention may know of a document: nothing that was read out of its bytes."""
    return Facts(document.retention_class, document.received_at, document.declared, retain_until=document.retain_until)


def changes(catalog: Catalog, policy: Policy, versions: PolicyVersions, now: datetime) -> Iterator[Change]:
    """Every archived document that `policy` judges otherwise than the version it was last judged under, lazily.

    Documents judged under this very version are passed over, so that an interrupted change goes on where it stopped.
    """
    for document in catalog.select():
        if not _is_judged(document) or (policy.version and document.policy_version == policy.version):
            continue
        change = change_of(document, policy, versions.of(document.policy_version), now)
        if change is not None:
            yield change


def change_of(document: Document, policy: Policy, judged_by: Policy, now: datetime) -> Change | None:
    """What `policy` changes for one document that was last judged under `judged_by`; None when nothing."""
    facts = facts_of(document)
    before, after = deadline(judged_by, facts), deadline(policy, facts)
    wanted = protection(policy, facts, now, scheduled=after)
    kind = _kind(document, before, after, wanted)
    return None if kind is None else Change(document, kind, extended(document.retain_until, after.until), after, wanted)


def _is_judged(document: Document) -> bool:
    return document.archived_at is not None and document.state is not State.DISPOSED


def _kind(document: Document, before: Deadline, after: Deadline, wanted: Protection) -> ChangeKind | None:
    promised = document.retain_until
    if after.until is not None and promised is not None and after.until < promised:
        return ChangeKind.EARLIER
    if after.standing is Standing.DATED and before.standing is Standing.PERMANENT:
        return ChangeKind.EARLIER
    if after.standing is not Standing.DATED:
        return ChangeKind.UNDATED if before.standing is Standing.DATED else None
    if promised is None or before.standing is not Standing.DATED:
        return ChangeKind.DATED
    if after.until is not None and after.until > promised:
        return ChangeKind.LATER
    return ChangeKind.HARDER if _RANK[LockMode(wanted.lock.value)] > _RANK[document.lock_mode] else None
