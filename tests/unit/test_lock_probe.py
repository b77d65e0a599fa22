"""The lock probe of `doctor`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from archiver.adapters.objects.embedded import EmbeddedStore
from archiver.errors import UnreachableError
from archiver.ports.objects import Bucket
from archiver.services.lock_probe import probe
from tests.support.moving_clock import MovingClock


def test_embedded_store_keeps_its_promises_and_no_canary(tmp_path: Path) -> None:
    clock = MovingClock()
    store = EmbeddedStore(tmp_path, clock)
    assert probe(store, clock, lambda seconds: clock.move(timedelta(seconds=seconds))) == []
    assert list(store.list(Bucket.LOCKED)) == []
    store.close()


def test_a_clock_that_stands_still_is_told_not_waited_for(tmp_path: Path) -> None:
    clock = MovingClock()
    store = EmbeddedStore(tmp_path, clock)
    with pytest.raises(UnreachableError, match="stands still"):
        probe(store, clock, lambda _: None)
    assert list(store.list(Bucket.LOCKED)) == []
    store.close()
