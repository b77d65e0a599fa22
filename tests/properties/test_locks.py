"""The rules of locks, and that the table's triggers forbid the very same changes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.adapters.objects.lock_rows import Address, LockRow, LockRows
from archiver.adapters.objects.lock_rules import why_not_delete, why_not_replace
from archiver.domain.document import LockMode
from archiver.errors import RefusedError
from archiver.ports.objects import Bucket, Lock
from tests.support.moving_clock import MovingClock

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
RANK = [LockMode.NONE, LockMode.GOVERNANCE, LockMode.COMPLIANCE]

moments = st.integers(-3, 3).map(lambda days: NOW + timedelta(days=days, microseconds=days))
held = st.builds(Lock, st.just(LockMode.NONE), st.none(), st.booleans())
dated = st.builds(Lock, st.sampled_from(RANK[1:]), moments, st.booleans())
locks = held | dated

numbers = count()


@pytest.fixture(scope="module")
def rows() -> Iterator[LockRows]:
    with tempfile.TemporaryDirectory() as folder:
        rows = LockRows(Path(folder, "locks.sqlite"), MovingClock(NOW))
        yield rows
        rows.close()


def placed(rows: LockRows, lock: Lock, *, intake: bool = False) -> Address:
    at = Address(Bucket.LOCKED, f"key-{next(numbers)}")
    rows.arrive([LockRow(at, "arriving", 1, "0" * 64, lock, intake)])
    rows.settle([at])
    return at


@given(old=locks, new=locks)
def test_a_lock_only_grows(old: Lock, new: Lock) -> None:
    weaker = RANK.index(new.mode) < RANK.index(old.mode)
    shorter = old.until is not None and (new.until is None or new.until < old.until)
    assert bool(why_not_replace(old, new, intake=False)) == (weaker or shorter)
    assert why_not_replace(old, new, intake=True) == ""


@given(lock=locks)
def test_nothing_goes_before_its_time(lock: Lock) -> None:
    assert bool(why_not_delete(lock, NOW)) == (lock.hold or (lock.until is not None and lock.until > NOW))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=locks, new=locks, intake=st.booleans())
def test_triggers_refuse_the_same_changes(rows: LockRows, old: Lock, new: Lock, intake: bool) -> None:
    at = placed(rows, old, intake=intake)
    try:
        rows.set_locks([(at, new)])
        refused = False
    except RefusedError:
        refused = True
    assert refused == bool(why_not_replace(old, new, intake=intake))
    row = rows.find(at)
    assert row is not None
    expected = old if refused else Lock(new.mode, new.until, new.hold or old.hold)
    assert (row.lock, row.intake) == (expected, intake and refused)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lock=locks)
def test_triggers_refuse_the_same_removals(rows: LockRows, lock: Lock) -> None:
    at = placed(rows, lock)
    try:
        rows.leave(at)
        rows.forget([at])
        refused = False
    except RefusedError:
        refused = True
    assert refused == bool(why_not_delete(lock, NOW))
    assert (rows.find(at) is None) != refused
