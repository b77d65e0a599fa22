"""The index against the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from archiver.domain.batch import BatchState
from archiver.domain.document import Document, State
from archiver.ports.catalog import Catalog
from archiver.ports.index import Index
from archiver.ports.retention_rows import PurgeState
from archiver.services.pages import pages
from archiver.services.verify.verification import INDEXED, PAGE, Verification


class Indexed:
    """Goes through the index."""

    def __init__(self, catalog: Catalog, index: Index, result: Verification) -> None:
        self._catalog, self._index, self.result = catalog, index, result

    def check(self) -> None:
        """What an import that runs or was cut off has not brought into the index yet is behind, not wrong."""
        reached, found = self._index.sequence(), 0
        may_lag = reached > 0 or any(batch.state is not BatchState.FINISHED for batch in self._catalog.batches())
        behind = reached if may_lag else self._catalog.top_sequence()
        for page in pages(self._index.document_ids(), PAGE):
            found += self._check_index_page(page, behind)
        self.result.count("index entries", found)
        lagging = sum(1 for document in self._catalog.changed_since(behind) if document.state in INDEXED)
        if lagging:
            self.result.not_checked.append(
                f"index: {lagging:,} documents are not in it yet; the next import or `minutier reindex` brings them in"
            )
        counts = self._catalog.counts()
        if found < sum(counts.get(f"documents {state.value}", 0) for state in INDEXED) - lagging:
            self._find_unindexed(behind)

    def _check_index_page(self, page: list[tuple[str, int]], behind: int) -> int:
        """Returns how many are as the catalogue says."""
        documents, found = self._catalog.documents([document_id for document_id, _ in page]), 0
        left = self._left_by_purges(documents)
        for document_id, version in page:
            document = documents.get(document_id)
            if document is None:
                self.result.add("index", f"document {document_id} is in the index and not in the catalogue")
            elif document_id in left:
                self.result.add(
                    "index", f"document {document_id} was destroyed and is still in the index; `minutier reindex` makes it anew"
                )
            elif document.sequence == version:
                found += document.sequence <= behind
            elif document.sequence <= behind:
                self.result.add(
                    "index", f"document {document_id} is indexed as it was at {version}, it is at {document.sequence}"
                )
        return found

    def _left_by_purges(self, documents: Mapping[str, Document]) -> set[str]:
        """Those that a purge which is done destroyed, and that are in the index now: one that ends meanwhile leaves none."""
        destroyed = {one.id: one.purge_id for one in documents.values() if one.state is State.DISPOSED}
        if not destroyed:
            return set()
        done = {purge.id for purge in self._catalog.purges() if purge.state is PurgeState.DONE}
        ended = [document_id for document_id, purge_id in destroyed.items() if purge_id in done]
        return self._index.remains(ended) if ended else set()

    def _find_unindexed(self, behind: int) -> None:
        """Only when some are missing: which."""
        indexed = {document_id for document_id, _ in self._index.document_ids()}
        for document in self._catalog.select():
            if document.sequence > behind:
                return
            if document.state in INDEXED and document.id not in indexed:
                self.result.add(
                    "index", f"document {document.id} is not in the index; the next import or `minutier reindex` adds it"
                )
