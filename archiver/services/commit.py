"""Commit: what was read becomes text, record, final lock, catalogue row, ledger entry and index entry, in that order.

A group goes through together. Every step may run twice: objects are create-only, rows are replaced, and a record that is
there already is the truth about its document.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from archiver.domain import record
from archiver.domain.digest import of_bytes
from archiver.domain.document import Document, State
from archiver.domain.extraction import Extraction, Outcome
from archiver.domain.ledger import ARCHIVED, LedgerEvent, Value
from archiver.errors import IntegrityError, LostClaimError, NotFoundError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.index import IndexEntry
from archiver.ports.objects import Bucket, Lock, ObjectRef, ObjectStore, Put, stronger
from archiver.services.circumstances import KnownFacts
from archiver.services.extract import Result
from archiver.services.index_documents import entry_of
from archiver.services.placement import Placement, Term
from archiver.services.retention_turn import Turn, no_turn
from archiver.services.texts import decode, encode, key_for
from archiver.services.tombstones import remove_revived
from retention.disposal import Circumstances
from retention.timestamp import timestamp

GROUP_COUNT = 256
GROUP_CHARS = 16_000_000
INDEX_COUNT = 10_000
INDEX_SECONDS = 30.0
NEVER = datetime.min.replace(tzinfo=UTC)

READ_AGAIN = "read_again"
"""Kind of the ledger entry that a document was read a second time, and better."""


class IndexFeed(Protocol):
    """The part of `ports.index.Index` that a commit tells."""

    def add(self, entries: Iterable[IndexEntry]) -> None: ...

    def commit(self, sequence: int) -> None: ...

    def sequence(self) -> int: ...


@dataclass(frozen=True, slots=True)
class _Ready:
    """A document in its final state, with what goes with it. `before`: its state when it was archived already."""

    document: Document
    extraction: Extraction
    term: Term
    before: Document | None = None
    read_at: datetime = NEVER


class Commit:
    """Collects results and commits them in groups; call `flush` at the end.

    Args:
        again: documents that are archived already are being read a second time: a better reading replaces the one before.
            Otherwise they are left as they are.
        claimed_by: the worker whose claims on these documents must hold to the end; "" when nobody else could work on them.
        turn: shared with whoever else adds documents; keeps out holds, events and destruction while a group is committed, so
            that what was placed on a document before it was archived is on it afterwards.
    """

    def __init__(
        self,
        catalog: Catalog,
        objects: ObjectStore,
        index: IndexFeed,
        clock: Clock,
        placement: Placement,
        *,
        again: bool = False,
        claimed_by: str = "",
        turn: Turn = no_turn,
    ) -> None:
        self._catalog, self._objects, self._index, self._clock, self._placement = catalog, objects, index, clock, placement
        self._again, self._claimed_by, self._turn = again, claimed_by, turn
        self._waiting: list[Result] = []
        self._chars = 0
        self._unindexed = 0
        self._index_due = time.monotonic() + INDEX_SECONDS
        self._sequence = index.sequence()
        self._judge, self.policy_version = placement, 0
        self._about: dict[str, Circumstances] = {}
        self.outcomes: dict[str, int] = {}
        self.renewed = 0
        self.committed = 0

    def add(self, result: Result) -> None:
        """Take one result."""
        self._waiting.append(result)
        self._chars += len(result.extraction.text)
        if len(self._waiting) >= GROUP_COUNT or self._chars >= GROUP_CHARS:
            self.flush_group()

    def flush(self) -> None:
        """Everything taken so far is durable and searchable on return."""
        self.flush_group()
        if self._unindexed:
            self._commit_index()

    def flush_group(self) -> None:
        """Everything taken so far is durable on return."""
        results, self._waiting, self._chars = self._waiting, [], 0
        if not results:
            return
        with self._turn(shared=True):
            ready = self._committed(results)
        if not ready:
            return
        documents = [one.document for one in ready]
        self.renewed += sum(one.before is not None for one in ready)
        first = self._sequence - len(documents) + 1
        self._index.add(entry_of(one.document, one.extraction, first + place) for place, one in enumerate(ready))
        self._count(documents)

    def _committed(self, results: Sequence[Result]) -> list[_Ready]:
        ready = self._worth_committing(results)
        if not ready:
            return ready
        ready = self._write_records(self._write_texts(ready))
        self._lock_originals(ready)
        documents = [one.document for one in ready]
        claims = {"claimed_by": self._claimed_by} if self._claimed_by else {}
        try:
            self._sequence = self._catalog.commit_archived(documents, [_event(one) for one in ready], **claims)
        except LostClaimError:
            remove_revived(self._catalog, self._objects, documents)
            raise
        return ready

    def _worth_committing(self, results: Sequence[Result]) -> list[_Ready]:
        """What is new, and readings that are better than the one before. Of two results for one document the last counts."""
        latest = {result.document.id: result for result in results}
        self._judge = Placement(self._placement.policy)  # one policy for a group, should another come into force meanwhile
        self.policy_version = self._judge.policy.version
        old = [key for key, result in latest.items() if self._again or self._claimed_by or result.document.root_id]
        known = self._catalog.documents(old) if old else {}
        self._about = KnownFacts(self._catalog).of([result.document for result in latest.values()])
        ready = []
        for key, result in latest.items():
            before = known.get(key)
            if before is None or before.state is State.RECEIVED:
                ready.append(self._ready(result))
            elif self._again and before.state is not State.DISPOSED and better(result, before):
                ready.append(self._renewed(result, before))
        return ready

    def _renewed(self, result: Result, before: Document) -> _Ready:
        """A second reading: its text gets a place of its own, term and record stay."""
        one = self._ready(result)
        document = replace(
            one.document,
            record_sha256=before.record_sha256,
            archived_at=before.archived_at,
            retain_until=before.retain_until,
            retention_note=before.retention_note,
            lock_mode=before.lock_mode,
            policy_version=before.policy_version,
            attempts=before.attempts + 1,
        )
        if document.text_key:
            document = replace(document, text_key=f"{document.text_key}-{document.attempts}")
        return replace(one, document=document, before=before)

    def _ready(self, result: Result) -> _Ready:
        document, extraction = result.document, result.extraction
        now = self._clock.now()
        about = self._about[document.id]
        term = self._judge.term(
            document.retention_class, document.received_at, document.declared, now, happened=about.facts.events
        )
        if about.holds:
            term = replace(term, lock=replace(term.lock, hold=True))
        summary = {name: value for name, value in extraction.summary.items() if value}
        document = replace(
            document,
            state=State.QUARANTINED if document.state is State.QUARANTINED else State.ARCHIVED,
            outcome=extraction.outcome,
            reason=extraction.reason,
            media_type=extraction.media_type,
            language=extraction.language,
            summary=summary,
            archived_at=now,
            retain_until=term.retain_until,
            retention_note=term.note,
            lock_mode=term.lock.mode,
            policy_version=self.policy_version,
            text_key=key_for(document, extraction),
        )
        return _Ready(document, extraction, term, read_at=now)

    # -- objects ------------------------------------------------------------------------------------------------
    def _write_texts(self, ready: list[_Ready]) -> list[_Ready]:
        """Store texts, each once. One that differs from what lies under its key gets a key of its own."""
        first: dict[str, _Ready] = {}
        for one in ready:
            if one.document.text_key:
                first.setdefault(one.document.text_key, one)
        bodies = {key: encode(one.document.sha256, one.extraction) for key, one in first.items()}
        results = self._objects.put([Put(Bucket.DELETABLE, key, body=body) for key, body in bodies.items()])
        taken = {
            key: result.info.ref
            for (key, body), result in zip(bodies.items(), results, strict=True)
            if not result.created and result.info.sha256 != of_bytes(body)
        }
        apart = {key for key, ref in taken.items() if self._differs(ref, bodies[key])}
        moved = [
            _with_own_text(one) if (key := one.document.text_key) in apart or (key and _read_apart(one, first[key])) else one
            for one in ready
        ]
        own = [one for one in moved if one.document.text_key.endswith(one.document.id)]
        if own:
            self._objects.put(
                Put(Bucket.DELETABLE, one.document.text_key, body=encode(one.document.sha256, one.extraction)) for one in own
            )
        return moved

    def _differs(self, ref: ObjectRef, body: bytes) -> bool:
        """Whether a stored text says less or other than `body`, the same bytes may have been read without a password or by another
        name; or is damaged, which is for `verify` to report and costs this document nothing."""
        try:
            with self._objects.open(ref) as stream:
                there, new = decode(stream.read()), decode(body)
        except (NotFoundError, IntegrityError):
            return True
        return _said(there) != _said(new)

    def _write_records(self, ready: list[_Ready]) -> list[_Ready]:
        fresh = [one for one in ready if one.before is None]
        bodies = [record.encode(one.document) for one in fresh]
        puts = [
            Put(Bucket.LOCKED, record.record_key(one.document.collection, one.document.id), body=body, lock=one.term.lock)
            for one, body in zip(fresh, bodies, strict=True)
        ]
        written = [one for one in ready if one.before is not None]
        for one, body, result in zip(fresh, bodies, self._objects.put(puts), strict=True):
            if result.created or result.info.sha256 == of_bytes(body):
                document = one.document
            else:
                document = self._adopt(one.document, result.info.ref)
            written.append(replace(one, document=replace(document, record_sha256=result.info.sha256)))
        return written

    def _adopt(self, document: Document, ref: ObjectRef) -> Document:
        """A record written before a crash stands: the row is made to say what it says."""
        with self._objects.open(ref) as stream:
            found = record.decode(stream.read())
        return replace(found, attempts=document.attempts)

    def _lock_originals(self, ready: list[_Ready]) -> None:
        """The final lock of each content: the strongest of all documents that refer to it."""
        terms: dict[tuple[str, str, str], Lock] = {}
        for one in ready:
            if not one.document.root_id and one.before is None:
                key = (one.document.collection, one.document.retention_class, one.document.sha256)
                terms[key] = stronger(terms.get(key, one.term.lock), one.term.lock)
        contents = self._catalog.contents(list(terms))
        # One whose bytes went with its document meanwhile is met, and refused, when the rows are written.
        self._objects.protect((contents[key].ref, lock) for key, lock in terms.items() if key in contents)

    # -- counts and index ---------------------------------------------------------------------------------------
    def _count(self, documents: list[Document]) -> None:
        for document in documents:
            if not document.root_id:
                name = document.outcome.value if document.outcome else Outcome.CRASHED.value
                self.outcomes[name] = self.outcomes.get(name, 0) + 1
        self.committed += len(documents)
        self._unindexed += len(documents)
        if self._unindexed >= INDEX_COUNT or time.monotonic() > self._index_due:
            self._commit_index()

    def _commit_index(self) -> None:
        self._index.commit(self._sequence)
        self._unindexed = 0
        self._index_due = time.monotonic() + INDEX_SECONDS


def _read_apart(one: _Ready, other: _Ready) -> bool:
    return one is not other and _said(one.extraction) != _said(other.extraction)


def _said(read: Extraction) -> tuple[object, ...]:
    """What is shown of a reading."""
    return read.outcome, read.media_type, read.text, read.metadata


def _with_own_text(one: _Ready) -> _Ready:
    document = one.document
    return replace(one, document=replace(document, text_key=f"{document.text_key}-{document.id}"))


def _event(one: _Ready) -> LedgerEvent:
    document = one.document
    if one.before is None:
        return archived_entry(document)
    details = _outcome(document)
    details |= {"text": document.text_key, "members": document.members, "members_failed": document.members_failed}
    return LedgerEvent(READ_AGAIN, document.id, one.read_at, {**details, "state_sha256": record.digest(document)})


def archived_entry(document: Document) -> LedgerEvent:
    """The entry that a document was archived. In it is all that its tombstone will keep: a rebuild finds no record of that."""
    assert document.archived_at is not None
    details = _outcome(document)
    details |= {
        "record_sha256": document.record_sha256,
        "collection": document.collection,
        "class": document.retention_class,
        "retain_until": document.retain_until.isoformat() if document.retain_until else None,
        "policy": document.policy_version,
        "received": timestamp(document.received_at),
        "batch": document.batch_id,
    }
    if document.life:
        details["life"] = document.life
    if document.root_id:
        details |= {"original": document.root_id, "container": document.parent_id}
    return LedgerEvent(ARCHIVED, document.id, document.archived_at, details)


def _outcome(document: Document) -> dict[str, Value]:
    outcome = document.outcome.value if document.outcome else None
    return {"sha256": document.sha256, "size": document.size, "outcome": outcome}


def better(result: Result, before: Document) -> bool:
    """Whether a second reading tells more than the first."""
    ranks = {Outcome.COMPLETE: 2, Outcome.PARTIAL: 1}
    new, old = ranks.get(result.extraction.outcome, 0), ranks.get(before.outcome or Outcome.CRASHED, 0)
    return new > old or (new == old and result.document.members_failed < before.members_failed)
