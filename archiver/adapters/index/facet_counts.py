"""Counting matches by collection, class, kind, year, language and outcome in Tantivy's partitions."""

from __future__ import annotations

import tantivy

from archiver.adapters.index.answers import FACET_NAMES, MOST_VALUES, Facets, in_order, too_many_values
from archiver.adapters.index.layout import FACETS, SEPARATOR


class FacetCounts:
    """Sums the counts of several partitions; only ever fed with queries that are inside a scope."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, int]] = {name: {} for name in FACET_NAMES}

    def add(self, collection: str, searcher: tantivy.Searcher, query: tantivy.Query) -> int:
        """Count the matches of one partition.

        Returns: how many they are.
        """
        request = {column: {"terms": {"field": column, "size": MOST_VALUES}} for column in FACETS}
        answer = searcher.aggregate(query, request)
        total = 0
        for column, names in FACETS.items():
            if answer[column].get("sum_other_doc_count"):
                raise too_many_values(names)
            total = sum(self._spread(names, bucket["key"], bucket["doc_count"]) for bucket in answer[column]["buckets"])
        self._bump("collection", collection, total)
        return total

    def result(self) -> Facets:
        """See `answers.in_order`."""
        return in_order(self._counts)

    def _spread(self, names: tuple[str, ...], key: str, count: int) -> int:
        for name, value in zip(names, key.split(SEPARATOR), strict=True):
            self._bump(name, value, count)
        return count

    def _bump(self, name: str, value: str, count: int) -> None:
        self._counts[name][value] = self._counts[name].get(value, 0) + count
