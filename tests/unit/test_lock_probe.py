"""The lock probe of `doctor`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from archiver.adapters.objects.embedded import EmbeddedStore
from archiver.domain.document import LockMode
from archiver.errors import UnreachableError
from archiver.ports.objects import Bucket, Lock, Put
from archiver.services.lock_probe import PREFIX, probe
from tests.support.moving_clock import MovingClock
from tests.support.unsound_store import HOLES, UnsoundStore


def test_embedded_store_keeps_its_promises_and_no_canary(tmp_path: Path) -> None:
    clock = MovingClock()
    store = EmbeddedStore(tmp_path, clock)
    assert probe(store, clock, lambda seconds: clock.move(timedelta(seconds=seconds))) == []
    assert list(store.list(Bucket.LOCKED)) == []
    store.close()


def test_a_sound_store_with_versions_has_no_findings() -> None:
    clock = MovingClock()
    store = UnsoundStore(clock, "")
    assert probe(store, clock, lambda seconds: clock.move(timedelta(seconds=seconds))) == []
    assert store.keys(Bucket.LOCKED) == []


@pytest.mark.parametrize("hole", list(HOLES))
def test_each_thing_let_through_is_told_and_nothing_else(hole: str) -> None:
    clock = MovingClock()
    store = UnsoundStore(clock, hole)
    assert probe(store, clock, lambda seconds: clock.move(timedelta(seconds=seconds))) == [HOLES[hole]]
    assert store.keys(Bucket.LOCKED) == []


def test_versions_on_top_that_are_not_shown_are_told() -> None:
    clock = MovingClock()
    store = UnsoundStore(clock, "unseen")
    told = probe(store, clock, lambda seconds: clock.move(timedelta(seconds=seconds)))
    assert told == [HOLES["overwrite"], HOLES["hide"]]


def test_canaries_of_a_probe_that_was_killed_are_removed_and_those_of_another_are_not() -> None:
    clock = MovingClock()
    store = UnsoundStore(clock, "")
    old, young = clock.now() - timedelta(minutes=5), clock.now()
    keys = [f"{PREFIX}{moment:%Y%m%dT%H%M%S}-ab" for moment in (old, young)]
    store.put([Put(Bucket.LOCKED, key, body=b"canary", lock=Lock(hold=True)) for key in keys])
    assert probe(store, clock, lambda seconds: clock.move(timedelta(seconds=seconds))) == []
    assert store.keys(Bucket.LOCKED) == keys[1:]


def test_a_store_whose_locks_do_not_end_is_told_not_waited_for() -> None:
    clock = MovingClock()
    store = UnsoundStore(MovingClock(), "")
    with pytest.raises(UnreachableError, match="can't be removed"):
        probe(store, clock, lambda seconds: clock.move(timedelta(seconds=seconds)))
    assert all(info.lock.mode is LockMode.COMPLIANCE for info in store.list(Bucket.LOCKED))


def test_a_clock_that_stands_still_is_told_not_waited_for(tmp_path: Path) -> None:
    clock = MovingClock()
    store = EmbeddedStore(tmp_path, clock)
    with pytest.raises(UnreachableError, match="stands still"):
        probe(store, clock, lambda _: None)
    assert list(store.list(Bucket.LOCKED)) == []
    store.close()
