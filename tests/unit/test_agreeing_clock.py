"""Time that several clocks agree on: no single fast one moves it, it never goes back, and disagreement is told."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.adapters.catalog.sql import SqlCatalog, create_sqlite
from archiver.adapters.clock.agreeing import ASK_EVERY, BOUND, MARK, AgreeingClock
from archiver.errors import IntegrityError, RefusedError, UnreachableError
from archiver.ports.clock import Doubt

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class World:
    """A machine, a database and a store, each with a clock that runs and may be wrong."""

    passed: float = 0.0
    machine_off: timedelta = timedelta(0)
    off: dict[str, timedelta] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    asked: int = 0

    def elapsed(self) -> float:
        return self.passed

    def true(self) -> datetime:
        return START + timedelta(seconds=self.passed)

    def machine(self) -> datetime:
        return self.true() + self.machine_off

    def source(self, name: str):
        def say() -> datetime:
            self.asked += 1
            if name in self.silent:
                raise UnreachableError("gone")
            return self.true() + self.off.get(name, timedelta(0))

        return say

    def clock(self, marks: SqlCatalog, *names: str, read_only: bool = False) -> AgreeingClock:
        sources = {name: self.source(name) for name in names or ("database",)}
        return AgreeingClock(marks, sources, system=self.machine, elapsed=self.elapsed, read_only=read_only)


@pytest.fixture
def marks(tmp_path: Path) -> Iterator[SqlCatalog]:
    catalog = create_sqlite(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def test_it_runs_and_asks_the_others_now_and_then(marks: SqlCatalog) -> None:
    world = World()
    clock = world.clock(marks)
    for _ in range(10):
        world.passed += ASK_EVERY / 20
        assert clock.now() == world.true()
    assert world.asked == 1
    world.passed += ASK_EVERY
    assert clock.now() == world.true()
    assert world.asked == 2


@pytest.mark.parametrize(
    ("machine", "database", "store", "wanted"),
    [
        (HOUR, None, None, HOUR),
        (HOUR, timedelta(0), None, timedelta(0)),
        (timedelta(0), HOUR, None, timedelta(0)),
        (24 * HOUR, timedelta(0), timedelta(0), timedelta(0)),
        (timedelta(0), 24 * HOUR, timedelta(0), timedelta(0)),
        (-24 * HOUR, timedelta(0), timedelta(seconds=1), timedelta(0)),
    ],
)
def test_of_three_the_middle_counts_and_of_two_the_earlier(marks: SqlCatalog, machine, database, store, wanted) -> None:
    world = World(machine_off=machine)
    names = [name for name, off in (("database", database), ("store", store)) if off is not None]
    world.off = {name: off for name, off in (("database", database), ("store", store)) if off is not None}
    world.silent = {"database"} - set(names)
    clock = world.clock(marks, *names)
    assert clock.now() == world.true() + wanted


def test_a_machine_clock_that_is_set_moves_nothing_in_between(marks: SqlCatalog) -> None:
    world = World()
    clock = world.clock(marks)
    world.passed += 1
    world.machine_off = 400 * 24 * HOUR
    assert clock.now() == world.true()


def test_disagreement_is_told_and_agreement_is_not(marks: SqlCatalog) -> None:
    world = World()
    clock = world.clock(marks, "database", "store")
    assert clock.skew() is None
    world.off["store"] = BOUND + timedelta(seconds=1)
    skew = clock.skew()
    assert skew is not None
    assert (skew.doubt, skew.by) == (Doubt.APART, world.off["store"])
    assert skew.message == (
        "clocks are 61 seconds apart, in UTC: the database 2026-05-01 12:00:00, the machine 2026-05-01 12:00:00, "
        "the store 2026-05-01 12:01:01"
    )
    world.off["store"] = timedelta(0)
    world.silent.add("database")
    skew = clock.skew()
    assert skew is not None
    assert skew.doubt is Doubt.SILENT
    assert "database" in skew.message


def test_who_is_far_behind_is_told_as_well_as_who_is_ahead(marks: SqlCatalog) -> None:
    world = World(machine_off=-HOUR)
    skew = world.clock(marks, "database", "store").skew()
    assert skew is not None
    assert "3,600 seconds apart, in UTC: the machine 2026-05-01 11:00:00, the database 2026-05-01 12:00:00" in skew.message


YEARS = timedelta(days=3000)


def _all_leap(world: World, by: timedelta) -> None:
    world.machine_off += by
    world.off = {name: world.off.get(name, timedelta(0)) + by for name in ("database", "store")}


def test_clocks_that_leap_together_are_not_followed_on_any_host(marks: SqlCatalog) -> None:
    world = World()
    world.clock(marks, "database", "store").close()
    _all_leap(world, YEARS)
    for host in range(3):
        clock = world.clock(marks, "database", "store")
        world.passed += 3600
        assert clock.now() == world.true() == START + (host + 1) * HOUR
        skew = clock.skew()
        assert skew is not None
        assert (skew.doubt, skew.clock) == (Doubt.AHEAD, world.true() + YEARS)
        clock.close()
    _all_leap(world, -YEARS)
    clock = world.clock(marks, "database", "store")
    assert (clock.now(), clock.skew()) == (world.true(), None)


def test_a_leap_while_in_use_is_not_followed_and_is_forgotten_when_set_right(marks: SqlCatalog) -> None:
    world = World()
    clock = world.clock(marks, "database", "store")
    _all_leap(world, YEARS)
    world.passed += 2 * ASK_EVERY
    assert clock.now() == world.true()
    _all_leap(world, -YEARS)
    world.passed += 2 * ASK_EVERY
    assert clock.now() == world.true()
    assert clock.skew() is None


def test_a_leap_confirmed_on_one_host_holds_on_all(marks: SqlCatalog) -> None:
    world = World()
    clocks = [world.clock(marks, "database", "store") for _ in range(2)]
    _all_leap(world, YEARS)
    skew = clocks[0].skew()
    assert skew is not None
    assert skew.clock is not None
    clocks[0].follow(skew.clock)
    world.passed += 2 * ASK_EVERY
    for clock in (*clocks, world.clock(marks, "database", "store")):
        assert (clock.now(), clock.skew()) == (world.true() + YEARS, None)
    with pytest.raises(RefusedError):
        clocks[1].follow(world.true() + YEARS)


def test_it_never_goes_back_in_a_process_or_between_hosts(marks: SqlCatalog) -> None:
    world = World(machine_off=HOUR, off={"database": HOUR})
    ahead = world.clock(marks)
    before = ahead.now()
    world.machine_off = world.off["database"] = timedelta(0)
    world.passed += ASK_EVERY
    assert ahead.now() == before
    ahead.close()
    other = world.clock(marks)
    assert other.now() == before
    world.passed += 2 * 3600
    assert other.now() == world.true()


def test_a_mark_far_from_now_is_told(marks: SqlCatalog) -> None:
    marks.set_mark(MARK, (START + 10 * 24 * HOUR).isoformat(timespec="microseconds"))
    skew = World().clock(marks).skew()
    assert skew is not None
    assert "behind" in skew.message


def test_the_mark_is_raised_and_never_lowered_and_left_alone_by_readers(marks: SqlCatalog) -> None:
    world = World()
    world.clock(marks, read_only=True).close()
    assert marks.get_mark(MARK) is None
    late, early = world.clock(marks), world.clock(marks)
    world.passed += 10
    late.close()
    first = marks.get_mark(MARK)
    early.close()
    assert first == marks.get_mark(MARK) == world.true().isoformat(timespec="microseconds")


def test_many_threads_see_one_time(marks: SqlCatalog) -> None:
    world = World()
    clock = world.clock(marks)

    def look(_: int) -> list[datetime]:
        found = []
        for _ in range(50):
            world.passed += 1
            found.append(clock.now())
        return found

    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(look, range(4)):
            assert found == sorted(found)


def test_time_goes_on_without_the_database(marks: SqlCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    clock = world.clock(marks)
    world.silent.add("database")

    def gone(*_: str) -> str:
        raise UnreachableError("gone")

    monkeypatch.setattr(marks, "raise_mark", gone)
    world.passed += ASK_EVERY
    assert clock.now() == world.true()


def test_a_mark_that_is_no_time(marks: SqlCatalog) -> None:
    marks.set_mark(MARK, "noon")
    with pytest.raises(IntegrityError, match="no time"):
        World().clock(marks)
