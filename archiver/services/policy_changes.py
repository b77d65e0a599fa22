"""What another policy would change for the documents already archived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache

from archiver.domain.document import Document, LockMode, State
from archiver.ports.catalog import Catalog
from archiver.services.circumstances import KnownFacts, wanted
from archiver.services.pages import pages
from archiver.services.policy_versions import PolicyVersions
from retention.disposal import Circumstances
from retention.policy import Policy
from retention.protection import Protection
from retention.schedule import Deadline, Standing, deadline, extended

_PAGE = 500

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
        standing: what was known of its end under the version it was last judged under.
    """

    document: Document
    kind: ChangeKind
    until: date | None
    deadline: Deadline
    protection: Protection
    standing: Standing


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


def changes(catalog: Catalog, policy: Policy, versions: PolicyVersions, now: datetime) -> Iterator[Change]:
    """Every archived document that `policy` judges otherwise than the version it was last judged under, lazily.

    Documents judged under this very version are passed over, so that an interrupted change goes on where it stopped; so are
    those for whose class both versions say the same.
    """
    same = _SameRules(policy, versions)
    open_to_change = (document for document in catalog.select() if _is_judged(document) and not same.holds_for(document))
    for page in pages(open_to_change, _PAGE):
        known = KnownFacts(catalog).of(page)
        for document in page:
            change = change_of(document, known[document.id], policy, versions.of(document.policy_version), now)
            if change is not None:
                yield change


def change_of(document: Document, about: Circumstances, policy: Policy, judged_by: Policy, now: datetime) -> Change | None:
    """What `policy` changes for one document that was last judged under `judged_by`; None when nothing."""
    before, after = deadline(judged_by, about.facts), deadline(policy, about.facts)
    asked = wanted(policy, about, now, scheduled=after)
    kind = _kind(document, before, after, asked)
    if kind is None:
        return None
    return Change(document, kind, extended(document.retain_until, after.until), after, asked, before.standing)


class _SameRules:
    """Whether a policy says of a document what it was last judged by: then nothing moves, and nothing need be computed."""

    def __init__(self, policy: Policy, versions: PolicyVersions) -> None:
        self._policy, self._versions = policy, versions
        self._known = lru_cache(4096)(self._compared)

    def holds_for(self, document: Document) -> bool:
        return self._known(document.policy_version, document.retention_class)

    def _compared(self, version: int, name: str) -> bool:
        if self._policy.version and version == self._policy.version:
            return True
        old, new = self._versions.of(version), self._policy
        return old.time_zone == new.time_zone and old.retention_class(name) == new.retention_class(name)


def _is_judged(document: Document) -> bool:
    return document.archived_at is not None and document.state is not State.DISPOSED


def _kind(document: Document, before: Deadline, after: Deadline, asked: Protection) -> ChangeKind | None:
    promised = document.retain_until
    if after.until is not None and promised is not None and after.until < promised and not _as_before(before, after):
        return ChangeKind.EARLIER
    if after.standing is Standing.DATED and before.standing is Standing.PERMANENT:
        return ChangeKind.EARLIER
    if after.standing is not Standing.DATED:
        return ChangeKind.UNDATED if before.standing is Standing.DATED else None
    if promised is None or before.standing is not Standing.DATED:
        return ChangeKind.DATED
    if after.until is not None and after.until > promised:
        return ChangeKind.LATER
    return ChangeKind.HARDER if _RANK[LockMode(asked.lock.value)] > _RANK[document.lock_mode] else None


def _as_before(before: Deadline, after: Deadline) -> bool:
    """Whether the class itself moves nothing earlier: a promise beyond it, which a person made, stays whatever the policy says."""
    return after.until is not None and before.until is not None and after.until >= before.until
