"""The embedded object store keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.adapters.objects.embedded import EmbeddedStore
from tests.contracts.objects_suite import LockSuite, ObjectStoreSuite
from tests.support.moving_clock import MovingClock


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def store(tmp_path: Path, clock: MovingClock) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path / "objects", clock)
    yield store
    store.close()


class TestEmbeddedStore(ObjectStoreSuite, LockSuite):
    """See the suite."""
