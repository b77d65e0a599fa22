"""Chunks of a purge as workers take them, on the embedded parts: claims, deaths, conditions, and two that work on the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from archiver.adapters.jobs.rows import SqlJobs
from archiver.domain.document import State
from archiver.domain.ledger import Tree
from archiver.errors import IntegrityError, RefusedError, UnreachableError
from archiver.ports.jobs import Kind
from archiver.ports.retention_rows import Purge, PurgeState
from archiver.services.leases import Leases
from archiver.services.ledger_objects import entries
from archiver.services.purge.chunk import DEATHS, PurgeChunk
from archiver.services.purge.run import Counts, RunPurge
from archiver.services.purge.spread import SpreadPurge
from retention.plan import ItemState
from tests.support.interference import Interference
from tests.support.moving_clock import MovingClock
from tests.support.purges import Opened, copied, opened, template

LONG, GONE = timedelta(hours=1), timedelta(seconds=-1)


class Shop:
    """An approved purge that runs, and a worker's parts."""

    def __init__(self, one: Opened, interference: Interference) -> None:
        self.one, self.interference = one, interference
        purge = one.plan()
        assert purge is not None
        self.before = {each.name: each.id for each in one.documents().values()}
        self.here = one.purging.running(lambda _: None, lambda _: None)
        self.purge = self.here.begin(one.approve(purge))
        self.jobs = SqlJobs(one.archive.catalog.engine)
        self.leases = Leases(self.jobs, lease=LONG)
        self.chunk = self.worker()
        self.looks: list[int | None] = []

    def worker(self) -> PurgeChunk:
        return PurgeChunk(self.one.archive.catalog, self.jobs, self.here.destroy, self.here.conditions, self.leases)

    def spread(self, tick: Any = None, announce: Any = lambda: None) -> SpreadPurge:
        return SpreadPurge(self.here, self.jobs, self.chunk, announce, tick or self._look, sleep=lambda _: None)

    def put(self) -> list[str]:
        tasks = list(self.spread()._tasks(self.purge))
        self.jobs.put(Kind.PURGE, tasks, part_of=self.purge.id)
        return [task.document_id for task in tasks]

    def left(self) -> int:
        return self.jobs.backlog(Kind.PURGE, batch_id=self.purge.id).documents

    def states(self) -> Counter[str]:
        return Counter(one.state.value for one in self.one.archive.catalog.items(self.purge.id))

    def entered(self) -> Counter[str]:
        """How often each document was entered as destroyed."""
        archive = self.one.archive
        archive.ledger.sequence()
        found = entries(archive.objects, Tree.CUSTODY, archive.ledger_rows)
        return Counter(one.event.document_id for one in found if one.event.kind == "disposed")

    def _look(self, counts: Counts) -> None:
        self.looks.append(counts.left)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    home, keys = template()
    interference = Interference()
    with opened(copied(home, tmp_path / "archive"), keys, wrap=interference.wrap) as one:
        found = Shop(one, interference)
        yield found
        found.leases.close()


def test_rows_are_of_originals_and_go_when_all_in_them_is_destroyed(shop: Shop):
    roots = shop.put()
    assert len(roots) == shop.left() == 5
    assert shop.put() == roots  # again: those that are there stay
    assert shop.left() == 5
    counts = shop.chunk.run(roots)
    assert counts.by_state[ItemState.EXECUTED] == 7  # the box has two members
    assert (shop.left(), shop.states()) == (0, Counter(executed=7))
    assert set(shop.entered().values()) == {1}
    assert shop.chunk.run(roots).by_state[ItemState.EXECUTED] == 0  # a message that comes late


def test_what_another_holds_is_left_to_it(shop: Shop):
    roots = shop.put()
    shop.jobs.claim(Kind.PURGE, roots[:2], owner="another", lease=LONG)
    shop.chunk.run(roots)
    assert shop.left() == 2
    assert shop.states()["planned"] >= 2


def test_a_purge_that_does_not_run_is_not_gone_on_with(shop: Shop):
    roots = shop.put()
    shop.one.archive.catalog.set_purge(replace(shop.purge, state=PurgeState.DONE), [])
    shop.chunk.run(roots)
    assert (shop.left(), shop.states()) == (0, Counter(planned=7))


def test_conditions_are_asked_for_each_chunk(shop: Shop):
    """The approval expires while workers are at it: what is left is withdrawn, and who runs it is told."""
    roots = shop.put()
    shop.chunk.run(roots[:2])
    assert isinstance(shop.one.clock, MovingClock)
    shop.one.clock.move(timedelta(days=8))
    with pytest.raises(RefusedError, match="expired"):
        shop.chunk.run(roots[2:4])
    assert shop.left() == 0
    assert shop.states()["planned"] > 0


def test_an_original_that_ended_three_workers_is_set_aside_and_tried_by_the_next_run(shop: Shop):
    roots = shop.put()
    deadly = roots[-1]
    for number in range(DEATHS):
        shop.jobs.claim(Kind.PURGE, [deadly], owner=f"dead {number}", lease=GONE)
    counts = shop.chunk.run([deadly])
    assert counts.by_state[ItemState.FAILED] >= 1
    failed = [one for one in shop.one.archive.catalog.items(shop.purge.id) if one.state is ItemState.FAILED]
    assert {one.why for one in failed} == {"not finished"}
    assert shop.one.archive.catalog.document(deadly).state is not State.DISPOSED
    assert shop.left() == 4
    shop.spread().run(shop.purge)
    assert (shop.left(), shop.states()) == (0, Counter(executed=7))
    assert shop.one.archive.catalog.document(deadly).state is State.DISPOSED
    assert not shop.one.archive.objects.versions("locked", f"records/default/{deadly}.json")  # type: ignore[arg-type]


def test_suspects_are_done_alone(shop: Shop):
    roots = shop.put()
    shop.jobs.claim(Kind.PURGE, roots[:1], owner="dead", lease=GONE)
    shop.chunk.run(roots)
    assert shop.left() == 1
    shop.chunk.run(roots[:1])
    assert shop.left() == 0


@pytest.mark.parametrize("call", ["objects.versions_of", "catalog.condemn", "objects.delete_group", "catalog.settle"])
def test_what_met_an_outage_is_given_back_and_finished(shop: Shop, call: str):
    roots = shop.put()

    def outage(_: str) -> None:
        raise UnreachableError("away")

    shop.interference.before[call] = outage
    shop.interference.armed = True
    with pytest.raises(UnreachableError):
        shop.chunk.run(roots)
    assert shop.left() == 5
    assert len(shop.jobs.claim(Kind.PURGE, roots, owner="x", lease=GONE)) == 5  # nobody holds them
    for root in roots:
        shop.chunk.run([root])
    assert (shop.left(), shop.states()) == (0, Counter(executed=7))
    assert set(shop.entered().values()) == {1}


@pytest.mark.parametrize("call", ["objects.delete_group", "catalog.settle"])
def test_two_that_work_on_the_same_end_each_document_once(shop: Shop, call: str):
    """A claim that was taken for lost: another does the whole work while the first one is at this call, which it then makes."""
    roots = shop.put()

    def overtaken(_: str) -> None:
        shop.interference.armed = False
        for root in roots:  # the same purge, by whoever took over
            items = shop.one.archive.catalog.items_under(shop.purge.id, [root])
            shop.here.destroy.run(shop.purge.id, [one for one in items if one.state in (ItemState.PLANNED, ItemState.GOING)])

    shop.interference.before[call] = overtaken
    shop.interference.armed = True
    shop.chunk.run(roots)
    assert shop.states() == Counter(executed=7)
    assert set(shop.entered().values()) == {1}


def test_who_comes_late_changes_nothing(shop: Shop):
    """What a worker had read before another did the whole work."""
    roots = shop.put()
    stale = shop.one.archive.catalog.items_under(shop.purge.id, roots)
    shop.chunk.run(roots)
    assert shop.here.destroy.run(shop.purge.id, stale) == []
    assert shop.states() == Counter(executed=7)
    assert set(shop.entered().values()) == {1}


def test_damage_is_told_when_the_claims_run_out(shop: Shop):
    roots = shop.put()

    def damaged(_: str) -> None:
        raise IntegrityError("damaged")

    shop.interference.before["objects.versions_of"] = damaged
    shop.interference.armed = True
    with pytest.raises(IntegrityError):
        shop.chunk.run(roots)
    assert shop.jobs.claim(Kind.PURGE, roots, owner="another", lease=LONG) == []


def test_whoever_runs_it_does_all_where_no_worker_is(shop: Shop):
    shop.spread().run(shop.purge)
    assert (shop.left(), shop.states()) == (0, Counter(executed=7))
    assert shop.looks[-1] == 0
    assert shop.one.run(shop.purge).state is PurgeState.DONE


def test_whoever_runs_it_waits_for_what_workers_hold(shop: Shop):
    roots = shop.put()
    shop.jobs.claim(Kind.PURGE, roots[:1], owner="worker", lease=LONG)

    def tick(counts: Counts) -> None:
        shop.looks.append(counts.left)
        if shop.looks.count(1) == 3:  # the worker ends its part only now
            shop.here.destroy.run(shop.purge.id, shop.one.archive.catalog.items_under(shop.purge.id, roots[:1]))
            shop.jobs.finish(Kind.PURGE, {roots[0]: 10**9})

    shop.spread(tick).run(shop.purge)
    assert shop.looks.count(1) >= 3
    assert (shop.left(), shop.states()) == (0, Counter(executed=7))
    assert set(shop.entered().values()) == {1}


def test_who_stops_withdraws_what_nobody_holds(shop: Shop):
    class Stopped(Exception):
        pass

    def stop(_: Counts) -> None:
        raise Stopped

    roots = shop.put()
    shop.jobs.claim(Kind.PURGE, roots[-2:], owner="worker", lease=LONG)
    with pytest.raises(Stopped):
        shop.spread(stop).run(shop.purge)
    assert shop.left() == 2


def test_a_plan_that_shares_originals_with_another_is_settled_all_the_same(shop: Shop):
    """Rows are one an original: those of a second purge that runs at the same time are not written."""
    other = shop.one.plan("carla")
    assert other is not None
    running = shop.here.begin(shop.one.approve(other, "anna"))
    shop.put()
    second = RunPurge(shop.one.archive.catalog, shop.here.destroy, shop.one.clock)
    spread = SpreadPurge(second, shop.jobs, shop.chunk, lambda: None, sleep=lambda _: None)
    spread.run(running)
    found: Purge = shop.one.archive.catalog.purge(running.id)
    states = Counter(one.state.value for one in shop.one.archive.catalog.items(found.id))
    assert shop.states() == Counter(executed=7)
    assert states["planned"] == 0
    assert states["executed"] + states["withheld"] == sum(states.values())


def test_the_second_run_of_a_purge_certified_with_failures(shop: Shop):
    shop.spread().run(shop.purge)
    done = shop.one.run(shop.purge)
    assert shop.spread().run(done)[0].state is PurgeState.DONE
