"""Time never runs backwards in an archive, and a doubtful clock is seen."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.adapters.clock.embedded import HighWaterClock
from archiver.errors import IntegrityError, UnreachableError
from tests.support.moving_clock import MovingClock


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "clock"


@pytest.fixture
def machine() -> MovingClock:
    return MovingClock()


def test_it_follows_the_machine(mark: Path, machine: MovingClock) -> None:
    clock = HighWaterClock(mark, machine.now)
    assert clock.now() == machine.now()
    machine.move(timedelta(seconds=3))
    assert clock.now() == machine.now()
    assert clock.now().tzinfo is UTC


def test_it_never_goes_back(mark: Path, machine: MovingClock) -> None:
    clock = HighWaterClock(mark, machine.now)
    machine.move(timedelta(hours=5))
    latest = clock.now()
    machine.move(-timedelta(hours=3))
    assert clock.now() == latest
    machine.move(timedelta(hours=4))
    assert clock.now() == machine.now()


def test_nor_after_a_restart(mark: Path, machine: MovingClock) -> None:
    clock = HighWaterClock(mark, machine.now)
    machine.move(timedelta(seconds=59))
    latest = clock.now()
    clock.close()
    clock.close()
    machine.move(-timedelta(days=30))
    assert HighWaterClock(mark, machine.now).now() == latest


def test_a_crash_costs_a_minute_at_most(mark: Path, machine: MovingClock) -> None:
    clock = HighWaterClock(mark, machine.now)
    for _ in range(200):
        machine.move(timedelta(seconds=7))
        latest = clock.now()
    machine.move(-timedelta(days=30))
    assert latest - HighWaterClock(mark, machine.now).now() < timedelta(minutes=1)


def test_the_mark_is_written_once_a_minute(mark: Path, machine: MovingClock, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, writes = HighWaterClock(mark, machine.now), []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda old, new: (writes.append(new), replace(old, new)))
    for _ in range(600):
        machine.move(timedelta(seconds=1))
        clock.now()
    assert len(writes) == 10


@pytest.mark.parametrize(("leap", "word"), [(timedelta(days=-2), "2 days behind"), (timedelta(days=4000), "4000 days ahead of")])
def test_a_doubtful_clock_is_seen(mark: Path, machine: MovingClock, leap: timedelta, word: str) -> None:
    HighWaterClock(mark, machine.now).close()
    machine.move(leap)
    clock = HighWaterClock(mark, machine.now)
    clock.now()
    skew = clock.skew()
    assert skew is not None
    assert skew.by == leap
    assert word in skew.message


@pytest.mark.parametrize("leap", [timedelta(0), timedelta(hours=-23), timedelta(days=300)])
def test_an_ordinary_pause_is_none(mark: Path, machine: MovingClock, leap: timedelta) -> None:
    HighWaterClock(mark, machine.now).close()
    machine.move(leap)
    assert HighWaterClock(mark, machine.now).skew() is None


def test_a_clock_that_jumps_back_while_in_use_is_seen(mark: Path, machine: MovingClock) -> None:
    clock = HighWaterClock(mark, machine.now)
    machine.move(-timedelta(days=3))
    assert clock.skew() is not None


def test_readers_write_no_mark(mark: Path, machine: MovingClock) -> None:
    HighWaterClock(mark, machine.now, read_only=True).close()
    assert not mark.exists()


@pytest.mark.parametrize("content", ["", "soon", "2026-01-15T12:00:00", "\xe9"])
def test_a_damaged_mark(mark: Path, content: str) -> None:
    mark.write_text(content, "latin-1")
    with pytest.raises(IntegrityError):
        HighWaterClock(mark)


def test_a_disk_that_fails(mark: Path, machine: MovingClock, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = HighWaterClock(mark, machine.now)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    machine.move(timedelta(minutes=2))
    with pytest.raises(UnreachableError, match="No space"):
        clock.now()
    with pytest.raises(UnreachableError):
        HighWaterClock(mark.parent, machine.now)


def test_the_machine_is_the_default(mark: Path) -> None:
    before = datetime.now(UTC)
    assert before <= HighWaterClock(mark).now() <= datetime.now(UTC)
