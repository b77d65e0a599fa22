"""Whatever is done to its clocks, an archive's time never goes back, and no setting of them moves it by years."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.adapters.clock.agreeing import AgreeingClock
from archiver.adapters.clock.embedded import HighWaterClock
from archiver.adapters.clock.leaps import AHEAD, BEHIND
from archiver.errors import UnreachableError
from archiver.ports.clock import Doubt

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
NAMES = ("machine", "database", "store")

_passing = st.tuples(st.just("pass"), st.integers(0, 3 * 86_400))
_setting = st.tuples(st.just("set"), st.sampled_from(NAMES), st.integers(-4_000 * 86_400, 4_000 * 86_400))
_righting = st.tuples(st.just("right"))
_silence = st.tuples(st.just("silent"), st.sampled_from(NAMES[1:]), st.booleans())
_opening = st.tuples(st.just("open"))
_steps = st.lists(_passing | _setting | _righting | _silence | _opening, max_size=30)


@dataclass
class World:
    """Seconds that really pass, and clocks that may be set to anything."""

    passed: float = 0.0
    off: dict[str, int] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    marks: dict[str, str] = field(default_factory=dict)

    def elapsed(self) -> float:
        return self.passed

    def true(self) -> datetime:
        return START + timedelta(seconds=self.passed)

    def source(self, name: str) -> Callable[[], datetime]:
        def say() -> datetime:
            if name in self.silent:
                raise UnreachableError("silent")
            return self.true() + timedelta(seconds=self.off.get(name, 0))

        return say

    def do(self, step: tuple) -> None:
        match step:
            case ("pass", seconds):
                self.passed += seconds
            case ("set", name, off):
                self.off[name] = off
            case ("silent", name, on):
                (self.silent.add if on else self.silent.discard)(name)
            case ("right",):
                self.off.clear()
                self.silent.clear()

    # the part of the catalogue that keeps marks
    def get_mark(self, key: str) -> str | None:
        return self.marks.get(key)

    def raise_mark(self, key: str, value: str) -> str:
        self.marks[key] = max(value, self.marks.get(key, value))
        return self.marks[key]


def _live(world: World, opened: Callable[[], HighWaterClock | AgreeingClock], steps: list[tuple]) -> None:
    clock = opened()
    last, at = clock.now(), world.passed
    for step in steps:
        world.do(step)
        if step == ("open",):
            clock.close()
            clock = opened()
        now = clock.now()
        assert now >= last
        assert now - last <= AHEAD + timedelta(seconds=world.passed - at)
        last, at = now, world.passed
    world.do(("right",))
    skew, ahead = clock.skew(), clock.now() - world.true()
    if skew is None:
        assert timedelta(0) <= ahead <= BEHIND
    else:
        assert ahead > BEHIND if skew.doubt is Doubt.BEHIND else -ahead > AHEAD


@settings(deadline=None)
@given(_steps)
def test_the_clock_of_one_machine(steps: list[tuple]) -> None:
    world = World()
    with tempfile.TemporaryDirectory() as folder:
        mark = Path(folder) / "clock"
        _live(world, lambda: HighWaterClock(mark, world.source("machine"), elapsed=world.elapsed), steps)


@settings(deadline=None)
@given(_steps)
def test_the_clock_of_several(steps: list[tuple]) -> None:
    world = World()
    others = {name: world.source(name) for name in NAMES[1:]}
    _live(world, lambda: AgreeingClock(world, others, system=world.source("machine"), elapsed=world.elapsed), steps)


@given(st.integers(340, 4_000), st.lists(st.integers(0, 86_400), max_size=5))
def test_one_leap_of_years_leaves_no_trace_once_the_clock_is_right(days: int, runs: list[int]) -> None:
    world = World()
    with tempfile.TemporaryDirectory() as folder:
        for off, seconds in [(0, 0), *((days * 86_400, one) for one in runs), (0, 0)]:
            world.off["machine"] = off
            clock = HighWaterClock(Path(folder) / "clock", world.source("machine"), elapsed=world.elapsed)
            world.passed += seconds
            assert clock.now() <= world.true()
            assert (clock.skew() is None) == (off == 0)
            clock.close()
        assert clock.now() == world.true()
