"""A purge to which something happens before any of its calls: a hold, an outage, the end of its process."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from archiver.adapters.catalog.sql import open_sqlite
from archiver.adapters.objects.embedded import EmbeddedStore
from archiver.domain.document import Document
from archiver.domain.record import original_key, record_key
from archiver.errors import NotFoundError, RefusedError, UnreachableError
from archiver.ports.objects import Bucket
from archiver.ports.retention_rows import HoldRecord, Purge
from archiver.services.holds import Holds, Wish
from archiver.services.register import Register
from retention.certificate import Failure
from retention.disposal import Withheld
from retention.plan import ItemState
from tests.support.interference import Interference
from tests.support.moving_clock import MovingClock
from tests.support.purge_rules import require_certificate, require_rules
from tests.support.purges import Opened, copied, opened, scratch, template, tomorrow
from tests.support.small_archive import PowerCut

LONG = bool(os.environ.get("MINUTIER_LONG_PURGES"))
HELD = ("box.zip", "twin-1.txt", "alone.txt", "legal.txt") if LONG else ("box.zip",)
Approved = tuple[Path, str, dict[str, Document], MovingClock]


def points(calls: Sequence[str], first: int = 0) -> Sequence[int]:
    """Every point, or, in the short form, every third."""
    return range(len(calls)) if LONG else range(first, len(calls), 3)


@pytest.fixture(scope="module")
def approved() -> Approved:
    """An archive with an approved plan, to be copied; what there is; the time."""
    home, keys = template()
    planned, clock = scratch("purge-approved") / "archive", tomorrow()
    copied(home, planned)
    with opened(planned, keys, clock) as one:
        purge = one.plan()
        assert purge is not None
        one.approve(purge)
        return planned, purge.id, {str(each.id): each for each in one.documents().values()}, clock


@pytest.fixture(scope="module")
def calls(approved: Approved) -> list[str]:
    """The calls of a purge that nothing happens to."""
    with Running(approved, "undisturbed") as running:
        running.go()
        running.require_rules()
        assert "catalog.condemn" in running.interference.calls
        return running.interference.calls


class Running:
    """A copy of the archive whose purge runs."""

    def __init__(self, approved: Approved, name: str) -> None:
        template_home, self.purge_id, self.before, self.clock = approved
        self.root = scratch(name)
        self.home = copied(template_home, self.root / "archive")
        self.by_name = {each.name: each for each in self.before.values()}
        self.interference = Interference()

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    def go(self) -> None:
        """Run it to its end, as the command does."""
        with self.open(self.interference.wrap) as one:
            self.interference.armed = True
            one.run(one.archive.catalog.purge(self.purge_id))
            self.interference.armed = False

    def open(self, wrap: Callable[[str, Any], Any] = lambda _, part: part) -> Any:
        return opened(self.home, template()[1], self.clock, wrap)

    def require_rules(self, kept: Collection[str] = ()) -> None:
        with self.open() as one:
            require_rules(one, self.purge(one), self.before, kept)

    def purge(self, one: Opened) -> Purge:
        return one.archive.catalog.purge(self.purge_id)

    def unit_of(self, name: str) -> set[str]:
        root = str(self.by_name[name].id)
        return {key for key, each in self.before.items() if root in (key, each.root_id)}

    def became(self) -> dict[str, tuple[ItemState, str]]:
        with self.open() as one:
            return {key: (item.state, item.why) for key, item in one.items(self.purge(one)).items()}


# -- holds ----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", HELD)
def test_a_hold_at_every_point_keeps_the_document_or_is_told_that_it_came_too_late(
    approved: Approved, calls: list[str], name: str
) -> None:
    """The catalogue alone decides: no turn is taken, and the store is told nothing."""
    late = calls.index("catalog.condemn") + 1
    for point in range(len(calls)):
        with Running(approved, "held") as running:
            wanted, answers = str(running.by_name[name].id), []

            def hold(_: str, running: Running = running, wanted: str = wanted, answers: list[Any] = answers) -> None:
                beside = open_sqlite(running.home / "catalog.sqlite")
                beside.add_hold(HoldRecord("m1", "matter", "why", "who", running.clock.now(), "anna"), [])
                answers.append(beside.place("m1", [wanted], running.clock.now().date(), []))
                beside.close()

            running.interference.at[point] = hold
            running.go()
            (gone,) = answers
            assert (gone == set()) == (point < late), f"{calls[point]}: {gone}"
            kept = running.unit_of(name) if not gone else set()
            running.require_rules(kept)
            became = running.became()
            assert {key for key, (state, _) in became.items() if state is ItemState.WITHHELD} == kept
            if kept:
                assert became[wanted] == (ItemState.WITHHELD, Withheld.HELD.value)


def test_a_hold_by_somebody_at_the_keyboard(approved: Approved, calls: list[str]) -> None:
    """As `minutier hold place` does it, beside the purge: in the retention turn, at the store first."""
    for point in points(calls):
        with Running(approved, "placed") as running:
            wanted, told, threads = str(running.by_name["box.zip"].id), [], []

            def place(running: Running = running, wanted: str = wanted, told: list[Any] = told) -> None:
                with opened(running.home, template()[1], running.clock, always=True) as beside:
                    told.append(_placed(beside, wanted))

            def begin(_: str, threads: list[threading.Thread] = threads, place: Callable[[], None] = place) -> None:
                threads.append(threading.Thread(target=place))
                threads[0].start()

            running.interference.at[point] = begin
            running.go()
            threads[0].join()
            (outcome,) = told
            assert outcome.done + outcome.gone == 1, f"{calls[point]}: {outcome}"
            running.require_rules(running.unit_of("box.zip") if outcome.done else ())
            with running.open() as one:
                there = one.archive.objects.versions(Bucket.LOCKED, record_key("default", wanted))
                assert [info.lock.hold for info in there] == ([True] if outcome.done else [])


def _placed(beside: Opened, wanted: str) -> Any:
    archive = beside.archive
    register = Register(archive.objects, archive.keys)
    holds = Holds(archive.catalog, archive.objects, beside.clock, register, archive.retention_turn)
    hold, _ = holds.open(Wish("matter", "why", "who"), by="anna")
    return holds.place(hold, [[wanted]])


def test_a_hold_set_at_the_store_itself(approved: Approved, calls: list[str]) -> None:
    """By somebody with access to the store and not to the archive: what the store keeps is never said to be destroyed."""
    for point in points(calls, 1):
        with Running(approved, "kept-by-store") as running:
            document, answers = running.by_name["legal.txt"], []
            key = original_key(document.collection, document.retention_class, document.sha256)

            def hold(_: str, running: Running = running, key: str = key, answers: list[bool] = answers) -> None:
                beside = EmbeddedStore(running.home / "objects", running.clock, beside=True)
                found = beside.versions(Bucket.LOCKED, key)
                try:
                    beside.hold_group([info.ref for info in found], True)
                    answers.append(bool(found))
                except NotFoundError:  # it went in between
                    answers.append(False)
                finally:
                    beside.close()

            running.interference.at[point] = hold
            running.go()
            became = running.became()[str(document.id)]
            if not answers[0]:
                assert became == (ItemState.EXECUTED, ""), calls[point]
                continue
            assert became in ((ItemState.WITHHELD, Withheld.LOCKED.value), (ItemState.FAILED, Failure.REFUSED.value)), calls[
                point
            ]
            assert (became[0] is ItemState.WITHHELD) == (point <= calls.index("objects.versions_of")), calls[point]
            with running.open() as one:
                assert one.archive.objects.versions(Bucket.LOCKED, key)
                require_certificate(one, running.purge(one))


# -- outages and sudden ends --------------------------------------------------------------------------------------
@pytest.mark.parametrize("trouble", [UnreachableError, PowerCut])
def test_it_is_run_again_and_ends_like_an_undisturbed_one(
    approved: Approved, calls: list[str], trouble: type[BaseException]
) -> None:
    for point in points(calls, 2 if trouble is PowerCut else 0):
        with Running(approved, "cut") as running:

            def happen(call: str) -> None:
                raise trouble(call)

            running.interference.at[point] = happen
            with pytest.raises(trouble):
                running.go()
            running.interference = Interference()
            running.go()
            running.require_rules()
            assert {state for state, _ in running.became().values()} == {ItemState.EXECUTED}, calls[point]


def test_cut_twice_and_held_in_between(approved: Approved, calls: list[str]) -> None:
    """A hold placed after the first end and before the second run is in time, unless the document's own end had begun."""
    late = calls.index("catalog.condemn") + 1
    for point in points(calls, 1):
        with Running(approved, "cut-held") as running:
            wanted = str(running.by_name["alone.txt"].id)

            def happen(call: str) -> None:
                raise PowerCut

            running.interference.at[point] = happen
            with pytest.raises(PowerCut):
                running.go()
            with opened(running.home, template()[1], running.clock, always=True) as beside:
                outcome = _placed(beside, wanted)
            assert (outcome.done, outcome.gone) == ((1, 0) if point < late else (0, 1)), calls[point]
            running.interference = Interference()
            running.interference.at[point // 2] = happen
            with pytest.raises(PowerCut):
                running.go()
            running.interference = Interference()
            running.go()
            running.require_rules({wanted} if outcome.done else ())


def test_an_approval_that_runs_out_at_any_point(approved: Approved, calls: list[str]) -> None:
    """What had passed its point of no return is finished and certified; nothing passes it afterwards without a new approval."""
    for point in points(calls, 1):
        with Running(approved, "ran-out") as running:

            def later(_: str, running: Running = running) -> None:
                running.clock.move(timedelta(days=8))

            running.clock = MovingClock(running.clock.now())
            running.interference.at[point] = later
            try:
                running.go()
            except RefusedError:
                with running.open() as one:
                    assert {item.state for item in one.items(running.purge(one)).values()} == {ItemState.PLANNED}
                    one.approve(running.purge(one))
                running.interference = Interference()
                running.go()
            running.require_rules()
            assert {state for state, _ in running.became().values()} == {ItemState.EXECUTED}, calls[point]
