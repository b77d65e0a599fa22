"""What `ports.jobs.Jobs` promises, on whatever database; a subclass gives `catalog`, which keeps rows of work."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier

import pytest

from archiver.adapters.catalog.sql import SqlCatalog
from archiver.adapters.jobs.rows import SqlJobs
from archiver.domain.document import State
from archiver.errors import LostClaimError
from archiver.ports.catalog import IntakeGroup
from archiver.ports.jobs import Backlog, Claim, Due, Kind, Task
from archiver.ports.retention_rows import PurgeItem, Stored
from retention.plan import ItemState, PlanItem
from tests.support.documents import archived, member, received

NOW, LATER = timedelta(0), timedelta(hours=1)
GONE = timedelta(seconds=-1)
"""A lease that has run out."""


def ids(*names: str) -> list[str]:
    return [received(name).id for name in names]


class JobsSuite:
    """Mixin; `catalog` is a fixture with an empty catalogue."""

    @pytest.fixture
    def jobs(self, catalog: SqlCatalog) -> SqlJobs:
        return SqlJobs(catalog.engine)

    @pytest.fixture
    def three(self, catalog: SqlCatalog) -> list[str]:
        """Three originals just taken in."""
        catalog.commit_intake(IntakeGroup(documents=[received(name, b"x" * 10) for name in "abc"]))
        return ids("a", "b", "c")

    # -- rows come and go with documents ------------------------------------------------------------------------
    def test_what_is_taken_in_waits_to_be_read(self, catalog: SqlCatalog, jobs: SqlJobs, three: list[str]):
        assert jobs.backlog(Kind.EXTRACT) == jobs.backlog(Kind.EXTRACT, batch_id="batch") == Backlog(3, 30)
        assert jobs.backlog(Kind.EXTRACT, batch_id="other") == jobs.backlog(Kind.INDEX) == Backlog(0, 0)
        catalog.commit_intake(IntakeGroup(documents=[received("a", b"x" * 10)]))
        assert jobs.backlog(Kind.EXTRACT) == Backlog(3, 30)

    def test_what_was_read_waits_for_the_index(self, catalog: SqlCatalog, jobs: SqlJobs, three: list[str]):
        box = archived("a", b"x" * 10)
        catalog.commit_archived([box, member(box, 1), archived("b", state=State.QUARANTINED)], [])
        assert jobs.due(Kind.EXTRACT, 9, resend=LATER) == [Due(three[2], 10, alone=False)]
        assert [due.document_id for due in jobs.due(Kind.INDEX, 9, resend=LATER)] == [box.id, member(box, 1).id, three[1]]

    def test_what_stays_received_waits_on(self, catalog: SqlCatalog, jobs: SqlJobs, three: list[str]):
        catalog.commit_archived([received("a", b"x" * 10)], [])
        assert (jobs.backlog(Kind.EXTRACT).documents, jobs.backlog(Kind.INDEX).documents) == (3, 0)

    def test_what_is_archived_already_is_not_read_again(self, catalog: SqlCatalog, jobs: SqlJobs):
        catalog.commit_archived([archived("a")], [])
        catalog.commit_intake(IntakeGroup(documents=[received("a")]))
        assert jobs.backlog(Kind.EXTRACT).documents == 0

    # -- announcing ---------------------------------------------------------------------------------------------
    def test_work_is_announced_oldest_first_and_once(self, jobs: SqlJobs, three: list[str]):
        assert [due.document_id for due in jobs.due(Kind.EXTRACT, 2, resend=LATER)] == three[:2]
        assert [due.document_id for due in jobs.due(Kind.EXTRACT, 2, resend=LATER)] == three[2:]
        assert jobs.due(Kind.EXTRACT, 2, resend=LATER) == jobs.due(Kind.INDEX, 2, resend=LATER) == []

    def test_what_nobody_took_up_is_announced_again(self, jobs: SqlJobs, three: list[str]):
        jobs.due(Kind.EXTRACT, 9, resend=LATER)
        jobs.claim(Kind.EXTRACT, three[:1], owner="one", lease=LATER)
        time.sleep(0.01)
        assert [due.document_id for due in jobs.due(Kind.EXTRACT, 9, resend=timedelta(milliseconds=2))] == three[1:]

    def test_what_was_given_back_waits_and_has_nothing_against_it(self, jobs: SqlJobs, three: list[str]):
        jobs.due(Kind.EXTRACT, 9, resend=LATER)
        jobs.claim(Kind.EXTRACT, three, owner="one", lease=LATER)
        jobs.release(Kind.EXTRACT, three[:2], owner="one", wait=NOW)
        jobs.release(Kind.EXTRACT, three[2:], owner="one", wait=LATER)
        jobs.release(Kind.EXTRACT, three, owner="one", wait=LATER)  # safe to repeat: nothing is held any more
        assert jobs.due(Kind.EXTRACT, 9, resend=LATER) == [Due(one, 10, alone=False) for one in three[:2]]
        assert jobs.claim(Kind.EXTRACT, three, owner="two", lease=LATER) == [Claim(one, 0) for one in three]

    def test_only_its_holder_gives_work_back(self, jobs: SqlJobs, three: list[str]):
        jobs.claim(Kind.EXTRACT, three, owner="one", lease=LATER)
        jobs.release(Kind.EXTRACT, three, owner="two", wait=NOW)
        assert jobs.claim(Kind.EXTRACT, three, owner="two", lease=LATER) == []

    def test_a_dead_worker_is_counted_once_and_its_work_announced_alone(self, jobs: SqlJobs, three: list[str]):
        jobs.due(Kind.EXTRACT, 9, resend=LATER)
        jobs.claim(Kind.EXTRACT, three[:1], owner="dead", lease=GONE)
        assert jobs.due(Kind.EXTRACT, 9, resend=LATER) == [Due(three[0], 10, alone=True)]
        assert jobs.due(Kind.EXTRACT, 9, resend=LATER) == []
        assert jobs.claim(Kind.EXTRACT, three[:1], owner="two", lease=LATER) == [Claim(three[0], 1)]
        jobs.release(Kind.EXTRACT, three[:1], owner="two", wait=NOW)
        assert jobs.due(Kind.EXTRACT, 9, resend=LATER) == [Due(three[0], 10, alone=True)]

    # -- claiming -----------------------------------------------------------------------------------------------
    def test_nobody_takes_what_is_held_or_done(self, jobs: SqlJobs, three: list[str]):
        asked = [three[2], "none", three[0], three[2]]
        assert jobs.claim(Kind.EXTRACT, asked, owner="one", lease=LATER) == [Claim(three[2], 0), Claim(three[0], 0)]
        assert jobs.claim(Kind.EXTRACT, three, owner="two", lease=LATER) == [Claim(three[1], 0)]
        assert jobs.claim(Kind.INDEX, three, owner="one", lease=LATER) == []

    def test_a_holder_that_asks_again_gets_what_it_holds(self, jobs: SqlJobs, three: list[str]):
        """The answer may have been lost on its way."""
        for _ in range(2):
            assert jobs.claim(Kind.EXTRACT, three[:2], owner="one", lease=GONE) == [Claim(one, 0) for one in three[:2]]
        assert jobs.claim(Kind.EXTRACT, three, owner="two", lease=LATER) == [Claim(one, int(one != three[2])) for one in three]

    def test_each_lease_that_ran_out_is_a_death(self, jobs: SqlJobs, three: list[str]):
        deaths = [jobs.claim(Kind.EXTRACT, three[:1], owner=f"w{n}", lease=GONE)[0].deaths for n in range(4)]
        assert deaths == [0, 1, 2, 3]

    def test_a_lease_that_is_renewed_holds(self, jobs: SqlJobs, three: list[str]):
        jobs.claim(Kind.EXTRACT, three[:2], owner="one", lease=GONE)
        jobs.claim(Kind.EXTRACT, three[2:], owner="two", lease=GONE)
        jobs.renew(["one"], lease=LATER)
        jobs.renew(["nobody"], lease=LATER)
        assert jobs.claim(Kind.EXTRACT, three, owner="three", lease=LATER) == [Claim(three[2], 1)]

    def test_of_many_at_once_one_gets_each(self, jobs: SqlJobs, catalog: SqlCatalog):
        names = [str(number) for number in range(120)]
        catalog.commit_intake(IntakeGroup(documents=[received(name) for name in names]))
        start = Barrier(4)

        def work(owner: int) -> list[str]:
            start.wait()
            found: set[str] = set()
            for at in range(0, 120, 10):
                chunk = ids(*names[at : at + 30])
                found |= {one.document_id for one in jobs.claim(Kind.EXTRACT, chunk[::-1], owner=str(owner), lease=LATER)}
            return sorted(found)

        with ThreadPoolExecutor(4) as workers:
            taken = [one for each in workers.map(work, range(4)) for one in each]
        assert len(taken) == len(set(taken))
        assert {*taken, *(one.document_id for one in jobs.claim(Kind.EXTRACT, ids(*names), owner="x", lease=LATER))} == {
            *ids(*names)
        }

    def test_of_many_announcers_one_announces_each(self, jobs: SqlJobs, catalog: SqlCatalog):
        names = [str(number) for number in range(200)]
        catalog.commit_intake(IntakeGroup(documents=[received(name) for name in names]))
        start = Barrier(4)

        def announce(_: int) -> list[str]:
            start.wait()
            return [due.document_id for _ in range(10) for due in jobs.due(Kind.EXTRACT, 20, resend=LATER)]

        with ThreadPoolExecutor(4) as hosts:
            told = [one for each in hosts.map(announce, range(4)) for one in each]
        assert sorted(told) == sorted(ids(*names))

    def test_leases_are_left_alone_where_nobody_could_renew_them(self, jobs: SqlJobs, three: list[str]):
        jobs.due(Kind.EXTRACT, 9, resend=LATER)
        jobs.claim(Kind.EXTRACT, three[:1], owner="silent", lease=GONE)
        assert jobs.due(Kind.EXTRACT, 9, resend=LATER, take_over=False) == []
        assert jobs.due(Kind.EXTRACT, 9, resend=LATER) == [Due(three[0], 10, alone=True)]

    def test_originals_without_a_row_get_one(self, catalog: SqlCatalog, jobs: SqlJobs, three: list[str]):
        assert jobs.adopt() == 0
        jobs.finish(Kind.EXTRACT, dict.fromkeys(three[:2], 10**9))
        catalog.commit_archived([archived("b")], [])
        assert jobs.adopt() == 1
        assert sorted(one.document_id for one in jobs.due(Kind.EXTRACT, 9, resend=LATER)) == sorted([three[0], three[2]])

    # -- work of a purge ----------------------------------------------------------------------------------------
    def test_work_that_no_state_makes_is_put_once_and_finished_by_its_place(self, jobs: SqlJobs):
        tasks = [Task(f"p{number}", 10 * number, number) for number in range(3)]
        jobs.put(Kind.PURGE, tasks, part_of="purge-1")
        jobs.put(Kind.PURGE, [Task("p1", 99, 99), Task("p3", 1, 3)], part_of="purge-2")
        assert jobs.backlog(Kind.PURGE, batch_id="purge-1") == Backlog(3, 30)
        assert jobs.backlog(Kind.PURGE, batch_id="purge-2") == Backlog(1, 1)
        assert [due.document_id for due in jobs.due(Kind.PURGE, 9, resend=LATER)] == ["p0", "p1", "p2", "p3"]
        claims = jobs.claim(Kind.PURGE, ["p1", "p3"], owner="one", lease=LATER)
        assert [(one.document_id, one.part_of, one.version) for one in claims] == [("p1", "purge-1", 1), ("p3", "purge-2", 3)]
        jobs.finish(Kind.PURGE, {"p1": 0, "p3": 3})
        assert (jobs.backlog(Kind.PURGE).documents, jobs.backlog(Kind.EXTRACT).documents) == (3, 0)

    def test_what_nobody_holds_is_withdrawn(self, jobs: SqlJobs):
        jobs.put(Kind.PURGE, [Task(f"p{number}", 1, number) for number in range(5)], part_of="purge-1")
        jobs.put(Kind.PURGE, [Task("q", 1, 0)], part_of="purge-2")
        jobs.claim(Kind.PURGE, ["p2", "p3"], owner="one", lease=LATER)
        assert [jobs.withdraw(Kind.PURGE, "purge-1") for _ in range(2)] == [2, 2]
        jobs.release(Kind.PURGE, ["p2", "p3"], owner="one", wait=NOW)
        assert jobs.withdraw(Kind.PURGE, "purge-1") == 0
        assert jobs.backlog(Kind.PURGE) == Backlog(1, 1)

    def test_the_tombstone_of_a_document_leaves_its_purge_to_be_finished(
        self, catalog: SqlCatalog, jobs: SqlJobs, three: list[str]
    ):
        """What is to be read or indexed of it goes with its names; the row of its destruction is that of who destroys it."""
        catalog.commit_archived([archived("a", b"x" * 10)], [])
        jobs.put(Kind.PURGE, [Task(three[0], 10, 0)], part_of="purge-1")
        document = catalog.document(three[0])
        item = PlanItem(
            0, document.id, None, "default", document.retention_class, document.sha256, 10, date(2020, 1, 1), "r", bytes(32)
        )
        catalog.add_items("purge-1", [item])
        (going,) = catalog.condemn("purge-1", {0: Stored(PurgeItem(item))}, lambda _known, _stored: {})
        assert going.state is ItemState.GOING
        assert (jobs.backlog(Kind.PURGE).documents, jobs.backlog(Kind.INDEX).documents) == (1, 1)
        assert catalog.items_under("purge-1", [three[0]]) == [replace(going, sequence=0)]
        assert catalog.condemn("purge-1", {0: Stored(PurgeItem(item))}, lambda _known, _stored: {}) == []

    # -- a commit under a claim ---------------------------------------------------------------------------------
    def test_a_commit_under_a_claim_that_is_lost_writes_nothing(self, catalog: SqlCatalog, jobs: SqlJobs, three: list[str]):
        jobs.claim(Kind.EXTRACT, three, owner="slow", lease=GONE)
        jobs.claim(Kind.EXTRACT, three[:1], owner="quick", lease=LATER)
        box = archived("a")
        for group in ([archived("b"), box], [archived("b"), member(box, 1)]):
            with pytest.raises(LostClaimError):
                catalog.commit_archived(group, [], claimed_by="slow")
        assert catalog.counts()["documents received"] == 3
        catalog.commit_archived([box, member(box, 1)], [], claimed_by="quick")
        catalog.commit_archived([archived("b")], [], claimed_by="slow")  # nobody has taken it from there
        with pytest.raises(LostClaimError):
            catalog.commit_archived([box], [], claimed_by="quick")  # done once

    # -- finishing ----------------------------------------------------------------------------------------------
    def test_done_is_done_and_a_newer_state_stays(self, catalog: SqlCatalog, jobs: SqlJobs):
        first = catalog.commit_archived([archived("a"), archived("b")], [])
        one, two = ids("a", "b")
        jobs.claim(Kind.INDEX, [one, two], owner="old", lease=LATER)
        newer = catalog.commit_archived([archived("a")], [])
        jobs.finish(Kind.INDEX, {one: first - 1, two: first, "none": 9})
        assert jobs.due(Kind.INDEX, 9, resend=LATER) == [Due(one, 1, alone=False)], "the newer state is announced at once"
        assert jobs.claim(Kind.INDEX, [one, two], owner="new", lease=LATER) == [Claim(one, 0)]
        jobs.finish(Kind.INDEX, {one: newer})
        jobs.finish(Kind.INDEX, {one: newer})
        assert jobs.backlog(Kind.INDEX).documents == 0

    def test_told_to_the_index_up_to_the_lowest_that_waits(self, catalog: SqlCatalog, jobs: SqlJobs):
        assert jobs.indexed_up_to() == 0
        catalog.commit_intake(IntakeGroup(documents=[received("a"), received("b")]))
        assert jobs.indexed_up_to() == 2
        catalog.commit_archived([archived("a"), archived("b")], [])
        assert jobs.indexed_up_to() == 2
        jobs.finish(Kind.INDEX, {received("b").id: 4})
        assert jobs.indexed_up_to() == 2
        jobs.finish(Kind.INDEX, {received("a").id: 3})
        assert jobs.indexed_up_to() == 4
