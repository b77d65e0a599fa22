"""Counting matches by collection, class, kind, year, language and outcome."""

from __future__ import annotations

import tantivy

from archiver.adapters.index.layout import FACETS, SEPARATOR
from archiver.errors import UnreachableError

_MOST_VALUES = 60_000


class FacetCounts:
    """Sums the counts of several partitions; only ever fed with queries that are inside a scope."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, int]] = {
            name: {} for name in ("collection", *(n for names in FACETS.values() for n in names))
        }

    def add(self, collection: str, searcher: tantivy.Searcher, query: tantivy.Query) -> int:
        """Count the matches of one partition.

        Returns: how many they are.
        """
        request = {column: {"terms": {"field": column, "size": _MOST_VALUES}} for column in FACETS}
        answer = searcher.aggregate(query, request)
        total = 0
        for column, names in FACETS.items():
            if answer[column].get("sum_other_doc_count"):
                raise UnreachableError(
                    f"more than {_MOST_VALUES} different values of {' and '.join(names)}", remedy="search without facets"
                )
            total = sum(self._spread(names, bucket["key"], bucket["doc_count"]) for bucket in answer[column]["buckets"])
        self._bump("collection", collection, total)
        return total

    def result(self) -> dict[str, tuple[tuple[str, int], ...]]:
        """Most frequent first, ties by value; values nobody gave are left out."""
        return {
            name: tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))) for name, counts in self._counts.items()
        }

    def _spread(self, names: tuple[str, ...], key: str, count: int) -> int:
        for name, value in zip(names, key.split(SEPARATOR), strict=True):
            self._bump(name, value, count)
        return count

    def _bump(self, name: str, value: str, count: int) -> None:
        if value and count:
            self._counts[name][value] = self._counts[name].get(value, 0) + count
