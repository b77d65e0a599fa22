"""What the store is told of documents: dates first, then holds; a hold goes only where nothing asks for it any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import reduce

from archiver.domain.document import Document, LockMode, State
from archiver.domain.record import record_key
from archiver.ports.catalog import Catalog, Content
from archiver.ports.clock import Clock
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectStore, stronger
from archiver.services.circumstances import KnownFacts, wanted
from retention.disposal import Circumstances
from retention.policy import Lock as LockRule
from retention.policy import Policy
from retention.protection import Protection, strongest

Asked = tuple[ObjectInfo, Protection]

_NOTHING = Protection(LockRule.NONE, None, False)


class StoredTerms:
    """Sets what documents ask for on every stored version of them. Only within the retention turn; safe to repeat.

    Bytes that several documents refer to get what the strongest of them asks for. Versions that were never confirmed (put over
    others, markers) are left as they are: `verify` reports them.
    """

    def __init__(self, catalog: Catalog, objects: ObjectStore, clock: Clock) -> None:
        self._catalog, self._objects, self._clock = catalog, objects, clock

    def bring(self, policy: Policy, documents: Sequence[Document], known: Mapping[str, Circumstances]) -> None:
        """Locks of archived documents, never weaker than those there, and then holds.

        Args:
            known: circumstances as they are to become, of each of `documents`.
        """
        asked = list(self._asked(policy, documents, known))
        self._objects.lock_group([(info.ref, lock) for info, want in asked if (lock := _dated(info.lock, want)) is not None])
        self._hold(asked)

    def settle_holds(self, policy: Policy, documents: Sequence[Document], known: Mapping[str, Circumstances]) -> None:
        """Holds alone: set where they are asked for, let go where nothing asks for one."""
        self._hold(list(self._asked(policy, documents, known)))

    def hold(self, documents: Sequence[Document]) -> list[Document]:
        """Set the hold on every version of these, whatever they ask for; those of which no stored bytes were found."""
        infos = [info for _, info in self._records(documents)]
        contents = self._contents(documents)
        stored = self._stored(contents)
        infos += [info for found in stored.values() for info in found]
        self._objects.hold_group([info.ref for info in infos if not info.lock.hold], True)
        return [one for one in documents if not one.root_id and not stored.get(_content_key(one))]

    def _hold(self, asked: Sequence[Asked]) -> None:
        self._objects.hold_group([info.ref for info, want in asked if want.hold and not info.lock.hold], True)
        free = [(info, want) for info, want in asked if info.lock.hold and not want.hold]
        self._end_arrivals(free)
        self._objects.hold_group([info.ref for info, _ in free], False)

    def _end_arrivals(self, free: Sequence[Asked]) -> None:
        """Under a hold a store may keep what is left of the lock of an arrival: before the hold goes, that becomes the final one.
        Bytes of what is only received have no other lock, and keep it."""
        known = self._catalog.contents(list({_stored_key(info) for info, _ in free if info.ref.key.startswith("originals/")}))
        referrers = self._catalog.referrers_of(list(known.values()))
        final = {known[key].ref.key: any(one.state is not State.RECEIVED for one in found) for key, found in referrers.items()}
        self._objects.protect(
            (info.ref, Lock(LockMode(want.lock.value), want.until)) for info, want in free if final.get(info.ref.key)
        )

    def _asked(self, policy: Policy, documents: Sequence[Document], known: Mapping[str, Circumstances]) -> Iterator[Asked]:
        now = self._clock.now()
        for document, info in self._records(documents):
            yield info, wanted(policy, known[document.id], now)
        contents = self._contents(documents)
        stored = self._stored(contents)
        for key, want in self._shared(list(contents.values()), policy, known, now).items():
            yield from ((info, want) for info in stored[key])

    def _records(self, documents: Sequence[Document]) -> list[tuple[Document, ObjectInfo]]:
        by_key = {record_key(one.collection, one.id): one for one in documents if one.state is not State.RECEIVED}
        found = self._objects.versions_of([(Bucket.LOCKED, key) for key in by_key])
        return [(by_key[key], info) for (_, key), infos in found.items() for info in infos if info.sha256]

    def _contents(self, documents: Sequence[Document]) -> dict[tuple[str, str, str], Content]:
        """The stored bytes these documents are: a member's are its container's, which is a document of its own."""
        return self._catalog.contents(sorted({_content_key(one) for one in documents if not one.root_id}))

    def _stored(self, contents: Mapping[tuple[str, str, str], Content]) -> dict[tuple[str, str, str], list[ObjectInfo]]:
        found = self._objects.versions_of([(content.ref.bucket, content.ref.key) for content in contents.values()])
        return {
            key: [info for info in found[content.ref.bucket, content.ref.key] if info.sha256 or info.ref == content.ref]
            for key, content in contents.items()
        }

    def _shared(
        self, contents: Sequence[Content], policy: Policy, known: Mapping[str, Circumstances], now: datetime
    ) -> dict[tuple[str, str, str], Protection]:
        """For each the strongest protection any document asks for that refers to these bytes; one that is only received asks for
        its holds alone, its end is not known before it is archived."""
        referrers = self._catalog.referrers_of(contents)
        others = KnownFacts(self._catalog).of([one for all_ in referrers.values() for one in all_ if one.id not in known])

        def asked(document: Document) -> Protection:
            about = known[document.id] if document.id in known else others[document.id]
            received = document.state is State.RECEIVED
            return replace(_NOTHING, hold=bool(about.holds)) if received else wanted(policy, about, now)

        return {key: reduce(strongest, map(asked, found), _NOTHING) for key, found in referrers.items()}


def _stored_key(info: ObjectInfo) -> tuple[str, str, str]:
    _, collection, retention_class, _, sha256 = info.ref.key.split("/")
    return collection, retention_class, sha256


def _content_key(document: Document) -> tuple[str, str, str]:
    return document.collection, document.retention_class, document.sha256


def _dated(have: Lock, want: Protection) -> Lock | None:
    """The lock to set, never weaker than the one there; None when that is strong enough. Its hold is let go only afterwards."""
    new = stronger(have, Lock(LockMode(want.lock.value), want.until, want.hold))
    return None if (new.mode, new.until) == (have.mode, have.until) else new
