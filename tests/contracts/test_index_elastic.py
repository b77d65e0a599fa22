"""The index on Elasticsearch keeps the contract, as a user who has the program's rights and no others."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from archiver.adapters.index.elastic import ElasticsearchIndex
from archiver.ports.index import Index
from tests.contracts.index_suite import IndexContract
from tests.support.elastic_indices import elastic_indices


@pytest.fixture(scope="module")
def granted() -> Iterator[str]:
    with elastic_indices().granted() as url:
        yield url


class TestElasticsearchIndex(IndexContract):
    durable_when_added = True
    _turn = itertools.count()

    @pytest.fixture
    def open_index(self, granted: str) -> Iterator[Callable[[bool], Index]]:
        url = f"{granted}-{next(self._turn)}"
        opened = [ElasticsearchIndex(url, writable=True)]

        def open_(writable: bool) -> Index:
            opened.append(ElasticsearchIndex(url, writable=writable))
            return opened[-1]

        yield open_
        opened[0].discard()
        for one in opened:
            one.close()
