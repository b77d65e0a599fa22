"""What remains of destroyed documents, against the plans that destroyed them and the ledger that tells of it."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.domain.document import Document
from archiver.domain.ledger import Tree
from archiver.domain.record import record_key
from archiver.domain.tombstone import tombstone_of
from archiver.ports.catalog import Catalog
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import Bucket, ObjectStore
from archiver.ports.retention_rows import PurgeItem
from archiver.services.verify.verification import Verification
from retention.disposed_entry import DISPOSED
from retention.plan import ItemState


class Tombstones:
    """Checks pages of destroyed documents."""

    def __init__(self, catalog: Catalog, objects: ObjectStore, rows: LedgerRows, result: Verification) -> None:
        self._catalog, self._objects, self._rows, self.result = catalog, objects, rows, result

    def check(self, page: Sequence[Document]) -> None:
        """Each tombstone: holds nothing it may not, is in its purge's plan, is told of in the ledger, and nothing of it is stored."""
        if not page:
            return
        items = items_by_document(self._catalog, page)
        entered = self._rows.positions(Tree.CUSTODY, DISPOSED, [document.id for document in page])
        waiting = self._rows.waiting(Tree.CUSTODY)
        records = self._objects.versions_of([(Bucket.LOCKED, record_key(one.collection, one.id)) for one in page])
        for document in page:
            item = items.get(document.id)
            if item is not None and item.state in (ItemState.GOING, ItemState.FAILED):
                self.result.count("destructions not finished")
                continue
            for what in _wrong(document, item):
                self.result.add(f"catalogue, document {document.id}", what)
            if document.id not in entered and not waiting:
                self.result.add(f"document {document.id}", "the ledger has no entry that it was destroyed")
            if records[Bucket.LOCKED, record_key(document.collection, document.id)]:
                self.result.add(f"document {document.id}", "it was destroyed, and its record is in the store")
            self.result.count("destroyed documents")


def items_by_document(catalog: Catalog, destroyed: Sequence[Document]) -> dict[str, PurgeItem]:
    """For each of these destroyed documents the item of the plan it went by, if there is one."""
    by_purge: dict[str, list[str]] = {}
    for document in destroyed:
        by_purge.setdefault(document.purge_id, []).append(document.id)
    found: dict[str, PurgeItem] = {}
    for purge_id, ids in by_purge.items():
        found |= catalog.items_of(purge_id, ids)
    return found


def _wrong(document: Document, item: PurgeItem | None) -> list[str]:
    found = []
    if tombstone_of(document, document.purge_id) != document:
        found.append("it was destroyed, and its row still tells of it")
    if item is None:
        found.append(f"it was destroyed outside the plan of purge {document.purge_id or '(none named)'}")
    elif (item.item.collection, item.item.retention_class, item.item.sha256) != (
        document.collection,
        document.retention_class,
        document.sha256,
    ):
        found.append(f"it is not the document that purge {document.purge_id} planned")
    elif item.state is not ItemState.EXECUTED:
        found.append(f"it was destroyed, and purge {document.purge_id} says it was {item.state.value}")
    return found
