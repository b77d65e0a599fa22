"""One page of an answer: hits in order of merit over all partitions, total, facets."""

from __future__ import annotations

from dataclasses import dataclass

import tantivy

from archiver.adapters.index.access_filter import visible
from archiver.adapters.index.answers import Facets
from archiver.adapters.index.column_rows import Direction, Row, count_of, first_rows
from archiver.adapters.index.compiler import Compiled, compiled
from archiver.adapters.index.cursor import Position, read, written
from archiver.adapters.index.entry_values import UNREAD
from archiver.adapters.index.facet_counts import FacetCounts
from archiver.adapters.index.layout import TAGS
from archiver.adapters.index.snapshots import OpenPartition, Snapshot
from archiver.adapters.index.tantivy_queries import TantivyQueries
from archiver.domain.access import Scope
from archiver.domain.query import Node, SearchRequest
from archiver.ports.index import IndexHit, IndexPage

_MOST_UNREAD_KEPT = 1024
_Occur, _Query = tantivy.Occur, tantivy.Query


@dataclass(frozen=True, slots=True)
class _Found:
    score: float
    row: Row


class Pages:
    """Answers one request from one snapshot, inside one scope."""

    def __init__(self, snapshot: Snapshot, schema: tantivy.Schema, request: SearchRequest, scope: Scope) -> None:
        self._snapshot, self._schema, self._request, self._scope = snapshot, schema, request, scope
        self._queries = TantivyQueries(schema, snapshot.inflections)
        self._direction = Direction(newest=request.sort != "oldest")
        self._searched = [p for p in snapshot.partitions if not request.collections or p.name.collection in request.collections]

    def page(self, node: Node) -> IndexPage:
        """The page the request asks for.

        Raises:
            UsageError: its cursor is of another search.
        """
        position = read(self._request.cursor, self._request, self._scope) if self._request.cursor is not None else None
        wanted = compiled(node)
        matching, total, facets = self._counted(visible(self._schema, self._scope, self._queries.query(wanted.base)))
        found = self._found(matching, self._rungs(wanted), position)
        shown = found[: self._request.limit]
        hits = tuple(IndexHit(one.row.document_id, one.score) for one in shown)
        return IndexPage(hits, total, facets, self._not_fully_read(), self._next(found, shown))

    def _next(self, found: list[_Found], shown: list[_Found]) -> str | None:
        if len(found) == len(shown):
            return None
        last = shown[-1]
        return written(Position(last.score, last.row.order, last.row.document_id), self._request, self._scope)

    def _rungs(self, wanted: Compiled) -> tuple[tuple[float, tantivy.Query], ...]:
        rungs = wanted.rungs if self._request.sort == "relevance" else ((1.0, wanted.base),)
        return tuple((score, self._queries.query(condition)) for score, condition in rungs)

    def _counted(self, query: tantivy.Query) -> tuple[list[OpenPartition], int, Facets]:
        """Partitions with matches, how many there are in all, facets."""
        counts, matching, total = FacetCounts(), [], 0
        for partition in self._searched:
            if self._request.facets:
                here = counts.add(partition.name.collection, partition.searcher, query)
            else:
                here = count_of(partition.searcher, query)
            total += here
            matching += [partition] if here else []
        return matching, total, counts.result() if self._request.facets else {}

    def _found(
        self, partitions: list[OpenPartition], rungs: tuple[tuple[float, tantivy.Query], ...], position: Position | None
    ) -> list[_Found]:
        """The page's hits and, if there are more, the first one after it.

        Rungs of former pages are taken out by the engine; what this page found on a better rung is taken out here, which
        costs less than another condition.
        """
        found: list[_Found] = []
        former = [condition for score, condition in rungs if position and score > position.score]
        for score, condition in rungs[len(former) :]:
            missing = self._request.limit + 1 - len(found)
            if missing <= 0:
                break
            known = {one.row for one in found}
            after = Row(position.order, position.document_id) if position and score == position.score else None
            rows = self._on_rung(partitions, condition, former, missing + len(known), after)
            found += [_Found(score, row) for row in rows if row not in known][:missing]
            former += [condition] if after else []
        return found

    def _on_rung(
        self,
        partitions: list[OpenPartition],
        condition: tantivy.Query,
        former: list[tantivy.Query],
        count: int,
        after: Row | None,
    ) -> list[Row]:
        """The first `count` documents on this rung and not on those of former pages, after `after`."""
        parts = [(_Occur.Must, condition)] + [(_Occur.MustNot, one) for one in former]
        if after is not None:
            parts.append((_Occur.Must, self._queries.order_between(*self._direction.bounds(after))))
        query = visible(self._schema, self._scope, _Query.boolean_query(parts) if len(parts) > 1 else condition)
        rows = {row for p in partitions for row in first_rows(p.searcher, query, self._direction, count, after)}
        return self._direction.sorted(list(rows))[:count]

    def _not_fully_read(self) -> int:
        key = (self._scope, tuple(sorted(set(self._request.collections))))
        known = self._snapshot.unread
        if key not in known:
            if len(known) >= _MOST_UNREAD_KEPT:
                known.clear()
            query = visible(self._schema, self._scope, _Query.term_query(self._schema, TAGS, UNREAD, "basic"))
            known[key] = sum(count_of(p.searcher, query) for p in self._searched)
        return known[key]
