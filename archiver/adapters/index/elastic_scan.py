"""Every entry of an index in the order of ids, over one state of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import elasticsearch

from archiver.adapters.index.elastic_address import Address
from archiver.adapters.index.elastic_answers import whole
from archiver.adapters.index.elastic_client import translated
from archiver.adapters.index.elastic_layout import ID

PAGE = 5_000
KEEP = "2m"
"""How long the server keeps the state of a scan while nobody asks for the next page."""

_GONE = "search_context_missing_exception"


class Scan:
    """A scan over a point in time. One that was forgotten by the server, restarted or waited for too long, goes on over a
    new state behind the last id seen; what was there before and after is met once."""

    def __init__(
        self, client: elasticsearch.Elasticsearch, address: Address, index: str, *, page: int = PAGE, keep: str = KEEP
    ) -> None:
        self._client, self._address, self._index, self._page, self._keep = client, address, index, page, keep
        self._point = ""

    def hits(self, query: dict[str, Any], fields: list[str]) -> Iterator[dict[str, Any]]:
        """Raw hits with `_version` and the `fields` kept, by id."""
        after: list[str] | None = None
        try:
            while True:
                found = self._next(query, fields, after)
                yield from found
                if len(found) < self._page:
                    return
                after = found[-1]["sort"][:1]
        finally:
            self._close()

    def _next(self, query: dict[str, Any], fields: list[str], after: list[str] | None) -> list[dict[str, Any]]:
        with translated(self._address):
            try:
                return self._ask(query, fields, after)
            except elasticsearch.ApiError as error:
                if not self._point or _GONE not in str(error.body):
                    raise
            self._point = ""
            return self._ask(query, fields, after)

    def _ask(self, query: dict[str, Any], fields: list[str], after: list[str] | None) -> list[dict[str, Any]]:
        if not self._point:
            opened = self._client.open_point_in_time(index=self._index, keep_alive=self._keep, allow_partial_search_results=False)
            self._point = opened.body["id"]
        answer = self._client.search(
            pit={"id": self._point, "keep_alive": self._keep},
            query=query,
            size=self._page,
            sort=[{ID: "asc"}],
            search_after=after,
            source_includes=fields,
            version=True,
            track_total_hits=False,
        ).body
        self._point = answer.get("pit_id", self._point)
        hits: list[dict[str, Any]] = whole(self._address, answer)["hits"]["hits"]
        return hits

    def _close(self) -> None:
        if self._point:
            point, self._point = self._point, ""
            try:
                self._client.close_point_in_time(id=point)
            except (elasticsearch.ApiError, elasticsearch.TransportError):
                return  # the server forgets it by itself
