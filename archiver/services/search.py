"""Search: the engine's answer inside the asker's scope, with the documents and fragments of their stored texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from archiver.domain.access import Scope
from archiver.domain.document import Document, State
from archiver.domain.masking import mask
from archiver.domain.query import SearchRequest
from archiver.ports.catalog import Catalog
from archiver.ports.index import Index, IndexPage
from archiver.services.texts import Texts

_TEXTS_AT_ONCE = 10
"""Texts in memory together: some are long."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One match. `fragments` have the matched words between \\x02 and \\x03."""

    document: Document
    score: float
    fragments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A page of matches; see `ports.index.IndexPage` for the counts."""

    hits: tuple[Hit, ...]
    total: int
    facets: dict[str, tuple[tuple[str, int], ...]]
    not_fully_read: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a page shows, before the fragments of its texts are made.

    Attributes:
        hits: without fragments.
    """

    request: SearchRequest
    hits: tuple[Hit, ...]
    page: IndexPage
    total: int


class Search:
    """Answers search requests."""

    def __init__(self, catalog: Catalog, index: Index, texts: Texts) -> None:
        self._catalog, self._index, self._texts = catalog, index, texts

    def run(self, request: SearchRequest, scope: Scope, *, fragments: int = 2) -> Answer:
        """The page asked for: `find`, and what `complete` adds."""
        return self.complete(self.find(request, scope), fragments)

    def find(self, request: SearchRequest, scope: Scope) -> Found:
        """Which documents. What the catalogue says of access is checked once more on every hit.

        What was destroyed is never shown, nor counted on its page, also when an older index was put back.
        """
        page = self._index.search(request, scope)
        documents = self._catalog.documents([hit.document_id for hit in page.hits])
        destroyed = {one.id for one in documents.values() if one.state is State.DISPOSED}
        hits = tuple(
            Hit(document, hit.score, ())
            for hit in page.hits
            if (document := documents.get(hit.document_id)) and document.id not in destroyed and scope.admits(document)
        )
        return Found(request, hits, page, page.total - len(destroyed))

    def complete(self, found: Found, fragments: int) -> Answer:
        """The answer, with so many fragments a hit. A hit whose text is lost or damaged stands without any."""
        marked = self._fragments(found.request, [hit.document for hit in found.hits], fragments)
        hits = tuple(replace(hit, fragments=marked.get(hit.document.id, ())) for hit in found.hits)
        page = found.page
        return Answer(hits, found.total, page.facets, page.not_fully_read, page.next_cursor)

    def _fragments(self, request: SearchRequest, documents: Sequence[Document], count: int) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        if not count or not request.text:
            return found
        for start in range(0, len(documents), _TEXTS_AT_ONCE):
            for one, text in self._texts.of_each(documents[start : start + _TEXTS_AT_ONCE]).items():
                found[one] = self._index.highlight(request, mask(text.text, text.cards), count)
        return found
