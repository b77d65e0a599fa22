"""The query language (DESIGN 8): words, "phrases", +must -not, prefix*, field:value, date ranges."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One question.

    Attributes:
        text: the query as typed; "" matches every visible document.
        collections: restrict to these; () searches all that are visible.
        sort: "relevance", "newest" or "oldest" (by the document's own date, ties by id).
    """

    text: str
    collections: tuple[str, ...] = ()
    limit: int = 10
    cursor: str | None = None
    facets: bool = True
    sort: str = "relevance"
