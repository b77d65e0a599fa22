"""Verify: read everything back and hold it against everything else. Changes nothing, follows nothing it should not.

What is checked: every stored byte against the digest it was confirmed with and the name it lies under; every record against
its catalogue row; every row against the last ledger entry about it; the ledger against its signed heads; the index against
the catalogue; and that nothing lies in the store that nobody knows.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from archiver.domain import record
from archiver.domain.batch import BatchState
from archiver.domain.display import safe_name
from archiver.domain.document import Document, State
from archiver.domain.ledger import ARCHIVED, LedgerEntry, Tree
from archiver.domain.ledger_report import Finding
from archiver.errors import IntegrityError, MinutierError, NotFoundError, UnreachableError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.index import Index
from archiver.ports.keys import Keys
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import Bucket, ObjectInfo, ObjectStore
from archiver.services.commit import READ_AGAIN
from archiver.services.extend_terms import EXTENDED
from archiver.services.pages import pages
from archiver.services.verify_ledger import entries, verify_ledger

T = TypeVar("T")

PAGE = 500
READ = 1024 * 1024
THREADS = 4
_TOLD = 3
STATES = (ARCHIVED, EXTENDED, READ_AGAIN)
"""Kinds of entries that say what a document's row must be."""


@dataclass(slots=True)
class Verification:
    """What was checked, how often, and what does not fit."""

    started_at: datetime
    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Was everything as it was written?"""
        return not self.findings

    def count(self, name: str, number: int = 1) -> None:
        """Note that something was checked."""
        self.counts[name] = self.counts.get(name, 0) + number

    def add(self, where: str, what: str) -> None:
        """Note something that does not fit."""
        self.findings.append(Finding(where, what))


class Verify:
    """One verification."""

    def __init__(
        self,
        catalog: Catalog,
        objects: ObjectStore,
        index: Index,
        rows: LedgerRows,
        keys: Keys,
        clock: Clock,
        tick: Callable[[Verification], None] = lambda _: None,
    ) -> None:
        self._catalog, self._objects, self._index, self._rows, self._keys = catalog, objects, index, rows, keys
        self._tick = tick
        self.result = Verification(clock.now())

    def run(self) -> Verification:
        """Everything."""
        self._check_ledger()
        self._check_objects()
        self._check_documents()
        self._check_entries()
        self._check_index()
        return self.result

    # -- stored bytes -------------------------------------------------------------------------------------------
    def _check_objects(self) -> None:
        """Every object of both buckets; the ledger's and the records' own checks read theirs."""
        with ThreadPoolExecutor(THREADS) as threads:
            waiting: deque[Future[list[tuple[ObjectInfo, str]]]] = deque()
            for page in pages(self._known_objects(), 64):
                waiting.append(threads.submit(self._digests, page))
                if len(waiting) > THREADS * 2:
                    self._judge(waiting.popleft().result())
            while waiting:
                self._judge(waiting.popleft().result())

    def _known_objects(self) -> Iterator[ObjectInfo]:
        for bucket in Bucket:
            for page in pages(self._objects.list(bucket), PAGE):
                self._find_strangers(page)
                yield from (info for info in page if info.sha256 and not info.ref.key.startswith(("ledger/", "records/")))

    def _find_strangers(self, page: list[ObjectInfo]) -> None:
        """Files nobody wrote, and objects the catalogue does not know."""
        originals = {}
        documents = {}
        for info in page:
            if not info.sha256:
                self.result.add(_place(info), "not what was stored here: never written by this archive, replaced, or cut")
            elif info.ref.key.startswith("originals/") and not info.intake:
                _, collection, retention_class, _, sha256 = info.ref.key.split("/")
                originals[collection, retention_class, sha256] = info
            elif info.ref.key.startswith("records/"):
                documents[info.ref.key.rsplit("/", 1)[1].removesuffix(".json")] = info
        for key in originals.keys() - self._catalog.contents(list(originals)).keys():
            self.result.add(_place(originals[key]), "the catalogue does not know these stored bytes")
        unknown = documents.keys() - self._catalog.documents(list(documents)).keys()
        for one in unknown - self._in_hand({one: documents[one] for one in unknown}):
            self.result.add(_place(documents[one]), "the catalogue does not know this record's document")

    def _in_hand(self, records: dict[str, ObjectInfo]) -> set[str]:
        """Members whose record was written and whose row was not yet: their original is still received, by an import that
        runs or was cut off, or was written meanwhile and they with it."""
        roots = {}
        for document_id, info in records.items():
            with suppress(IntegrityError, NotFoundError), self._objects.open(info.ref) as stream:
                roots[document_id] = record.decode(stream.read()).root_id or document_id
        rows = self._catalog.documents(list(roots.values()))
        waiting = {one for one, root in roots.items() if root in rows and rows[root].state is State.RECEIVED}
        return waiting | self._catalog.documents(list(records)).keys()

    def _digests(self, page: list[ObjectInfo]) -> list[tuple[ObjectInfo, str]]:
        """Each object with what is wrong with its bytes, "" when nothing is."""
        return [(info, self._wrong(info)) for info in page]

    def _wrong(self, info: ObjectInfo) -> str:
        try:
            digest = hashlib.sha256()
            with self._objects.open(info.ref) as stream:
                while chunk := stream.read(READ):
                    digest.update(chunk)
        except MinutierError as error:
            return str(error)
        found = digest.hexdigest()
        if found != info.sha256:
            return f"damaged: its digest is {found[:16]}…, {info.sha256[:16]}… was stored"
        named = info.ref.key.rsplit("/", 1)[1][:64]
        if info.ref.key.startswith("originals/") and named != found:
            return "holds other bytes than its name says"
        return ""

    def _judge(self, checked: list[tuple[ObjectInfo, str]]) -> None:
        for info, wrong in checked:
            self.result.count(f"{info.ref.key.split('/', 1)[0]} read back")
            self.result.count("bytes read back", info.size)
            if wrong:
                self.result.add(_place(info), wrong + self._whose(info))
        self._tick(self.result)

    def _whose(self, info: ObjectInfo) -> str:
        """Which documents an original's bytes are, for whoever has to find another copy."""
        if not info.ref.key.startswith("originals/"):
            return ""
        _, collection, retention_class, _, sha256 = info.ref.key.split("/")
        key = (collection, retention_class, sha256)
        content = self._catalog.contents([key]).get(key)
        found = self._catalog.referrers(content) if content else []
        told = "".join(f"; it is document {one.id}, {safe_name(one.source)}" for one in found[:_TOLD])
        return told + (f", and {len(found) - _TOLD} more" if len(found) > _TOLD else "")

    # -- documents ----------------------------------------------------------------------------------------------
    def _check_documents(self) -> None:
        for page in pages(self._catalog.select(), PAGE):
            archived = [document for document in page if document.state in _INDEXED]
            self.result.count("documents waiting", len([one for one in page if one.state is State.RECEIVED]))
            self._check_stored_bytes(page)
            for document in archived:
                self._check_record(document)
                self._check_text(document)
            for document in self._not_entered(archived):
                self.result.add(f"document {document.id}", "the ledger has no entry that it was archived")
            self.result.count("documents", len(archived))
            self._tick(self.result)

    def _not_entered(self, archived: list[Document]) -> list[Document]:
        """Looked at twice: an entry may have gone from the outbox to the ledger while neither was looked at."""
        for _ in range(2):
            entered = self._rows.positions(Tree.CUSTODY, ARCHIVED, [document.id for document in archived])
            archived = [document for document in archived if document.id not in entered]
            if not archived or self._rows.waiting(Tree.CUSTODY):
                return []
        return archived

    def _check_stored_bytes(self, page: list[Document]) -> None:
        originals = [document for document in page if not document.root_id and document.state is not State.DISPOSED]
        keys = {(one.collection, one.retention_class, one.sha256): one for one in originals}
        contents = self._catalog.contents(list(keys))
        for key, document in keys.items():
            content = contents.get(key)
            try:
                if content is None:
                    raise NotFoundError("the catalogue does not say where its bytes lie")
                info = self._objects.head(content.ref)
                if info.size != document.size and info.sha256:
                    self.result.add(f"document {document.id}", f"its row says {document.size} bytes, {info.size} are stored")
            except NotFoundError as error:
                self.result.add(f"document {document.id}", f"its original is gone: {error}")

    def _check_record(self, document: Document) -> None:
        key = record.record_key(document.collection, document.id)
        versions = self._objects.versions(Bucket.LOCKED, key)
        if not versions:
            self.result.add(f"document {document.id}", f"its record {key} is gone")
            return
        try:
            with self._objects.open(versions[-1].ref) as stream:
                raw = stream.read()
            self.result.count("records read back")
            self.result.count("bytes read back", len(raw))
            if hashlib.sha256(raw).hexdigest() != document.record_sha256:
                self.result.add(
                    f"locked:{key}", "this record is not the one that was written: its digest differs from the catalogue's"
                )
            elif differing := _unchangeable(record.decode(raw), document):
                self.result.add(f"catalogue, document {document.id}", f"its row differs from its record: {', '.join(differing)}")
        except (IntegrityError, NotFoundError) as error:
            self.result.add(f"locked:{key}", str(error))

    def _check_text(self, document: Document) -> None:
        if document.text_key and not self._objects.versions(Bucket.DELETABLE, document.text_key):
            self.result.add(f"document {document.id}", f"its stored text {document.text_key} is gone")

    # -- ledger -------------------------------------------------------------------------------------------------
    def _check_ledger(self) -> None:
        report = verify_ledger(self._rows, self._objects, self._keys)
        self.result.findings += report.findings
        if report.not_listed:
            self.result.add("ledger", f"and {report.not_listed} findings more")
        for tree, counts in report.trees.items():
            self.result.count(f"{tree} ledger entries", counts.opened + counts.unsealed)
            self.result.count(f"{tree} ledger heads", counts.heads)
            self.result.count(f"{tree} ledger entries erased", counts.erased)

    def _check_entries(self) -> None:
        """The last entry about a document says what its row must be."""
        try:
            about = (entry for entry in entries(self._objects, Tree.CUSTODY, self._rows) if entry.event.document_id)
            for page in pages(about, PAGE):
                self._check_entry_page(page)
        except UnreachableError:
            raise
        except MinutierError as error:
            self.result.not_checked.append(f"documents against the ledger: {error}")

    def _check_entry_page(self, page: list[LedgerEntry]) -> None:
        ids = list({entry.event.document_id for entry in page})
        documents = self._catalog.documents(ids)
        last = self._rows.latest(Tree.CUSTODY, STATES, ids)
        for entry in page:
            document = documents.get(entry.event.document_id)
            if document is None:
                self.result.add(
                    f"custody ledger, entry {entry.position}",
                    f"document {entry.event.document_id} was archived and is gone from the catalogue",
                )
            elif last.get(document.id) == entry.position and _state_of(entry) != record.digest(document):
                if self._changed_since(entry):
                    continue
                self.result.add(f"catalogue, document {document.id}", f"its row is not what ledger entry {entry.position} says")
        self.result.count("documents against the ledger", len(ids))

    def _changed_since(self, entry: LedgerEntry) -> bool:
        """Whether a later entry about the same document has come meanwhile, or may still be in the outbox."""
        document_id = entry.event.document_id
        if self._rows.waiting(Tree.CUSTODY):
            self.result.count("documents whose last change waits for the ledger")
            return True
        return self._rows.latest(Tree.CUSTODY, STATES, [document_id]).get(document_id) != entry.position

    # -- index --------------------------------------------------------------------------------------------------
    def _check_index(self) -> None:
        """What an import that runs or was cut off has not brought into the index yet is behind, not wrong."""
        reached, found = self._index.sequence(), 0
        may_lag = reached > 0 or any(batch.state is not BatchState.FINISHED for batch in self._catalog.batches())
        behind = reached if may_lag else self._catalog.top_sequence()
        for page in pages(self._index.document_ids(), PAGE):
            found += self._check_index_page(page, behind)
        self.result.count("index entries", found)
        lagging = sum(1 for document in self._catalog.changed_since(behind) if document.state in _INDEXED)
        if lagging:
            self.result.not_checked.append(
                f"index: {lagging:,} documents are not in it yet; the next import or `minutier reindex` brings them in"
            )
        counts = self._catalog.counts()
        if found < sum(counts.get(f"documents {state.value}", 0) for state in _INDEXED) - lagging:
            self._find_unindexed(behind)

    def _check_index_page(self, page: list[tuple[str, int]], behind: int) -> int:
        """Returns how many are as the catalogue says."""
        documents, found = self._catalog.documents([document_id for document_id, _ in page]), 0
        for document_id, version in page:
            document = documents.get(document_id)
            if document is None:
                self.result.add("index", f"document {document_id} is in the index and not in the catalogue")
            elif document.sequence == version:
                found += document.sequence <= behind
            elif document.sequence <= behind:
                self.result.add(
                    "index", f"document {document_id} is indexed as it was at {version}, it is at {document.sequence}"
                )
        return found

    def _find_unindexed(self, behind: int) -> None:
        """Only when some are missing: which."""
        indexed = {document_id for document_id, _ in self._index.document_ids()}
        for document in self._catalog.select():
            if document.sequence > behind:
                return
            if document.state in _INDEXED and document.id not in indexed:
                self.result.add(
                    "index", f"document {document.id} is not in the index; the next import or `minutier reindex` adds it"
                )


_INDEXED = (State.ARCHIVED, State.QUARANTINED)

_LATER = {
    "sequence", "state", "attempts", "record_sha256", "retain_until", "retention_note", "lock_mode", "policy_version", "outcome", "reason",
    "media_type", "language", "summary", "text_key", "members", "members_failed", "archived_at",
}  # fmt: skip
"""What ledger entries may change after the record was written; the last of them is checked against the row."""


def _state_of(entry: LedgerEntry) -> object:
    details = entry.event.details
    return details.get("state_sha256") or details.get("record_sha256")


def _unchangeable(written: Document, row: Document) -> list[str]:
    later = _LATER | {"sha256", "size"} if row.locator and not written.sha256 else _LATER  # a member that was opened later
    return [name for name in Document.__slots__ if name not in later and getattr(written, name) != getattr(row, name)]


def _place(info: ObjectInfo) -> str:
    return f"{info.ref.bucket}:{info.ref.key}"
