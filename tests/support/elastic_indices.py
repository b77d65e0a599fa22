"""Indices of tests on the real Elasticsearch server: a prefix for each, deleted afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from archiver.adapters.index.elastic import ElasticsearchIndex
from tests.support.servers import server_url


class ElasticIndices:
    """Gives URLs of indices that are not there yet."""

    def __init__(self, server: str) -> None:
        self.server = server

    def url(self) -> str:
        """A URL with a new prefix."""
        return f"{self.server.rstrip('/')}/t{uuid.uuid4().hex[:16]}"

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """A URL with a new prefix; what was made under it is deleted at the end."""
        url = self.url()
        try:
            yield url
        finally:
            index = ElasticsearchIndex(url, writable=True)
            index.discard()
            index.close()


def elastic_indices() -> ElasticIndices:
    """Those of the server under test."""
    return ElasticIndices(server_url("elasticsearch"))
