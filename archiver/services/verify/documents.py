"""Every catalogue row against what lies in the store: bytes, record, text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from archiver.domain import record
from archiver.domain.document import Document, State
from archiver.domain.ledger import ARCHIVED, Tree
from archiver.errors import IntegrityError, NotFoundError
from archiver.ports.catalog import Catalog
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import Bucket, ObjectStore
from archiver.services.pages import pages
from archiver.services.verify.tombstones import Tombstones
from archiver.services.verify.verification import INDEXED, PAGE, Verification


class Documents:
    """Goes through the catalogue."""

    def __init__(
        self,
        catalog: Catalog,
        objects: ObjectStore,
        rows: LedgerRows,
        result: Verification,
        tick: Callable[[Verification], None],
    ) -> None:
        self._catalog, self._objects, self._rows, self.result, self._tick = catalog, objects, rows, result, tick
        self._tombstones = Tombstones(catalog, objects, rows, result)

    def check(self) -> None:
        for page in pages(self._catalog.select(), PAGE):
            archived = [document for document in page if document.state in INDEXED]
            self.result.count("documents waiting", len([one for one in page if one.state is State.RECEIVED]))
            self._tombstones.check([one for one in page if one.state is State.DISPOSED])
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


_LATER = {
    "sequence", "state", "attempts", "record_sha256", "retain_until", "retention_note", "lock_mode", "policy_version", "outcome", "reason",
    "media_type", "language", "summary", "text_key", "members", "members_failed", "archived_at",
}  # fmt: skip
"""What ledger entries may change after the record was written; the last of them is checked against the row."""


def _unchangeable(written: Document, row: Document) -> list[str]:
    later = _LATER | {"sha256", "size"} if row.locator and not written.sha256 else _LATER  # a member that was opened later
    return [name for name in Document.__slots__ if name not in later and getattr(written, name) != getattr(row, name)]
