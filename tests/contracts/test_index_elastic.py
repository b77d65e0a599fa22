"""The index on Elasticsearch keeps the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from archiver.adapters.index.elastic import ElasticsearchIndex
from archiver.ports.index import Index
from tests.contracts.index_suite import IndexContract
from tests.support.elastic_indices import elastic_indices


class TestElasticsearchIndex(IndexContract):
    durable_when_added = True

    @pytest.fixture
    def open_index(self) -> Iterator[Callable[[bool], Index]]:
        with elastic_indices().fresh() as url:
            opened: list[ElasticsearchIndex] = []

            def open_(writable: bool) -> Index:
                opened.append(ElasticsearchIndex(url, writable=writable))
                return opened[-1]

            yield open_
            for one in opened:
                one.close()
