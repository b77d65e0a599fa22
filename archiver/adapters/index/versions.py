"""Which documents a partition holds, and in which version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import tantivy

from archiver.adapters.index.column_rows import Direction, first_rows, integers
from archiver.adapters.index.layout import HIGH, ID, LOW, ORDER, VERSION, id_of

_WALK = 5_000


def found(searcher: tantivy.Searcher, schema: tantivy.Schema, document_ids: Sequence[str]) -> dict[str, int]:
    """Those of the ids that are there, with the greatest version there is of each."""
    hits = searcher.search(
        tantivy.Query.term_set_query(schema, ID, list(document_ids)), limit=2 * len(document_ids) + 1, count=False
    ).hits
    versions: dict[str, int] = {}
    for document_id, version in _columns(searcher, [place for _, place in hits]):
        versions[document_id] = max(version, versions.get(document_id, version))
    return versions


def entries(searcher: tantivy.Searcher, schema: tantivy.Schema) -> Iterator[tuple[str, int]]:
    """(document id, version) of all documents, newest first; memory does not grow with their number."""
    after, direction = None, Direction(newest=True)
    while True:
        query = tantivy.Query.all_query()
        if after is not None:
            query = tantivy.Query.range_query(schema, ORDER, tantivy.FieldType.Integer, *direction.bounds(after), True, True)
        rows = first_rows(searcher, query, direction, _WALK, after)
        versions = found(searcher, schema, [row.document_id for row in rows]) if rows else {}
        yield from ((row.document_id, versions[row.document_id]) for row in rows)
        if len(rows) < _WALK:
            return
        after = rows[-1]


def _columns(searcher: tantivy.Searcher, places: list[tantivy.DocAddress]) -> Iterator[tuple[str, int]]:
    highs, lows, versions = (integers(searcher, column, places) for column in (HIGH, LOW, VERSION))
    for high, low, version in zip(highs, lows, versions, strict=True):
        yield id_of(high, low), version
