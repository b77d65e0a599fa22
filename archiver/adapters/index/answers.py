"""What can be asked and how an answer is laid out; the same for every engine."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from archiver.domain.query import SearchRequest
from archiver.domain.query_parser import parse
from archiver.errors import UnreachableError, UsageError
from archiver.ports.index import IndexPage

Facets = dict[str, tuple[tuple[str, int], ...]]

FACET_NAMES = ("collection", "class", "year", "kind", "language", "outcome")
MOST_HITS = 1000
MOST_VALUES = 60_000
"""Different values of one facet that are counted; with more, the answer is refused, never cut."""

_SORTS = ("relevance", "newest", "oldest")

parsed = lru_cache(maxsize=64)(parse)
"""The tree of a query; kept, since a page of hits asks for the same query again and again."""


def check(request: SearchRequest) -> None:
    """Raises:
    UsageError: limit or sort is not one that can be answered.
    """
    if not 1 <= request.limit <= MOST_HITS:
        raise UsageError(
            f"{request.limit} results cannot be shown at once", remedy=f"ask for 1 to {MOST_HITS}, and go on with the cursor"
        )
    if request.sort not in _SORTS:
        raise UsageError(f"there is no order {request.sort!r}", remedy=f"use one of: {', '.join(_SORTS)}")


def nothing(request: SearchRequest) -> IndexPage:
    """The answer over no documents."""
    return IndexPage((), 0, dict.fromkeys(FACET_NAMES, ()) if request.facets else {}, 0, None)


def in_order(counts: Mapping[str, Mapping[str, int]]) -> Facets:
    """Most frequent first, ties by value; values nobody gave are left out."""
    return {
        name: tuple(sorted(((value, count) for value, count in found.items() if value and count), key=_rank))
        for name, found in counts.items()
    }


def too_many_values(names: tuple[str, ...]) -> UnreachableError:
    """What is said when a facet has more values than are counted."""
    return UnreachableError(
        f"more than {MOST_VALUES:,} different values of {' and '.join(names)}", remedy="search without facets"
    )


def _rank(counted: tuple[str, int]) -> tuple[int, str]:
    return -counted[1], counted[0]
