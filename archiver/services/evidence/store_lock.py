"""The lock of a document's stored bytes: as the store reports it now, beside what its class promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from archiver.domain.document import Document, State
from archiver.errors import IntegrityError, NotFoundError, UnreachableError
from archiver.ports.catalog import Catalog
from archiver.ports.objects import Described, ObjectInfo, ObjectStore
from archiver.services.circumstances import KnownFacts, wanted
from retention import evidence
from retention.disposal import Circumstances
from retention.evidence import Enforcer, StoreLock
from retention.policy import Lock, Policy
from retention.protection import Protection
from retention.timestamp import timestamp

_NOTHING = Protection(Lock.NONE, None, False)


class DescribedStore(ObjectStore, Described, Protocol):
    """A store that can say who keeps its locks."""


@dataclass(frozen=True, slots=True)
class LockOf:
    """Asks the store, and the policy in force."""

    catalog: Catalog
    objects: DescribedStore
    policy: Callable[[], Policy]

    def reported(self, original: Document, now: datetime, *, may_see_holds: bool) -> StoreLock | None:
        """The lock of the bytes that the original, or its members, were archived with; None when the store does not say.

        Args:
            may_see_holds: otherwise a hold is told of only where there is no date to lock to.
        """
        try:
            info, facts = self._info(original), self.objects.facts()
        except (NotFoundError, IntegrityError, UnreachableError):
            return None
        asked = self._promised(original, now, may_see_holds=may_see_holds)
        enforcer = Enforcer.STORE if facts.locks_by_store else Enforcer.PROGRAM
        return StoreLock(
            mode=evidence.LockMode(info.lock.mode.value),
            until=timestamp(info.lock.until) if info.lock.until else None,
            hold=info.lock.hold if may_see_holds or asked.hold else None,
            promised_mode=evidence.LockMode(asked.lock.value),
            promised_until=timestamp(asked.until) if asked.until else None,
            promised_hold=asked.hold,
            enforced_by=enforcer,
        )

    def _info(self, original: Document) -> ObjectInfo:
        key = (original.collection, original.retention_class, original.sha256)
        content = self.catalog.contents([key]).get(key)
        if content is None:
            raise NotFoundError(f"the catalogue knows no stored bytes for document {original.id}")
        return self.objects.head(content.ref)

    def _promised(self, original: Document, now: datetime, *, may_see_holds: bool) -> Protection:
        known = KnownFacts(self.catalog).of([original])[original.id]
        about: Circumstances = known if may_see_holds else replace(known, holds=())
        if original.state is State.RECEIVED:
            return replace(_NOTHING, hold=bool(about.holds))
        policy = self.policy()
        asked, found = wanted(policy, about, now), policy.retention_class(original.retention_class)
        rolls = found is not None and found.lock is Lock.ROLLING and asked.until is not None
        return replace(asked, until=now) if rolls else asked
