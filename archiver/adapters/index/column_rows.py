"""Documents in the order of their sort key, read from columns alone."""

from __future__ import annotations

from dataclasses import dataclass

import tantivy

from archiver.adapters.index.layout import HIGH, LOW, ORDER, id_of
from archiver.adapters.index.state import REINDEX
from archiver.errors import IntegrityError

_FIRST_KEY, _LAST_KEY = 0, (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Row:
    """One match: its sort key and id."""

    order: int
    document_id: str


@dataclass(frozen=True, slots=True)
class Direction:
    """Newest first (smallest id first within a day), or exactly the reverse."""

    newest: bool

    def sorted(self, rows: list[Row]) -> list[Row]:
        """Rows in this direction. Two stable sorts, since id and key run in opposite ways."""
        by_id = sorted(rows, key=lambda row: row.document_id, reverse=not self.newest)
        return sorted(by_id, key=lambda row: row.order, reverse=self.newest)

    def follows(self, row: Row, after: Row) -> bool:
        """Whether `row` comes after `after`."""
        if row.order != after.order:
            return (row.order < after.order) == self.newest
        return (row.document_id > after.document_id) == self.newest and row.document_id != after.document_id

    def bounds(self, after: Row) -> tuple[int, int]:
        """Smallest and greatest sort key of what may follow `after`."""
        return (_FIRST_KEY, after.order) if self.newest else (after.order, _LAST_KEY)


def count_of(searcher: tantivy.Searcher, query: tantivy.Query) -> int:
    """How many documents match, exactly."""
    count: int = searcher.search(query, limit=1).count  # type: ignore[attr-defined]  # absent from the published stubs
    return count


def first_rows(
    searcher: tantivy.Searcher, query: tantivy.Query, direction: Direction, count: int, after: Row | None
) -> list[Row]:
    """The first `count` matches that follow `after`, exactly.

    The engine breaks ties of the key as it likes, so a group of equal keys that may have been cut is left out and
    asked for again with more room.
    """
    order = tantivy.Order.Desc if direction.newest else tantivy.Order.Asc
    room = count + 2
    while True:
        hits = searcher.search(query, limit=room, count=False, order_by_field=ORDER, order=order).hits
        rows = _rows(searcher, hits)
        whole = len(hits) < room
        kept = rows if whole else [row for row in rows if row.order != rows[-1].order]
        kept = [row for row in kept if after is None or direction.follows(row, after)]
        if whole or len(kept) >= count:
            return direction.sorted(kept)[:count]
        room *= 2


def _rows(searcher: tantivy.Searcher, hits: list[tuple[int, tantivy.DocAddress]]) -> list[Row]:
    places = [place for _, place in hits]
    highs, lows = (integers(searcher, column, places) for column in (HIGH, LOW))
    return [Row(key, id_of(high, low)) for (key, _), high, low in zip(hits, highs, lows, strict=True)]


def integers(searcher: tantivy.Searcher, column: str, places: list[tantivy.DocAddress]) -> list[int]:
    """Values of one of our integer columns, which every document has.

    Raises:
        IntegrityError: some document has none.
    """
    values = [value for value in searcher.fast_field_values(column, places) if isinstance(value, int)]
    if len(values) != len(places):
        raise IntegrityError(f"the index's column {column!r} has gaps", remedy=REINDEX)
    return values
