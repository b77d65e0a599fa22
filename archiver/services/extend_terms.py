"""Carrying a new policy out for documents already archived: the store's date first, then its hold, then the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import reduce

from archiver.domain.document import Document, LockMode
from archiver.domain.ledger import LedgerEvent
from archiver.domain.record import digest, record_key
from archiver.ports.catalog import Catalog, Content
from archiver.ports.clock import Clock
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectStore, stronger
from archiver.services.circumstances import KnownFacts, wanted
from archiver.services.pages import pages
from archiver.services.policy_changes import Change, ChangeKind, changes
from archiver.services.policy_versions import PolicyVersions
from retention.policy import Policy
from retention.protection import Protection, strongest

EXTENDED = "extended"
"""Kind of the ledger entry that a document's last day, or its lock, was set anew."""

GROUP = 500


class ExtendTerms:
    """Brings documents under a new policy. Never moves an end earlier; safe to repeat."""

    def __init__(self, catalog: Catalog, objects: ObjectStore, clock: Clock) -> None:
        self._catalog, self._objects, self._clock = catalog, objects, clock

    def run(self, policy: Policy) -> int:
        """Bring every document under `policy` that it judges otherwise than it was; returns how many."""
        done, now = 0, self._clock.now()
        found = (
            change
            for change in changes(self._catalog, policy, PolicyVersions(self._objects), now)
            if change.kind is not ChangeKind.EARLIER
        )
        for group in pages(found, GROUP):
            self._protect(group, policy, now)
            documents = [_renewed(change, policy) for change in group]
            self._catalog.commit_archived(documents, [_event(document, now) for document in documents])
            done += len(documents)
        return done

    def _protect(self, group: Sequence[Change], policy: Policy, now: datetime) -> None:
        wanted: list[tuple[ObjectInfo, Protection]] = []
        for change in group:
            key = record_key(change.document.collection, change.document.id)
            wanted += [(info, change.protection) for info in self._objects.versions(Bucket.LOCKED, key)]
        for content in self._contents(change.document for change in group):
            wanted.append((self._objects.head(content.ref), self._shared(content, policy, now)))
        self._objects.lock_group([(info.ref, lock) for info, want in wanted if (lock := _dated(info.lock, want)) is not None])
        for info, want in wanted:
            if info.lock.hold != want.hold:
                self._objects.set_hold(info.ref, want.hold)

    def _contents(self, documents: Iterable[Document]) -> list[Content]:
        """The stored bytes these documents are: a member's are its container's, which is a document of its own."""
        roots = {(one.collection, one.retention_class, one.sha256) for one in documents if not one.root_id}
        return list(self._catalog.contents(sorted(roots)).values())

    def _shared(self, content: Content, policy: Policy, now: datetime) -> Protection:
        """The strongest protection any document asks for that refers to these bytes."""
        known = KnownFacts(self._catalog).of(self._catalog.referrers(content))
        return reduce(strongest, (wanted(policy, about, now) for about in known.values()))


def _dated(have: Lock, want: Protection) -> Lock | None:
    """The lock to set, never weaker than the one there; None when that is strong enough. Its hold is let go only afterwards."""
    new = stronger(have, Lock(LockMode(want.lock.value), want.until, want.hold))
    return None if (new.mode, new.until) == (have.mode, have.until) else new


def _renewed(change: Change, policy: Policy) -> Document:
    return replace(
        change.document,
        retain_until=change.until,
        retention_note=change.deadline.reason,
        lock_mode=stronger(Lock(change.document.lock_mode), Lock(LockMode(change.protection.lock.value))).mode,
        policy_version=policy.version,
    )


def _event(document: Document, now: datetime) -> LedgerEvent:
    details = {
        "retain_until": document.retain_until.isoformat() if document.retain_until else None,
        "note": document.retention_note,
        "lock": document.lock_mode.value,
        "policy": document.policy_version,
        "state_sha256": digest(document),
    }
    return LedgerEvent(EXTENDED, document.id, now, details)
