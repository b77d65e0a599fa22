"""Months of the access tree that have had their time: what opens them goes, the tree stays, and everybody is told the truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.domain.ledger import Tree
from archiver.domain.ledger_files import segments_prefix
from archiver.errors import IntegrityError, RefusedError, UnreachableError
from archiver.ports.objects import Bucket
from archiver.services.access_expiry import EXPIRED, Expiry, last_expiry
from archiver.services.audit import Audit, Question
from archiver.services.register import READERS
from archiver.services.sequence_ledger import ACCESS_EVERY, ACCESS_WAITS
from archiver.services.timetable.access import AccessExpiry
from archiver.services.verify.ledger import verify_ledger
from retention.period import Period
from tests.support.ledger_bench import LedgerBench, document_id
from tests.support.readers import log_of, register_of, viewed

ACCESS = "ledger/access/"


@pytest.fixture
def bench(tmp_path: Path) -> LedgerBench:
    bench = LedgerBench.on(tmp_path / "catalog.db", leaves=100)
    yield bench
    bench.engine.dispose()


def read_until(bench: LedgerBench, *months: int) -> None:
    """Three documents viewed in each of these months of 2026, and sealed."""
    for month in months:
        wanted = datetime(2026, month, 20, 12, tzinfo=UTC)
        bench.clock.move(wanted - bench.clock.now())
        viewed(log_of(bench), month, month + 100, month + 200, name=f"person {month}")
        bench.service.sequence()
        bench.service.seal()


def expire(bench: LedgerBench, on: datetime, kept: str = "P6M", **other: object) -> dict[str, int]:
    bench.clock.move(on - bench.clock.now())
    parts = {"ledger": bench.service, "rows": bench.rows, "objects": bench.objects, "clock": bench.clock} | other
    return dict(AccessExpiry(kept=Period.parse(kept), **parts).run().counts)


def documents(bench: LedgerBench, question: Question | None = None) -> list[str]:
    audit = Audit(bench.rows, bench.objects, register_of(bench))
    return [entry.event.document_id for entry in audit.entries(question or Question())]


def day(month: int, day: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


def report(bench: LedgerBench):
    found = verify_ledger(bench.rows, bench.objects, bench.keys)
    assert found.findings == []
    return found.trees[Tree.ACCESS]


def test_a_month_goes_when_its_time_after_its_end_has_passed(bench):
    read_until(bench, 1, 2, 3)
    assert expire(bench, day(7, 31))["segments"] == 0, "six months after the end of January"
    assert expire(bench, day(8, 1)) == {"segments": 1, "entries": 3, "names": 1}
    assert documents(bench) == [document_id(number) for number in (2, 102, 202, 3, 103, 203)]
    assert bench.objects.keys(Bucket.DELETABLE, READERS)[0].startswith(f"{READERS}2026-02/")


def test_what_expired_is_told_apart_from_what_was_erased_and_is_no_finding(bench):
    read_until(bench, 1, 2, 3)
    expire(bench, day(8, 2))
    counts = report(bench)
    assert (counts.expired, counts.erased, counts.opened, counts.leaves) == (3, 0, 6, 9)
    bench.objects.lose(Bucket.DELETABLE, bench.objects.keys(Bucket.DELETABLE, ACCESS)[0])
    counts = report(bench)
    assert (counts.expired, counts.erased, counts.opened) == (3, 3, 3)


def test_it_is_entered_for_good_before_anything_goes(bench):
    read_until(bench, 1, 2)

    class Broken:
        def __getattr__(self, name):
            return getattr(bench.objects, name)

        def delete_group(self, refs):
            raise UnreachableError("the store does not answer")

    with pytest.raises(UnreachableError):
        expire(bench, day(8, 2), objects=Broken())
    assert last_expiry(bench.rows, bench.objects) == Expiry(3, "2026-01")
    assert len(documents(bench)) == 6, "nothing is gone yet"
    assert expire(bench, day(8, 2)) == {"segments": 1, "entries": 3, "names": 1}
    told = [leaf for leaf in bench.rows.leaves(Tree.CUSTODY) if leaf.kind == EXPIRED]
    assert len(told) == 1, "what goes on after it was cut off is entered once"
    report(bench)


def test_cut_off_between_files_and_catalogue_it_ends_at_the_next_turn(bench):
    read_until(bench, 1, 2)

    class Broken:
        def __getattr__(self, name):
            return getattr(bench.rows, name)

        def silence(self, tree, end):
            raise UnreachableError("the catalogue does not answer")

    with pytest.raises(UnreachableError):
        expire(bench, day(8, 2), rows=Broken())
    assert expire(bench, day(8, 2)) == {"segments": 0, "entries": 3, "names": 1}
    assert [leaf.document_id for leaf in bench.rows.leaves(Tree.ACCESS)][:3] == ["", "", ""]
    report(bench)


def test_the_catalogue_does_not_remember_either(bench):
    read_until(bench, 1, 2)
    expire(bench, day(8, 2))
    assert [(leaf.kind, leaf.document_id) for leaf in bench.rows.leaves(Tree.ACCESS)][:3] == [("", "")] * 3
    assert documents(bench, Question(document_id=document_id(1))) == []
    assert documents(bench, Question(document_id=document_id(102))) == [document_id(102)]


def test_a_failure_of_the_store_to_remove_is_told(bench):
    read_until(bench, 1)

    class Refusing:
        def __getattr__(self, name):
            return getattr(bench.objects, name)

        def delete_group(self, refs):
            return {ref: RefusedError("no") for ref in refs}

    with pytest.raises(RefusedError):
        expire(bench, day(8, 2), objects=Refusing())


def test_the_open_month_is_never_touched(bench):
    read_until(bench, 1)
    for _ in range(2):
        assert expire(bench, day(1, 31), kept="P1D")["segments"] == 0
    assert expire(bench, day(2, 1), kept="P1D")["segments"] == 0
    assert expire(bench, day(2, 2), kept="P1D")["segments"] == 1


def test_what_is_not_sealed_yet_stays(bench):
    viewed(log_of(bench), 1)
    bench.service.sequence()
    assert expire(bench, day(1, 1, 2028), kept="P1D")["segments"] == 0
    assert documents(bench) == [document_id(1)]


def test_the_tree_grows_on_and_holds_after_everything_before_is_gone(bench):
    read_until(bench, 1, 2)
    expire(bench, day(12, 2))
    assert documents(bench) == []
    read_until(bench, 12)
    assert documents(bench) == [document_id(12), document_id(112), document_id(212)]
    counts = report(bench)
    assert (counts.expired, counts.opened, counts.heads) == (6, 3, 3)
    assert bench.rows.newest_head(Tree.ACCESS).size == 9


def test_somebody_elses_file_beside_the_months_is_left_alone(bench):
    read_until(bench, 1)
    bench.objects.put_on_top(Bucket.DELETABLE, f"{READERS}never/x.json", b"{}")
    assert expire(bench, day(12, 2))["names"] == 1
    assert bench.objects.keys(Bucket.DELETABLE, READERS) == [f"{READERS}never/x.json"]


# -- sealing ------------------------------------------------------------------------------------------------------
def test_questions_do_not_each_become_a_file(bench):
    bench.service.beat()
    before = len(bench.objects.keys(Bucket.LOCKED, segments_prefix(Tree.ACCESS)))
    log = log_of(bench)
    for number in range(20):
        viewed(log, number)
        bench.clock.move(timedelta(minutes=2))
        bench.service.sequence()
        bench.service.seal()
    assert len(bench.objects.keys(Bucket.LOCKED, segments_prefix(Tree.ACCESS))) == before
    bench.clock.move(ACCESS_EVERY)
    bench.service.seal()
    assert len(bench.objects.keys(Bucket.LOCKED, segments_prefix(Tree.ACCESS))) == before + 1
    assert report(bench).unsealed == 0


def test_few_and_new_entries_are_sealed_when_nobody_may_come_soon(bench):
    bench.service.beat()
    viewed(log_of(bench), 1)
    bench.service.sequence()
    assert bench.service.seal() == 0
    assert bench.service.seal(small=True) == 1


def test_many_entries_are_sealed_at_once(bench):
    bench.service.beat()
    bench.rows.enter(bench.event(number, Tree.ACCESS, "viewed") for number in range(ACCESS_WAITS))
    bench.service.sequence()
    assert bench.service.seal() > 0
    assert report(bench).unsealed == 0


def test_custody_is_sealed_each_time_as_before(bench):
    bench.service.beat()
    bench.archive(1)
    assert bench.rows.state(Tree.CUSTODY).sealed == bench.rows.state(Tree.CUSTODY).size


# -- verification beside readers ----------------------------------------------------------------------------------
def test_the_access_tree_may_grow_and_be_sealed_while_it_is_verified(bench):
    """Something is read, entered and sealed between any two questions that the verification asks."""
    read_until(bench, 1)
    log, numbers = log_of(bench), iter(range(1_000))

    def read_something() -> None:
        viewed(log, next(numbers))
        bench.service.sequence()
        bench.service.seal(small=next(numbers) % 3 == 0)

    class Busy:
        def __init__(self, target):
            self._target = target

        def __getattr__(self, name):
            value = getattr(self._target, name)

            def call(*arguments, **options):
                found = value(*arguments, **options)
                read_something()
                return found

            return call

    found = verify_ledger(Busy(bench.rows), Busy(bench.objects), bench.keys)
    assert found.findings == []
    assert next(numbers) > 10, "it did grow"
    report(bench)


def test_a_rewritten_entry_is_found_by_the_audit_too(bench):
    read_until(bench, 1)
    bench.tamper("UPDATE ledger_leaves SET hash = :hash WHERE tree = 'access' AND position = 1", hash=b"\x00" * 32)
    with pytest.raises(IntegrityError, match="access entry 1"):
        documents(bench, Question(document_id=document_id(101)))


def test_a_payload_that_was_changed_is_no_answer(bench):
    read_until(bench, 1)
    (key,) = bench.objects.keys(Bucket.DELETABLE, ACCESS)
    from archiver.domain.ledger_files import read_payloads, write_payloads

    openings = read_payloads(bench.objects.body(Bucket.DELETABLE, key))
    forged = [replace(one, payload=one.payload.replace("viewed", "listed")) for one in openings]
    bench.objects.overwrite(Bucket.DELETABLE, key, write_payloads(forged))
    with pytest.raises(IntegrityError, match="access entry 0"):
        documents(bench)


def test_an_expiry_that_cannot_be_read_is_a_finding_and_no_end_of_verifying(bench):
    read_until(bench, 1)
    expire(bench, day(8, 2))
    bench.service.seal()
    for key in bench.objects.keys(Bucket.DELETABLE, "ledger/custody/"):
        bench.objects.lose(Bucket.DELETABLE, key)
    findings = verify_ledger(bench.rows, bench.objects, bench.keys).findings
    assert [one.where for one in findings] == ["custody ledger"]
    assert "which months" in findings[0].what


def test_an_audit_goes_on_while_what_it_reads_is_sealed(bench):
    bench.service.beat()
    viewed(log_of(bench), 1, 2, 3)
    bench.service.sequence()

    class SealedMeanwhile:
        def __getattr__(self, name):
            return getattr(bench.rows, name)

        def leaves(self, tree, first=0):
            if tree is Tree.ACCESS:
                assert bench.service.seal(small=True) == 1
            yield from bench.rows.leaves(tree, first)

    audit = Audit(SealedMeanwhile(), bench.objects, register_of(bench))
    assert [entry.event.document_id for entry in audit.entries(Question())] == [document_id(number) for number in (1, 2, 3)]
    assert audit.erased == 0


def test_an_audit_reads_only_the_time_it_is_asked_about(bench):
    read_until(bench, 1, 2, 3)
    first, _, last = sorted(bench.objects.keys(Bucket.DELETABLE, ACCESS))
    for key in (first, last):
        bench.objects.overwrite(Bucket.DELETABLE, key, b"ruined", honest_digest=False)
    # the first segment of what is too late is looked at, to see that it is
    bench.objects.lose(Bucket.DELETABLE, last)
    found = documents(bench, Question(since=datetime(2026, 2, 1, tzinfo=UTC), until=datetime(2026, 3, 1, tzinfo=UTC)))
    assert found == [document_id(number) for number in (2, 102, 202)]
    with pytest.raises(IntegrityError):
        documents(bench)


def test_what_was_erased_is_counted_and_what_expired_is_not(bench):
    read_until(bench, 1, 2, 3)
    expire(bench, day(8, 2))
    bench.objects.lose(Bucket.DELETABLE, sorted(bench.objects.keys(Bucket.DELETABLE, ACCESS))[0])
    audit = Audit(bench.rows, bench.objects, register_of(bench))
    assert len(list(audit.entries(Question()))) == 3
    assert audit.erased == 3
    assert audit.expired() == Expiry(3, "2026-01")
