"""Asking one question of Elasticsearch and reading its answer; a partial answer is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import elasticsearch

from archiver.adapters.index.answers import FACET_NAMES, MOST_VALUES, Facets, in_order, too_many_values
from archiver.adapters.index.compiler import compiled
from archiver.adapters.index.cursor import Position, read, written
from archiver.adapters.index.elastic_address import Address
from archiver.adapters.index.elastic_client import meaning, told, translated
from archiver.adapters.index.elastic_layout import ID, ORDER, TAGS
from archiver.adapters.index.elastic_queries import query, ranked, visible
from archiver.adapters.index.entry_values import UNREAD
from archiver.domain.access import Scope
from archiver.domain.query import Node, SearchRequest
from archiver.errors import UnreachableError
from archiver.ports.index import IndexHit, IndexPage

_SEARCH_TIME = "25s"
_ANSWER = ",".join(
    f"responses.{name}"
    for name in ("took", "timed_out", "_shards.failed", "hits.total", "hits.hits.sort", "aggregations", "status", "error")
)  # fmt: skip


class Question:
    """One request inside one scope."""

    def __init__(self, address: Address, request: SearchRequest, scope: Scope) -> None:
        self._address, self._request, self._scope = address, request, scope
        self._position = read(request.cursor, request, scope) if request.cursor is not None else None

    def searches(self, node: Node) -> list[dict[str, Any]]:
        """What the server is asked in one go: the page with total and facets, and the number of documents not fully read,
        which depends on no query and so is remembered by the server from one refresh to the next."""
        header = {"index": self._address.read, "allow_partial_search_results": False}
        return [header, self._page(node), header, self._unread()]

    def page(self, answer: Mapping[str, Any]) -> IndexPage:
        """The page from the server's answer."""
        found, unread = (whole(self._address, one) for one in answer["responses"])
        rows = [_position(hit["sort"]) for hit in found["hits"].get("hits", ())]
        shown = rows[: self._request.limit]
        more = len(rows) > len(shown)
        return IndexPage(
            hits=tuple(IndexHit(row.document_id, row.score) for row in shown),
            total=found["hits"]["total"]["value"],
            facets=_facets(found["aggregations"]) if self._request.facets else {},
            not_fully_read=unread["hits"]["total"]["value"],
            next_cursor=written(shown[-1], self._request, self._scope) if more else None,
        )

    def _page(self, node: Node) -> dict[str, Any]:
        wanted = compiled(node)
        by_merit = self._request.sort == "relevance" and len(wanted.rungs) > 1
        newest = self._request.sort != "oldest"
        sort = [{ORDER: "desc" if newest else "asc"}, {ID: "asc" if newest else "desc"}]
        body: dict[str, Any] = {
            "query": {
                "bool": {"filter": [query(wanted.base), *self._limits()], **({"must": [ranked(wanted)]} if by_merit else {})}
            },
            "size": self._request.limit + 1,
            "sort": [{"_score": "desc"}, *sort] if by_merit else sort,
            "track_total_hits": True,
            "_source": False,
            "stored_fields": "_none_",
            "timeout": _SEARCH_TIME,
        }
        if self._position:
            after = [self._position.order, self._position.document_id]
            body["search_after"] = [self._position.score, *after] if by_merit else after
        if self._request.facets:
            body["aggs"] = {name: {"terms": {"field": name, "size": MOST_VALUES}} for name in FACET_NAMES}
        return body

    def _unread(self) -> dict[str, Any]:
        asked = {"bool": {"filter": [{"term": {TAGS: UNREAD}}, *self._limits()]}}
        return {"query": asked, "size": 0, "track_total_hits": True, "timeout": _SEARCH_TIME}

    def _limits(self) -> list[dict[str, Any]]:
        """Scope and collections."""
        wanted = sorted(set(self._request.collections))
        return [visible(self._scope), *([{"terms": {"collection": wanted}}] if wanted else ())]


def ask(client: elasticsearch.Elasticsearch, address: Address, question: Question, node: Node) -> IndexPage:
    """The answer to a question."""
    with translated(address):
        answer = client.msearch(searches=question.searches(node), filter_path=_ANSWER).body
    return question.page(answer)


def whole(address: Address, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer to one search, if it is one over all shards.

    Raises:
        UnreachableError: some part did not answer in time.
    """
    if "error" in answer:
        raise meaning(address, int(answer.get("status", 500)), answer)
    if answer["timed_out"] or answer["_shards"]["failed"]:
        raise UnreachableError(
            f"a part of the index at {address} did not answer in time {': '.join(told(answer)) or ''}".rstrip(),
            remedy="see whether the cluster is green (`minutier doctor`), and ask again",
        )
    return answer


def _position(sort: list[Any]) -> Position:
    score, order, document_id = sort if len(sort) == 3 else (1.0, *sort)
    return Position(float(score), int(order), str(document_id))


def _facets(aggregations: Mapping[str, Any]) -> Facets:
    for name, found in aggregations.items():
        if found["sum_other_doc_count"] or found["doc_count_error_upper_bound"]:
            raise too_many_values((name,))
    return in_order({name: {one["key"]: one["doc_count"] for one in aggregations[name]["buckets"]} for name in FACET_NAMES})
