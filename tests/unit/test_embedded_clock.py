"""Time never runs backwards in an archive, and a doubtful clock is seen."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.adapters.clock.embedded import HighWaterClock
from archiver.adapters.clock.leaps import AHEAD
from archiver.errors import IntegrityError, RefusedError, UnreachableError
from archiver.ports.clock import Doubt
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


@pytest.mark.parametrize(
    ("leap", "word"),
    [
        (timedelta(days=-2), "2 days behind"),
        (timedelta(hours=-30), "30 hours behind"),
        (timedelta(minutes=-6), "6 minutes behind"),
        (timedelta(days=4000), "4,000 days ahead of"),
    ],
)
def test_a_doubtful_clock_is_seen(mark: Path, machine: MovingClock, leap: timedelta, word: str) -> None:
    HighWaterClock(mark, machine.now).close()
    machine.move(leap)
    clock = HighWaterClock(mark, machine.now, elapsed=lambda: 0.0)
    clock.now()
    skew = clock.skew()
    assert skew is not None
    assert skew.by == leap
    assert word in skew.message


@pytest.mark.parametrize("leap", [timedelta(0), timedelta(minutes=-4), timedelta(days=300)])
def test_an_ordinary_pause_is_none(mark: Path, machine: MovingClock, leap: timedelta) -> None:
    HighWaterClock(mark, machine.now).close()
    machine.move(leap)
    assert HighWaterClock(mark, machine.now).skew() is None


def test_a_clock_that_jumps_back_while_in_use_is_seen(mark: Path, machine: MovingClock) -> None:
    clock = HighWaterClock(mark, machine.now)
    machine.move(-timedelta(days=3))
    assert clock.skew() is not None


class Watch:
    """Seconds that pass, which nobody can set."""

    def __init__(self, machine: MovingClock) -> None:
        self.machine, self.seconds = machine, 0.0

    def __call__(self) -> float:
        return self.seconds

    def live(self, by: timedelta) -> None:
        self.seconds += by.total_seconds()
        self.machine.move(by)


YEARS = timedelta(days=3000)


def test_a_leap_of_years_is_followed_in_no_run(mark: Path, machine: MovingClock) -> None:
    watch = Watch(machine)
    HighWaterClock(mark, machine.now, elapsed=watch).close()
    honest = machine.now()
    machine.move(YEARS)
    for run in range(3):
        clock = HighWaterClock(mark, machine.now, elapsed=watch)
        watch.live(timedelta(hours=1))
        assert clock.now() == honest + timedelta(hours=run + 1)
        skew = clock.skew()
        assert skew is not None
        assert (skew.doubt, skew.clock) == (Doubt.AHEAD, machine.now())
        clock.close()


def test_a_clock_set_right_again_is_as_if_nothing_had_been(mark: Path, machine: MovingClock) -> None:
    HighWaterClock(mark, machine.now, elapsed=lambda: 0.0).close()
    machine.move(YEARS)
    HighWaterClock(mark, machine.now, elapsed=lambda: 0.0).close()
    machine.move(-YEARS)
    clock = HighWaterClock(mark, machine.now, elapsed=lambda: 0.0)
    assert clock.now() == machine.now()
    assert clock.skew() is None


def test_a_leap_while_in_use_is_not_followed_either(mark: Path, machine: MovingClock) -> None:
    watch = Watch(machine)
    clock, honest = HighWaterClock(mark, machine.now, elapsed=watch), machine.now()
    machine.move(YEARS)
    assert clock.now() == honest
    watch.live(timedelta(minutes=5))
    assert clock.now() == honest + timedelta(minutes=5)
    machine.move(-YEARS)
    assert clock.now() == machine.now() == honest + timedelta(minutes=5)
    assert clock.skew() is None


def test_a_long_run_follows_its_clock_for_ever(mark: Path, machine: MovingClock) -> None:
    watch = Watch(machine)
    clock = HighWaterClock(mark, machine.now, elapsed=watch)
    watch.live(2 * AHEAD)
    assert clock.now() == machine.now()
    assert clock.skew() is None


def test_a_year_mistyped_is_seen_and_an_autumn_is_not(mark: Path, machine: MovingClock) -> None:
    HighWaterClock(mark, machine.now, elapsed=lambda: 0.0).close()
    machine.move(timedelta(days=365))
    assert HighWaterClock(mark, machine.now, elapsed=lambda: 0.0).skew() is not None
    machine.move(AHEAD - timedelta(days=365))
    assert HighWaterClock(mark, machine.now, elapsed=lambda: 0.0).skew() is None


def test_a_leap_that_is_confirmed_is_followed_from_then_on(mark: Path, machine: MovingClock) -> None:
    watch = Watch(machine)
    HighWaterClock(mark, machine.now, elapsed=watch).close()
    machine.move(YEARS)
    clock = HighWaterClock(mark, machine.now, elapsed=watch)
    seen = machine.now()
    watch.live(timedelta(seconds=3))
    clock.follow(seen)
    assert clock.now() == machine.now()
    assert clock.skew() is None
    again = HighWaterClock(mark, machine.now, elapsed=watch)
    assert again.now() == machine.now()
    machine.move(-YEARS)
    skew = HighWaterClock(mark, machine.now, elapsed=watch).skew()
    assert skew is not None
    assert skew.doubt is Doubt.BEHIND


@pytest.mark.parametrize("leap", [timedelta(0), -YEARS, timedelta(days=200)])
def test_without_a_leap_there_is_nothing_to_confirm(mark: Path, machine: MovingClock, leap: timedelta) -> None:
    HighWaterClock(mark, machine.now, elapsed=lambda: 0.0).close()
    machine.move(leap)
    clock = HighWaterClock(mark, machine.now, elapsed=lambda: 0.0)
    before = clock.now()
    with pytest.raises(RefusedError, match="did not leap") as caught:
        clock.follow(machine.now())
    assert caught.value.remedy
    assert clock.now() == before


def test_nothing_beyond_what_the_clock_says_is_confirmed(mark: Path, machine: MovingClock) -> None:
    HighWaterClock(mark, machine.now, elapsed=lambda: 0.0).close()
    honest = machine.now()
    machine.move(YEARS)
    clock = HighWaterClock(mark, machine.now, elapsed=lambda: 0.0)
    for moment in (machine.now() + timedelta(seconds=1), honest, honest - timedelta(days=1)):
        with pytest.raises(RefusedError):
            clock.follow(moment)


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
