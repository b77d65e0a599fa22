"""The embedded index keeps the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archiver.adapters.index.embedded import TantivyIndex
from archiver.ports.index import Index
from tests.contracts.index_suite import IndexContract


class TestTantivyIndex(IndexContract):
    @pytest.fixture
    def open_index(self, tmp_path: Path) -> Iterator[Callable[[bool], Index]]:
        opened: list[TantivyIndex] = []

        def open_(writable: bool) -> Index:
            opened.append(TantivyIndex(tmp_path / "index", writable=writable))
            return opened[-1]

        yield open_
        for one in opened:
            one.close()
