"""Destroying a chunk of a plan: last judgement, then everything there is of each document.

The order is: what lies in the store is looked up; the catalogue, in one transaction, judges each document a last time and makes
tombstones of those that go (from there on nobody can hold them, and nothing brings them back); then the objects go, each version
by its address; then the index; then it is looked whether anything remains; then items and ledger say so. A run that is cut off
anywhere is taken up again by what the items say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime

from archiver.domain.document import Document, State
from archiver.domain.ledger import LedgerEvent
from archiver.domain.purging import STRAY
from archiver.domain.record import text_key
from archiver.errors import IntegrityError, MinutierError, NotFoundError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.objects import Bucket, ObjectInfo, ObjectRef, ObjectStore
from archiver.ports.retention_rows import Known, PurgeItem, Stored
from archiver.services.purge.addresses import Place, address_of, places_of, ref_of, refs_of, require_own, store_says
from archiver.services.purge.last_judgement import LastJudgement
from retention.certificate import Failure
from retention.disposal import AtStore, Withheld
from retention.disposed_entry import DISPOSED
from retention.plan import ItemState
from retention.policy import Policy
from retention.statements import Approval

_Versions = Mapping[Place, Sequence[ObjectInfo]]

Unindex = Callable[[Mapping[str, int]], None]
"""Told the sequences of tombstones, by document: whose entries are to leave the index."""


@dataclass(frozen=True, slots=True)
class Stray:
    """A version that nobody should have written: a delete marker, or bytes put over others. Reported, and removed with the rest."""

    document_id: str
    place: str


@dataclass(frozen=True, slots=True)
class Destroy:
    """Destroys items of one purge. Safe to run twice, and by several processes for different documents.

    Args:
        policy: the one in force, asked for each chunk.
        turn: within it nobody changes what protects documents. The store is asked before: a change that came between is in the
            catalogue, which judges last.
        stray: is told of versions that should not be there; the ledger is, too.
    """

    catalog: Catalog
    objects: ObjectStore
    policy: Callable[[], Policy]
    clock: Clock
    unindex: Unindex
    turn: Callable[[], AbstractContextManager[None]] = nullcontext
    stray: Callable[[Stray], None] = lambda _: None

    def run(self, purge_id: str, items: Sequence[PurgeItem], time: Callable[[], datetime] | None = None) -> list[PurgeItem]:
        """The items as they are afterwards. Originals and their members are to be given together.

        Args:
            time: asked within the turn, just before the last judgement: the time, or an error when nothing may go on.

        Raises:
            UnreachableError: a part does not answer; what was begun is finished by the next run.
        """
        begun = [item for item in items if _begun(item)]
        self._require_tombstones(purge_id, begun)
        planned = [
            item for item in items if item.state is ItemState.PLANNED or (item.state is ItemState.FAILED and not item.refs)
        ]
        judged = self._condemn(purge_id, planned, time or self.clock.now) if planned else []
        going = [*begun, *(item for item in judged if item.state is ItemState.GOING)]
        stayed = [item for item in judged if item.state is ItemState.WITHHELD]
        return stayed + (self._remove(purge_id, going) if going else [])

    # -- last judgement -----------------------------------------------------------------------------------------
    def _condemn(self, purge_id: str, planned: Sequence[PurgeItem], time: Callable[[], datetime]) -> list[PurgeItem]:
        documents = self.catalog.documents([one.item.document_id for one in planned])
        places = [place for one in planned for place in places_of(one, documents.get(one.item.document_id))]
        versions = self.objects.versions_of(list(dict.fromkeys(places)))
        self._tell_strays(purge_id, documents, planned, versions)
        with self.turn():  # what the store was asked before can only have become more: the catalogue knows of it, or refuses
            now = time()
            stored, at_store, sharers = {}, {}, {}
            for one in (replace(each, at=now) for each in planned):
                document, at = documents.get(one.item.document_id), one.item.position
                stored[at], at_store[at], sharers[at] = self._stored(one, document, versions, now)
            policy, borne = self.policy(), self._borne(purge_id)

            def doom(known: Known, there: Mapping[int, Stored]) -> dict[int, Withheld]:
                return LastJudgement(known, policy, now, at_store, sharers, borne).of(there)

            return self.catalog.condemn(purge_id, stored, doom)

    def _stored(
        self, one: PurgeItem, document: Document | None, versions: _Versions, now: datetime
    ) -> tuple[Stored, list[AtStore], frozenset[str]]:
        """What lies in the store, what that says, and who else keeps bytes that the store would not let go."""
        if document is None:
            return Stored(one), [], frozenset()
        found: dict[str, list[Sequence[ObjectInfo]]] = {kind: [] for kind in _KINDS}
        for place in places_of(one, document):
            found[place[1].partition("/")[0]].append(versions[place])
        record, text, original = (found[kind] for kind in _KINDS)
        if document.attempts > 1:
            text.append(self._earlier_texts(document))
        says = [store_says(info) for group in record for info in group]
        bytes_say = [store_says(info) for group in original for info in group]
        sharers = self._others(document) if any(each.refuses(now) for each in bytes_say) else frozenset()
        stored = Stored(one, document.text_key, refs_of(record), refs_of(text), refs_of(original), keep_bytes=bool(sharers))
        return stored, says if sharers else says + bytes_say, sharers

    def _borne(self, purge_id: str) -> Approval | None:
        """The approval this goes by; None for none."""
        given = self.catalog.purge(purge_id).approvals
        return Approval.parse(given[-1].statement) if given else None

    def _tell_strays(
        self,
        purge_id: str,
        documents: Mapping[str, Document],
        planned: Sequence[PurgeItem],
        versions: _Versions,
    ) -> None:
        """Enter versions that nobody should have written, before they go with the rest."""
        found = [
            Stray(one.item.document_id, f"{info.ref.bucket}:{info.ref.key} version {info.ref.version}")
            for one in planned
            for place in places_of(one, documents.get(one.item.document_id))
            for info in versions[place]
            if not info.sha256
        ]
        for each in found:
            self.stray(each)
        if found:
            now = self.clock.now()
            entries = [LedgerEvent(STRAY, one.document_id, now, {"purge": purge_id, "place": one.place}) for one in found]
            self.catalog.settle(purge_id, [], entries)

    def _earlier_texts(self, document: Document) -> list[ObjectInfo]:
        """Every text that was ever stored for these bytes: a second reading leaves the first one where it was."""
        if not document.sha256:
            return []
        there = self.objects.list(Bucket.DELETABLE, text_key(document.collection, document.sha256, ""))
        return [info for info in there if info.ref.key != document.text_key]

    def _others(self, document: Document) -> frozenset[str]:
        """Which other documents refer to the same bytes: while one of them stays, so do the bytes."""
        key = (document.collection, document.retention_class, document.sha256)
        content = self.catalog.contents([key]).get(key)
        return (
            frozenset(str(one.id) for one in self.catalog.referrers(content) if one.id != document.id) if content else frozenset()
        )

    # -- removal ------------------------------------------------------------------------------------------------
    def _remove(self, purge_id: str, going: Sequence[PurgeItem]) -> list[PurgeItem]:
        require_own(going)
        refs = list(dict.fromkeys(ref_of(ref) for one in going for ref in one.refs))
        kept = {ref: error for ref, error in self.objects.delete_group(refs).items() if not isinstance(error, NotFoundError)}
        self.unindex(self._sequences(going))
        left = self._left(going)
        now = self.clock.now()
        done = [_settled(one, kept, left, now) for one in going]
        executed = [one for one in done if one.state is ItemState.EXECUTED]
        self.catalog.settle(purge_id, done, [_event(purge_id, one, one.at or now) for one in executed])
        return done

    def _left(self, going: Sequence[PurgeItem]) -> dict[Place, list[ObjectRef]]:
        """Versions that are there after the removal, by key: also such as came in between, unless a living document refers to them."""
        places = list(dict.fromkeys((ref_of(ref).bucket, ref[1]) for one in going for ref in one.refs))
        there = {place: [info.ref for info in found] for place, found in self.objects.versions_of(places).items() if found}
        if not there:
            return {}
        documents = self.catalog.documents([one.item.document_id for one in going])
        used = self.catalog.texts_in_use(list(documents.values()))
        contents = self.catalog.contents([address_of(one) for one in going])
        owned = {content.ref for content in contents.values()}
        return {
            place: mine
            for place, found in there.items()
            if place[1] not in used and (mine := [ref for ref in found if ref not in owned])
        }

    def _require_tombstones(self, purge_id: str, begun: Sequence[PurgeItem]) -> None:
        """What is to be finished was begun by this purge: its row says so, too."""
        documents = self.catalog.documents([one.item.document_id for one in begun])
        for one in begun:
            found = documents.get(one.item.document_id)
            if found is None or found.state is not State.DISPOSED or found.purge_id != purge_id:
                raise IntegrityError(
                    f"item {one.item.position} of purge {purge_id} says that it has begun, and its document says no such thing",
                    remedy="run `minutier verify`: somebody changed the catalogue by hand",
                )

    def _sequences(self, going: Sequence[PurgeItem]) -> dict[str, int]:
        known = {one.item.document_id: one.sequence for one in going if one.sequence}
        others = [one.item.document_id for one in going if not one.sequence]
        return known | {key: one.sequence for key, one in self.catalog.documents(others).items()}


_KINDS = ("records", "texts", "originals")


def _begun(one: PurgeItem) -> bool:
    """Whether its document is a tombstone already. One that was set aside before its last judgement has failed, and is not."""
    return one.state is ItemState.GOING or (one.state is ItemState.FAILED and bool(one.refs))


def _settled(
    one: PurgeItem, kept: Mapping[ObjectRef, MinutierError], left: Mapping[Place, Sequence[ObjectRef]], now: datetime
) -> PurgeItem:
    refs = [ref_of(ref) for ref in one.refs]
    remain = [ref for place in dict.fromkeys((ref.bucket, ref.key) for ref in refs) for ref in left.get(place, ())]
    every = list(dict.fromkeys([*one.refs, *((ref.bucket.value, ref.key, ref.version) for ref in remain)]))
    if any(ref in kept for ref in refs):
        return replace(one, state=ItemState.FAILED, why=Failure.REFUSED.value, refs=every)
    if remain:
        return replace(one, state=ItemState.FAILED, why=Failure.REMAINS.value, refs=every)
    return replace(one, state=ItemState.EXECUTED, why="", at=one.at or now)


def _event(purge_id: str, one: PurgeItem, now: datetime) -> LedgerEvent:
    item = one.item.commitment(purge_id).hex()
    return LedgerEvent(DISPOSED, one.item.document_id, now, {"purge": purge_id, "item": item})
