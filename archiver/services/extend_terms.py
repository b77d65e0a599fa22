"""Carrying a new policy out for documents already archived: the store's date first, then its hold, then the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from archiver.domain.document import Document, LockMode
from archiver.domain.ledger import LedgerEvent, Value
from archiver.domain.record import digest
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.objects import Lock, ObjectStore, stronger
from archiver.services.circumstances import KnownFacts
from archiver.services.pages import pages
from archiver.services.policy_changes import Change, ChangeKind, change_of, changes
from archiver.services.policy_versions import PolicyVersions
from archiver.services.retention_turn import Turn, no_turn
from archiver.services.stored_terms import StoredTerms
from retention.policy import Policy

EXTENDED = "extended"
"""Kind of the ledger entry that a document's last day, or its lock, was set anew."""

GROUP = 500


class ExtendTerms:
    """Brings documents under a new policy. Never moves an end earlier; safe to repeat.

    Args:
        turn: taken for each page, in which everything about it is looked at once more: a hold or an event may have come since.
    """

    def __init__(self, catalog: Catalog, objects: ObjectStore, clock: Clock, *, turn: Turn = no_turn) -> None:
        self._catalog, self._clock, self._turn = catalog, clock, turn
        self._terms, self._versions = StoredTerms(catalog, objects, clock), PolicyVersions(objects)

    def run(self, policy: Policy) -> int:
        """Bring every document under `policy` that it judges otherwise than it was; returns how many."""
        done, now = 0, self._clock.now()
        found = (
            change.document.id
            for change in changes(self._catalog, policy, self._versions, now)
            if change.kind is not ChangeKind.EARLIER
        )
        for group in pages(found, GROUP):
            with self._turn():
                done += self._extend(group, policy, now)
        return done

    def _extend(self, group: Sequence[str], policy: Policy, now: datetime) -> int:
        documents = list(self._catalog.documents(group).values())
        known = KnownFacts(self._catalog).of(documents)
        judged = [change_of(one, known[one.id], policy, self._versions.of(one.policy_version), now) for one in documents]
        wanted = [change for change in judged if change is not None and change.kind is not ChangeKind.EARLIER]
        self._terms.bring(policy, [change.document for change in wanted], known)
        renewed = [_renewed(change, policy) for change in wanted]
        self._catalog.commit_archived(renewed, [LedgerEvent(EXTENDED, one.id, now, term_details(one)) for one in renewed])
        return len(renewed)


def with_lock(document: Document, lock: LockMode) -> LockMode:
    """The lock of a document's row once `lock` was set: never a weaker one."""
    return stronger(Lock(document.lock_mode), Lock(lock)).mode


def term_details(document: Document) -> dict[str, Value]:
    """What a ledger entry says of a document whose term was set anew."""
    return {
        "retain_until": document.retain_until.isoformat() if document.retain_until else None,
        "note": document.retention_note,
        "lock": document.lock_mode.value,
        "policy": document.policy_version,
        "state_sha256": digest(document),
    }


def _renewed(change: Change, policy: Policy) -> Document:
    return replace(
        change.document,
        retain_until=change.until,
        retention_note=change.deadline.reason,
        lock_mode=with_lock(change.document, LockMode(change.protection.lock.value)),
        policy_version=policy.version,
    )
