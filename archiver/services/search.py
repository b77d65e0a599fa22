"""Search: the engine's answer inside the asker's scope, with the documents and fragments of their stored texts."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.domain.access import Scope
from archiver.domain.document import Document, State
from archiver.domain.masking import mask
from archiver.domain.query import SearchRequest
from archiver.errors import IntegrityError, NotFoundError
from archiver.ports.catalog import Catalog
from archiver.ports.index import Index
from archiver.services.texts import Texts


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


class Search:
    """Answers search requests."""

    def __init__(self, catalog: Catalog, index: Index, texts: Texts) -> None:
        self._catalog, self._index, self._texts = catalog, index, texts

    def run(self, request: SearchRequest, scope: Scope, *, fragments: int = 2) -> Answer:
        """The page asked for. What the catalogue says of access is checked once more on every hit.

        What was destroyed is never shown, nor counted on its page, also when an older index was put back.
        """
        page = self._index.search(request, scope)
        documents = self._catalog.documents([hit.document_id for hit in page.hits])
        destroyed = {one.id for one in documents.values() if one.state is State.DISPOSED}
        hits = tuple(
            Hit(document, hit.score, self._fragments(request, document, fragments))
            for hit in page.hits
            if (document := documents.get(hit.document_id)) and document.id not in destroyed and scope.admits(document)
        )
        return Answer(hits, page.total - len(destroyed), page.facets, page.not_fully_read, page.next_cursor)

    def _fragments(self, request: SearchRequest, document: Document, count: int) -> tuple[str, ...]:
        if not count or not request.text:
            return ()
        try:
            found = self._texts.of(document)
        except (NotFoundError, IntegrityError):
            return ()  # `verify` reports a text that is lost or damaged; the hit itself stands
        return self._index.highlight(request, mask(found.text, found.cards), count) if found else ()
