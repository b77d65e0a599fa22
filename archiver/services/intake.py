"""Intake: read a source once, store its bytes, write them down. From here on nothing is lost.

A group goes through together so that the disk is asked to be durable once: pending lines → bytes stored and read back →
documents, contents and settled lines in one transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import PurePath

from archiver.domain.batch import Line, LineState
from archiver.domain.document import Document, LockMode, State
from archiver.domain.identifiers import document_id
from archiver.domain.ledger import LedgerEvent
from archiver.domain.record import original_key
from archiver.errors import MinutierError, NotFoundError
from archiver.ports.catalog import Catalog, Content, IntakeGroup, Seen
from archiver.ports.clock import Clock
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectStore, Put, Staged
from archiver.ports.sources import FileStamp, SourceEntry, SourceError, SourceReader
from archiver.services.circumstances import KnownFacts
from archiver.services.placement import Place, Placement
from archiver.services.tombstones import archived_again, refusal

INTAKE_LOCK = timedelta(days=7)
SMALL = 256 * 1024
"""Files up to this size (bytes) go through memory; larger ones are streamed to the store as they are read."""

SPOILED = "other bytes lie where its own belong; run `minutier verify`"

ContentKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """What the import says for all its lines.

    Attributes:
        again: why what was destroyed is archived again; "" refuses it.
    """

    batch_id: str
    collection: str
    retention_class: str = ""
    grants: tuple[str, ...] = ()
    declared: dict[str, str] = field(default_factory=dict)
    rehash: bool = False
    again: str = ""


@dataclass(slots=True)
class _Draft:
    """One line on its way. `destroyed`: the tombstone of its last life, for a document that was destroyed."""

    line: Line
    entry: SourceEntry
    collection: str = ""
    place: Place | None = None
    sha256: str = ""
    size: int = 0
    body: bytes = b""
    staged: Staged | None = None
    stamp: FileStamp | None = None
    document: Document | None = None
    twin: Document | None = None
    destroyed: Document | None = None

    @property
    def key(self) -> ContentKey:
        assert self.place is not None
        return self.collection, self.place.retention_class, self.sha256


class Intake:
    """Takes groups of source entries in for one batch."""

    def __init__(
        self,
        catalog: Catalog,
        objects: ObjectStore,
        sources: SourceReader,
        clock: Clock,
        placement: Placement,
        identifier_key: bytes,
        options: IntakeOptions,
    ) -> None:
        self._catalog, self._objects, self._sources, self._clock = catalog, objects, sources, clock
        self._placement, self._identifier_key, self._options = placement, identifier_key, options
        self._restored: AbstractSet[ContentKey] = set()
        self._relied: AbstractSet[ContentKey] = set()
        self._brought_back: list[Content] = []
        self._unprotected: list[Document] = []

    def take(self, group: Sequence[tuple[Line, SourceEntry]]) -> tuple[list[Document], list[Line]]:
        """Archive the bytes of a group; returns the new documents and every line with its state. Safe to repeat."""
        drafts = [_Draft(line, entry) for line, entry in group]
        self._brought_back, self._unprotected = [], []
        self._screen(drafts)
        self._catalog.add_lines(self._options.batch_id, [draft.line for draft in drafts])
        if not any(_open(drafts)):
            return [], [draft.line for draft in drafts]
        try:
            for draft in _open(drafts):
                self._compare(draft)
            for draft in _open(drafts):
                self._read(draft)
            self._identify(_open(drafts))
            contents = self._store([draft for draft in drafts if draft.document])
            self._commit(drafts, contents)
            self._protect_again()
        finally:
            for draft in drafts:
                if draft.staged:
                    self._objects.discard(draft.staged)
        return [draft.document for draft in drafts if draft.document], [draft.line for draft in drafts]

    # -- which need not be read ---------------------------------------------------------------------------------
    def _screen(self, drafts: list[_Draft]) -> None:
        """Settle what cannot be read, and what was archived before and has not been touched since. Reads no byte."""
        for draft in drafts:
            entry = draft.entry
            draft.collection = entry.collection or self._options.collection
            if entry.problem:
                _settle(draft, LineState.SKIPPED if entry.skip else LineState.FAILED, entry.problem)
                continue
            try:
                wanted = entry.retention_class or self._options.retention_class
                draft.place = self._placement.place(draft.collection, wanted, entry.grants or self._options.grants)
            except MinutierError as error:
                _settle(draft, LineState.FAILED, f"{error} ({error.remedy})" if error.remedy else str(error))
        by_collection: dict[str, list[_Draft]] = {}
        for draft in _open(drafts):
            by_collection.setdefault(draft.collection, []).append(draft)
        for collection, members in by_collection.items():
            self._skip_untouched(collection, members)

    def _skip_untouched(self, collection: str, drafts: list[_Draft]) -> None:
        seen = self._catalog.seen(collection, [draft.entry.source for draft in drafts])
        documents = self._catalog.documents([known.document_id for known in seen.values()])
        for draft in drafts:
            known = seen.get(draft.entry.source)
            archived = documents.get(known.document_id) if known else None
            if known is None or archived is None or archived.state is State.DISPOSED:
                continue
            if not self._options.rehash and draft.entry.stamp == stamp_seen(known):
                _settle(
                    draft, LineState.ALREADY, self._already(archived, draft, "not touched since it was archived"), archived.id
                )
            elif draft.entry.stamp and known.size == draft.entry.stamp.size:
                draft.twin = archived

    def _compare(self, draft: _Draft) -> None:
        """A touched file of the same size as it was archived with: hash it before anything is written for it."""
        archived = draft.twin
        if archived is None:
            return
        digest = hashlib.sha256()
        try:
            for chunk in self._sources.chunks(draft.entry.source):
                digest.update(chunk)
        except SourceError:
            return  # it is read again, and what is wrong with it then is told
        if archived.sha256 == digest.hexdigest() and self._present([_content_key(archived)]):
            draft.stamp = draft.entry.stamp
            _settle(draft, LineState.ALREADY, self._already(archived, draft, "same bytes as archived"), archived.id)

    def _already(self, archived: Document | None, draft: _Draft, reason: str) -> str:
        """Why nothing is archived again, and what of this import's wishes it does not change."""
        if archived is None or draft.place is None:
            return reason
        declared = {**self._options.declared, **draft.entry.declared}
        kept = []
        if archived.retention_class != draft.place.retention_class:
            kept.append(f"class {archived.retention_class}")
        if set(archived.grants) != set(draft.place.grants):
            kept.append(f"grants {', '.join(archived.grants) or 'of the owner only'}")
        if declared and any(archived.declared.get(name) != value for name, value in declared.items()):
            kept.append("metadata")
        return f"{reason}; it keeps its {' and its '.join(kept)}" if kept else reason

    # -- bytes --------------------------------------------------------------------------------------------------
    def _read(self, draft: _Draft) -> None:
        """Stream one source; once more if it changes under our hands."""
        for last in (False, True):
            try:
                draft.stamp = self._sources.stamp(draft.entry.source)
                self._stream(draft)
                return
            except SourceError as error:
                if last or "changed" not in str(error):
                    _settle(draft, LineState.FAILED, str(error))
                    return

    def _stream(self, draft: _Draft) -> None:
        chunks = self._sources.chunks(draft.entry.source)
        head = list(_up_to(chunks, SMALL))
        if (draft.stamp is None or draft.stamp.size <= SMALL) and sum(map(len, head)) <= SMALL:
            draft.body = b"".join([*head, *chunks])
            draft.sha256, draft.size = hashlib.sha256(draft.body).hexdigest(), len(draft.body)
            return
        draft.staged = self._objects.stage(chain(head, chunks))
        draft.sha256, draft.size = draft.staged.sha256, draft.staged.size

    # -- who it is ----------------------------------------------------------------------------------------------
    def _identify(self, drafts: Iterable[_Draft]) -> None:
        """Give each its document, before a byte of it is stored; settle those that are known, and those that were destroyed."""
        fresh = list(drafts)
        now = self._clock.now()
        for draft in fresh:
            draft.document = self._document(draft, now)
        known = self._known(fresh)
        taken: set[str] = set()
        for draft in fresh:
            assert draft.document is not None
            if draft.document.id in known or draft.document.id in taken:
                before = known.get(draft.document.id)
                said = self._bring_back(draft, before) if before else "archived before"
                _settle(draft, LineState.ALREADY, self._already(before, draft, said), draft.document.id)
                draft.document = None
            elif draft.destroyed and not self._options.again:
                _settle(draft, LineState.REFUSED, refusal(self._catalog, draft.destroyed), draft.destroyed.id)
                draft.document = None
            else:
                taken.add(draft.document.id)

    def _known(self, drafts: Sequence[_Draft]) -> dict[str, Document]:
        """By id, what is there of these documents. One that was destroyed goes on to the life after, as often as it was."""
        known: dict[str, Document] = {}
        asked = list(drafts)
        while asked:
            found = self._catalog.documents([draft.document.id for draft in asked if draft.document])
            known |= {one: document for one, document in found.items() if document.state is not State.DISPOSED}
            asked = [draft for draft in asked if draft.document and draft.document.id in found.keys() - known.keys()]
            for draft in asked:
                assert draft.document is not None
                draft.destroyed = found[draft.document.id]
                draft.document = self._document(draft, draft.document.received_at, draft.document.life + 1)
        return known

    def _document(self, draft: _Draft, now: datetime, life: int = 0) -> Document:
        assert draft.place is not None
        entry = draft.entry
        return Document(
            id=document_id(self._identifier_key, draft.collection, entry.source, draft.sha256, life),
            sequence=0,
            collection=draft.collection,
            retention_class=draft.place.retention_class,
            source=entry.source,
            name=entry.name or PurePath(entry.source).name,
            sha256=draft.sha256,
            size=draft.size,
            state=State.RECEIVED,
            outcome=None,
            reason="",
            media_type="",
            language="",
            received_at=now,
            batch_id=self._options.batch_id,
            life=life,
            declared={**self._options.declared, **entry.declared},
            grants=draft.place.grants,
            denies=draft.place.denies,
        )

    # -- what was lost ------------------------------------------------------------------------------------------
    def _present(self, keys: Sequence[ContentKey]) -> set[ContentKey]:
        """Which of these contents are known, and still lie in the store in their full size."""
        return self._in_store(self._catalog.contents(keys))

    def _in_store(self, known: Mapping[ContentKey, Content]) -> set[ContentKey]:
        return {key for key, content in known.items() if (info := self._found(content)) and info.sha256}

    def _found(self, content: Content) -> ObjectInfo | None:
        try:
            return self._objects.head(content.ref)
        except NotFoundError:
            return None

    def _bring_back(self, draft: _Draft, before: Document) -> str:
        """Bytes that the store lost are put back from a source that still has them; returns what is said of the line."""
        key = _content_key(before)
        content = self._catalog.contents([key]).get(key)
        info = self._found(content) if content else None
        if before.state is not State.RECEIVED and (info is None or info.intake):
            self._unprotected.append(before)
        if info and info.sha256:
            return "archived before"
        (result,) = self._objects.put([Put(Bucket.LOCKED, original_key(*key), draft.staged, draft.body, self._intake_lock())])
        draft.staged = None
        if result.info.sha256 != draft.sha256:
            return f"archived before, and damaged since: {SPOILED}"
        self._brought_back.append(Content(*key, draft.size, result.info.ref))
        return "archived before; its bytes had been lost from the store and were put back"

    def _protect_again(self) -> None:
        """The lock of what was put back, once the catalogue has it: should its document have been destroyed at that very
        moment, it keeps the short lock of an arrival that nobody wrote down, and goes when that ends."""
        contents = self._catalog.contents([_content_key(document) for document in self._unprotected])
        known = KnownFacts(self._catalog).of(self._unprotected)
        for document in self._unprotected:
            if content := contents.get(_content_key(document)):
                now, about = self._clock.now(), known[document.id]
                term = self._placement.term(
                    document.retention_class, document.received_at, document.declared, now, happened=about.facts.events
                )
                self._objects.protect([(content.ref, replace(term.lock, hold=term.lock.hold or bool(about.holds)))])

    def _intake_lock(self) -> Lock:
        return Lock(LockMode.GOVERNANCE, self._clock.now() + INTAKE_LOCK)

    # -- store --------------------------------------------------------------------------------------------------
    def _store(self, drafts: list[_Draft]) -> list[Content]:
        """Put what is not stored yet; a line whose content was there before is a duplicate."""
        listed = self._catalog.contents([draft.key for draft in drafts])
        known = self._in_store(listed)
        self._restored, self._relied = listed.keys() - known, known
        fresh: dict[ContentKey, _Draft] = {}
        for draft in drafts:
            new = draft.key not in known and fresh.setdefault(draft.key, draft) is draft
            state = LineState.NEW if new else LineState.DUPLICATE
            reason = "" if new else "the same bytes are archived already; stored once"
            assert draft.document is not None
            draft.line = replace(draft.line, state=state, document_id=draft.document.id, reason=reason)
        lock = self._intake_lock()
        puts = [Put(Bucket.LOCKED, original_key(*key), draft.staged, draft.body, lock) for key, draft in fresh.items()]
        contents, spoiled = [], set()
        for (key, draft), result in zip(fresh.items(), self._objects.put(puts), strict=True):
            draft.staged = None
            if result.info.sha256 == draft.sha256:
                contents.append(Content(*key, draft.size, result.info.ref))
            else:
                spoiled.add(key)
        for draft in drafts:
            if draft.key in spoiled:
                _settle(draft, LineState.FAILED, SPOILED)
                draft.document = None
        return contents

    def _commit(self, drafts: list[_Draft], contents: list[Content]) -> None:
        batch = self._options.batch_id
        documents = [draft.document for draft in drafts if draft.document]
        seen = [
            Seen(
                draft.collection,
                draft.entry.source,
                stamp.size,
                stamp.mtime_ns,
                stamp.ctime_ns,
                stamp.inode,
                draft.line.document_id,
            )
            for draft in drafts
            if (stamp := draft.stamp) and draft.line.document_id and draft.line.state is not LineState.REFUSED
        ]
        lines = [(batch, draft.line) for draft in drafts]
        contents = [*contents, *self._brought_back]
        events = [event for draft in drafts if (event := self._again(draft))]
        group = IntakeGroup(lines, documents, contents, seen, self._restored, self._relied, events)
        settled = self._catalog.commit_intake(group)
        for draft, (_, line) in zip(drafts, settled, strict=True):
            draft.line = line
            if line.state not in (LineState.NEW, LineState.DUPLICATE):  # it is in the hands of another import, or was destroyed
                draft.document = None

    def _again(self, draft: _Draft) -> LedgerEvent | None:
        """The entry that a destroyed document is archived again, and why."""
        if draft.document is None or draft.destroyed is None:
            return None
        return archived_again(draft.document, draft.destroyed, self._options.again)


def _content_key(document: Document) -> ContentKey:
    return document.collection, document.retention_class, document.sha256


def _open(drafts: Iterable[_Draft]) -> Iterator[_Draft]:
    return (draft for draft in drafts if draft.line.state is LineState.PENDING)


def _settle(draft: _Draft, state: LineState, reason: str, document: str = "") -> None:
    draft.line = replace(draft.line, state=state, reason=reason, document_id=document)


def stamp_seen(seen: Seen) -> FileStamp:
    """What a source file looked like when it was archived."""
    return FileStamp(seen.size, seen.mtime_ns, seen.ctime_ns, seen.inode)


def _up_to(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Chunks until more than `size` bytes were taken."""
    for chunk in chunks:
        yield chunk
        size -= len(chunk)
        if size < 0:
            return
