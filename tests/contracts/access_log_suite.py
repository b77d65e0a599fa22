"""What the access log promises, on whatever database; a subclass gives `engine`."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from archiver.adapters.catalog.engine import write
from archiver.adapters.catalog.ledger_rows import SqlLedgerRows
from archiver.adapters.extraction.screen import screen
from archiver.domain.accesses import Access, Act
from archiver.domain.ledger import Tree, parse_payload
from archiver.errors import UnreachableError, UsageError
from archiver.ports.objects import Bucket
from archiver.services.access_log import AccessLog
from archiver.services.register import READERS, Register, month_of
from tests.contracts.ledger_rows_suite import append
from tests.support.memory_keys import MemoryKeys
from tests.support.memory_objects import MemoryObjects
from tests.support.moving_clock import MovingClock


class Gate:
    """Ledger rows whose `enter` waits at a gate, and may fail behind it; counts transactions."""

    def __init__(self, rows: SqlLedgerRows) -> None:
        self._rows, self.groups, self.failure = rows, list[int](), None
        self.open, self.reached = threading.Event(), threading.Event()

    def enter(self, events):
        self.reached.set()
        assert self.open.wait(30)
        if self.failure is not None:
            raise self.failure
        self.groups.append(count := self._rows.enter(events))
        return count


def viewed(number: int, name: str = "Anna") -> Access:
    return Access(Act.VIEWED, name, document_id=f"{number:08x}-0000-8000-8000-000000000000")


class AccessLogSuite:
    """Mixin; `engine` is a fixture with empty tables."""

    @pytest.fixture
    def rows(self, engine: Engine) -> SqlLedgerRows:
        return SqlLedgerRows(engine)

    @pytest.fixture
    def clock(self) -> MovingClock:
        return MovingClock()

    @pytest.fixture
    def objects(self, clock: MovingClock) -> MemoryObjects:
        return MemoryObjects(clock)

    def log(self, rows, objects, clock, **options) -> AccessLog:
        return AccessLog(rows, Register(objects, MemoryKeys("archive")), clock, lambda words: screen(words)[1], **options)

    def entries(self, rows):
        while rows.advance(Tree.ACCESS, 1_000, append):
            pass
        return [parse_payload(leaf.payload, Tree.ACCESS) for leaf in rows.leaves(Tree.ACCESS)]

    def test_it_is_written_when_write_returns(self, rows, objects, clock):
        self.log(rows, objects, clock).write(viewed(1))
        (found,) = self.entries(rows)
        assert (found.kind, found.document_id, found.at) == ("viewed", viewed(1).document_id, clock.now())

    def test_the_name_behind_the_pseudonym_is_in_the_register_first(self, rows, objects, clock):
        register = Register(objects, MemoryKeys("archive"))
        self.log(rows, objects, clock).write(viewed(1, "Anna Lévy"))
        (found,) = self.entries(rows)
        assert register.name(found.details["by"], month_of(found.at)) == "Anna Lévy"
        assert register.name(found.details["by"]) is None, "whoever only reads is not entered for good"

    def test_a_name_is_entered_once(self, rows, objects, clock):
        log = self.log(rows, objects, clock)
        for _ in range(3):
            log.write(viewed(1))
        objects.delete(*[info.ref for info in objects.list(Bucket.DELETABLE, READERS)])
        log.write(viewed(2))
        assert objects.keys(Bucket.DELETABLE, READERS) == []

    def test_in_another_month_it_is_entered_again(self, rows, objects, clock):
        log = self.log(rows, objects, clock)
        log.write(viewed(1))
        clock.move(timedelta(days=31))
        log.write(viewed(1))
        assert [key.rsplit("/", 2)[1] for key in objects.keys(Bucket.DELETABLE, READERS)] == ["2026-01", "2026-02"]

    def test_from_many_threads_each_is_written_once(self, rows, objects, clock):
        log = self.log(rows, objects, clock)
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda number: log.write(viewed(number, f"person {number % 5}")), range(400)))
        assert sorted(one.document_id for one in self.entries(rows)) == [viewed(number).document_id for number in range(400)]

    def test_those_that_wait_are_written_together(self, rows, objects, clock):
        gate = Gate(rows)
        log = self.log(gate, objects, clock)
        with ThreadPoolExecutor(8) as pool:
            first = pool.submit(log.write, viewed(0))
            assert gate.reached.wait(30)
            others = [pool.submit(log.write, viewed(number)) for number in range(1, 8)]
            self.gathered(log, 7)
            assert not any(one.done() for one in (first, *others)), "nothing is written yet"
            gate.open.set()
            for one in (first, *others):
                one.result(30)
        assert gate.groups == [1, 7]

    def test_a_failure_is_everybodys_and_the_next_ones_go_on(self, rows, objects, clock):
        gate = Gate(rows)
        log = self.log(gate, objects, clock)
        with ThreadPoolExecutor(4) as pool:
            first = pool.submit(log.write, viewed(0))
            assert gate.reached.wait(30)
            others = [pool.submit(log.write, viewed(number)) for number in range(1, 4)]
            self.gathered(log, 3)
            gate.failure = UnreachableError("the catalogue does not answer")
            gate.open.set()
            for one in (first, *others):
                with pytest.raises(UnreachableError, match="nothing is shown: the catalogue does not answer"):
                    one.result(30)
        gate.failure = None
        log.write(viewed(9))
        assert [one.document_id for one in self.entries(rows)] == [viewed(9).document_id]

    def test_an_error_nobody_expects_releases_everybody_and_lets_nobody_through(self, rows, objects, clock):
        gate = Gate(rows)
        log = self.log(gate, objects, clock)
        with ThreadPoolExecutor(4) as pool:
            first = pool.submit(log.write, viewed(0))
            assert gate.reached.wait(30)
            others = [pool.submit(log.write, viewed(number)) for number in range(1, 4)]
            self.gathered(log, 3)
            gate.failure = ZeroDivisionError()
            gate.open.set()
            failed = [one.exception(30) for one in (first, *others)]
        assert sorted(type(one).__name__ for one in failed) == ["UnreachableError"] * 2 + ["ZeroDivisionError"] * 2, (
            "whoever wrote for the others sees it as it is"
        )
        assert self.entries(rows) == []

    def test_a_database_that_refuses_means_no_answer(self, rows, objects, clock, engine):
        log = self.log(rows, objects, clock)
        with write(engine) as connection:
            connection.execute(text("ALTER TABLE ledger_outbox RENAME TO elsewhere"))
        try:
            with pytest.raises(UnreachableError, match="nothing is shown"):
                log.write(viewed(1))
        finally:
            with write(engine) as connection:
                connection.execute(text("ALTER TABLE elsewhere RENAME TO ledger_outbox"))
        log.write(viewed(2))
        assert [one.document_id for one in self.entries(rows)] == [viewed(2).document_id]

    def test_a_register_out_of_reach_means_no_answer_and_no_entry(self, rows, objects, clock):
        class Away:
            def put(self, group):
                raise UnreachableError("the store does not answer")

        with pytest.raises(UnreachableError, match="nothing is shown: the store"):
            self.log(rows, Away(), clock).write(viewed(1))
        assert self.entries(rows) == []

    def test_a_name_that_is_none_is_its_callers_error(self, rows, objects, clock):
        with pytest.raises(UsageError):
            self.log(rows, objects, clock).write(viewed(1, "an\u200bna"))

    def test_too_many_that_wait_are_refused_at_once(self, rows, objects, clock):
        gate = Gate(rows)
        log = self.log(gate, objects, clock, waiting=2)
        with ThreadPoolExecutor(3) as pool:
            first = pool.submit(log.write, viewed(0))
            assert gate.reached.wait(30)
            others = [pool.submit(log.write, viewed(number)) for number in (1, 2)]
            self.gathered(log, 2)
            with pytest.raises(UnreachableError, match="2 other answers wait"):
                log.write(viewed(3))
            gate.open.set()
            for one in (first, *others):
                one.result(30)
        assert len(self.entries(rows)) == 3

    def test_closing_waits_for_what_was_taken_and_takes_no_more(self, rows, objects, clock):
        gate = Gate(rows)
        log = self.log(gate, objects, clock)
        with ThreadPoolExecutor(3) as pool:
            first = pool.submit(log.write, viewed(0))
            assert gate.reached.wait(30)
            other = pool.submit(log.write, viewed(1))
            self.gathered(log, 1)
            closing = pool.submit(log.close)
            gate.open.set()
            for one in (closing, first, other):
                one.result(30)
        log.close()
        with pytest.raises(UnreachableError, match="closed"):
            log.write(viewed(2))
        assert len(self.entries(rows)) == 2

    def gathered(self, log: AccessLog, count: int) -> None:
        """Wait until so many have gathered behind the one that writes."""
        for _ in range(3_000):
            if len(log._gathered) >= count:
                return
            threading.Event().wait(0.01)
        pytest.fail(f"{len(log._gathered)} gathered, not {count}")
