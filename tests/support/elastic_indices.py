"""Indices of tests on the real Elasticsearch server: a prefix for each, deleted afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from archiver.adapters.index.elastic import ElasticsearchIndex
from archiver.adapters.index.elastic_roles import grant, revoke
from tests.support.servers import server_url, under


class ElasticIndices:
    """Gives URLs of indices that are not there yet."""

    def __init__(self, server: str) -> None:
        self.server = server

    def url(self) -> str:
        """A URL with a new prefix."""
        return under(self.server, f"t{uuid.uuid4().hex[:16]}")

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

    @contextmanager
    def granted(self) -> Iterator[str]:
        """A URL with a new prefix and a user of its own who has the program's rights under it; the server's own user where it
        runs without security."""
        parts, name = urlsplit(self.server), f"t{uuid.uuid4().hex[:16]}"
        if not parts.username:
            yield under(self.server, name)
            return
        admin = under(self.server, "admin")
        url = f"{parts.scheme}://{name}:Secret-{name}@{parts.hostname}:{parts.port}/{name}"
        grant(admin, url)
        try:
            yield url
        finally:
            revoke(admin, url)


def elastic_indices() -> ElasticIndices:
    """Those of the server under test."""
    return ElasticIndices(server_url("elasticsearch"))
