"""The indices of an archive on a server, for `reindex`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive
    from archiver.ports.index import IndexGenerations


def index_generations(archive: Archive) -> IndexGenerations:
    """The index that answers and those beside it.

    Raises:
        UsageError: the index is embedded; there is one.
    """
    from archiver.adapters.index.elastic import ElasticsearchIndex
    from archiver.adapters.index.elastic_rebuilding import ElasticGenerations

    if not isinstance(archive.index, ElasticsearchIndex):
        raise UsageError("the embedded index has no other beside it", remedy="set index_url")
    return ElasticGenerations(archive.index)
