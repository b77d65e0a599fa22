"""Every catalogue row against the last ledger entry about its document."""

from __future__ import annotations

from archiver.domain import record
from archiver.domain.document import Document, State
from archiver.domain.ledger import ARCHIVED, LedgerEntry, Tree
from archiver.errors import MinutierError, UnreachableError
from archiver.ports.catalog import Catalog
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import ObjectStore
from archiver.ports.retention_rows import PurgeItem
from archiver.services.commit import READ_AGAIN
from archiver.services.events import EVENT
from archiver.services.extend_terms import EXTENDED
from archiver.services.pages import pages
from archiver.services.reviews import REVIEWED
from archiver.services.verify.ledger import entries
from archiver.services.verify.tombstones import items_by_document
from archiver.services.verify.verification import PAGE, Verification
from retention.disposed_entry import DISPOSED

STATES = (ARCHIVED, EXTENDED, EVENT, REVIEWED, READ_AGAIN, DISPOSED)
"""Kinds of entries that say what a document's row must be."""


class Entries:
    """Goes through the custody ledger."""

    def __init__(self, catalog: Catalog, objects: ObjectStore, rows: LedgerRows, result: Verification) -> None:
        self._catalog, self._objects, self._rows, self.result = catalog, objects, rows, result

    def check(self) -> None:
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
        items = items_by_document(self._catalog, [one for one in documents.values() if one.state is State.DISPOSED])
        for entry in page:
            document = documents.get(entry.event.document_id)
            if document is None:
                self.result.add(
                    f"custody ledger, entry {entry.position}",
                    f"document {entry.event.document_id} was archived and is gone from the catalogue",
                )
            elif last.get(document.id) == entry.position:
                self._check_last(entry, document, items.get(document.id))
        self.result.count("documents against the ledger", len(ids))

    def _check_last(self, entry: LedgerEntry, document: Document, item: PurgeItem | None) -> None:
        """The last entry about a document. That a tombstone has one that tells of its destruction is asked elsewhere."""
        if entry.event.kind == DISPOSED:
            wrong = _wrong_tombstone(entry, document, item)
        elif document.state in (State.DISPOSED, State.RECEIVED) or _state_of(entry) == record.digest(document):
            return  # what is entered about a document that is only received says nothing of its state
        else:
            wrong = "" if self._changed_since(entry) else f"its row is not what ledger entry {entry.position} says"
        if wrong:
            self.result.add(f"catalogue, document {document.id}", wrong)

    def _changed_since(self, entry: LedgerEntry) -> bool:
        """Whether a later entry about the same document has come meanwhile, or may still be in the outbox."""
        document_id = entry.event.document_id
        if self._rows.waiting(Tree.CUSTODY):
            self.result.count("documents whose last change waits for the ledger")
            return True
        return self._rows.latest(Tree.CUSTODY, STATES, [document_id]).get(document_id) != entry.position


def _state_of(entry: LedgerEntry) -> object:
    details = entry.event.details
    return details.get("state_sha256") or details.get("record_sha256")


def _wrong_tombstone(entry: LedgerEntry, document: Document, item: PurgeItem | None) -> str:
    if document.state is not State.DISPOSED:
        return f"ledger entry {entry.position} says that it was destroyed, and it is back"
    said = entry.event.details
    planned = item.item.commitment(document.purge_id).hex() if item else None
    if (said.get("purge"), said.get("item")) != (document.purge_id, planned):
        return f"its tombstone is not what ledger entry {entry.position} says was destroyed"
    return ""
