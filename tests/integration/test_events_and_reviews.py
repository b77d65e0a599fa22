"""Events and reviews on the real catalogue and store of one machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from archiver.adapters.catalog.engine import read
from archiver.adapters.catalog.ledger_tables import ledger_outbox
from archiver.adapters.catalog.sql import create_sqlite
from archiver.adapters.objects.embedded import EmbeddedStore
from archiver.domain import record
from archiver.domain.document import LockMode
from archiver.domain.tombstone import tombstone_of
from archiver.errors import UsageError
from archiver.services.circumstances import KnownFacts
from archiver.services.events import Outcome as EventOutcome
from archiver.services.explain import explain
from archiver.services.policies import policy_in_force
from archiver.services.reviews import Outcome as ReviewOutcome
from archiver.services.reviews import Ruling
from retention.decision import Choice
from retention.disposal import judge
from retention.period import Period
from tests.support.kept_documents import KeptDocuments
from tests.support.moving_clock import MovingClock
from tests.support.small_archive import Fuse, Fused, PowerCut

POLICY = """
classes:
  E: {title: e, period: P1Y, from: event.end, basis: law, lock: governance, then: destroy}
  R: {title: r, period: P1M, from: received, basis: law, lock: governance, then: review}
  T: {title: t, limit: P1M, from: received, basis: law, lock: none, then: transfer}
  D: {title: d, period: P1M, from: received, basis: law, lock: none, then: destroy}
"""
DAY = date(2026, 1, 10)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptDocuments]:
    clock = MovingClock()
    catalog, objects = create_sqlite(tmp_path / "catalog.sqlite"), EmbeddedStore(tmp_path / "objects", clock)
    archive = KeptDocuments(catalog, objects, clock)
    archive.apply(POLICY)
    yield archive
    objects.close()
    catalog.close()


def _record(kept: KeptDocuments, *ids: str, name: str = "end", day: date = DAY, anyway: bool = False) -> EventOutcome:
    return kept.events.record(name, day, [list(ids)], anyway=anyway)


# -- events -----------------------------------------------------------------------------------------------------
def test_an_event_gives_the_date_and_then_lets_go_of_the_hold(kept: KeptDocuments) -> None:
    one = kept.archive("one", retention_class="E")
    assert kept.at_store(one) == {True}
    counts = _record(kept, one)
    assert (counts.recorded, counts.dated) == (1, 1)
    document = kept.catalog.document(one)
    assert document.retain_until == date(2027, 1, 10)
    assert document.retention_note == "E, 1 year from end 2026-01-10 (policy v1)"
    assert document.lock_mode is LockMode.GOVERNANCE
    assert kept.at_store(one) == {False}
    until = kept.original(one).lock.until
    assert until is not None
    assert until.date() == date(2027, 1, 11), "the whole of the last day"


def test_the_date_is_at_the_store_before_its_hold_goes_and_before_the_catalogue_says_so(kept: KeptDocuments) -> None:
    """Cut off after any call, no moment leaves the document free; repeating it ends as if nothing had happened."""
    calls = 0
    while True:
        calls += 1
        one = kept.archive(f"one-{calls}", retention_class="E")
        fuse = Fuse(calls)
        torn = KeptDocuments(Fused(kept.catalog, fuse), Fused(kept.objects, fuse), kept.clock)  # type: ignore[arg-type]
        cut = False
        try:
            _record(torn, one)
        except PowerCut:
            cut = True
        for info in (kept.original(one), kept.record(one)):
            assert info is not None
            assert info.lock.hold or info.lock.until is not None, f"cut off after call {calls}"
        if kept.catalog.document(one).retain_until is not None:
            assert kept.original(one).lock.until is not None
        _record(kept, one)
        kept.require_consistent()
        assert kept.catalog.document(one).retain_until == date(2027, 1, 10)
        if not cut:
            break
    assert calls > 8


def test_a_held_document_stays_held_at_the_store(kept: KeptDocuments) -> None:
    one = kept.archive("one", retention_class="E")
    kept.hold(one)
    _record(kept, one)
    assert kept.at_store(one) == {True}
    assert kept.catalog.document(one).retain_until == date(2027, 1, 10)
    kept.release()
    assert kept.at_store(one) == {False}


def test_the_later_day_counts_whichever_was_told_first(kept: KeptDocuments) -> None:
    one = kept.archive("one", retention_class="E")
    _record(kept, one, day=date(2026, 1, 10))
    assert _record(kept, one, day=date(2026, 1, 10)).before == 1
    assert _record(kept, one, day=date(2026, 1, 5)).later == 1
    assert [(told.what, told.about) for told in kept.troubles] == [("later", "2026-01-10")]
    assert kept.catalog.document(one).retain_until == date(2027, 1, 10)
    assert _record(kept, one, day=date(2026, 1, 20)).recorded == 1
    assert kept.catalog.document(one).retain_until == date(2027, 1, 20)


def test_an_event_before_the_document_is_archived_counts_when_it_is(kept: KeptDocuments) -> None:
    one, box = kept.receive("one", retention_class="E"), kept.receive("box", retention_class="E")
    _record(kept, one, box)
    members = kept.members(box, 2)
    kept.commit(one, box, members=members, members_of=box)
    assert {kept.catalog.document(each).retain_until for each in (one, box, members[1].id)} == {date(2027, 1, 10)}
    kept.require_consistent()


def test_members_follow_what_happened_to_their_container(kept: KeptDocuments) -> None:
    root = kept.receive("box", retention_class="E")
    members = kept.members(root, 3)
    kept.commit(root, members=members, members_of=root)
    counts = _record(kept, members[0].id)
    assert (counts.recorded, counts.members) == (1, 1)
    assert {kept.catalog.document(one.id).retain_until for one in members} == {date(2027, 1, 10)}
    kept.require_consistent()


def test_the_ledger_says_what_the_row_must_be(kept: KeptDocuments) -> None:
    one = kept.archive("one", retention_class="E")
    _record(kept, one)
    with read(kept.catalog.engine) as connection:  # type: ignore[attr-defined]
        payloads = connection.execute(ledger_outbox.select().where(ledger_outbox.c.kind == "event")).all()
    (said,) = [json.loads(row.payload)["data"] for row in payloads]
    assert (said["name"], said["day"], said["recorded"]) == ("end", "2026-01-10", "2026-01-15")
    assert said["state_sha256"] == record.digest(kept.catalog.document(one))


def test_a_policy_change_does_not_forget_that_an_event_happened(kept: KeptDocuments) -> None:
    one = kept.archive("one", retention_class="E")
    _record(kept, one)
    kept.apply(POLICY.replace("period: P1Y", "period: P2Y"))
    assert kept.catalog.document(one).retain_until == date(2028, 1, 10)
    assert kept.at_store(one) == {False}


def test_an_event_that_no_class_waits_for(kept: KeptDocuments) -> None:
    one = kept.archive("one", retention_class="E")
    with pytest.raises(UsageError) as refused:
        _record(kept, one, name="ned")
    assert "did you mean end?" in refused.value.remedy
    assert _record(kept, one, name="ned", anyway=True).recorded == 1
    assert kept.catalog.document(one).retain_until is None


def test_what_waits_for_an_event(kept: KeptDocuments) -> None:
    old = kept.archive("old", retention_class="E")
    kept.archive("dated", retention_class="D")
    kept.clock.move(timedelta(days=40))  # type: ignore[attr-defined]
    new = kept.archive("new", retention_class="E")
    assert {(one.document.id, one.event) for one in kept.events.missing()} == {(old, "end"), (new, "end")}
    assert [one.document.id for one in kept.events.missing(older_than=Period.parse("P1M"))] == [old]
    assert [one.since for one in kept.events.missing(older_than=Period.parse("P1M"))] == [date(2026, 1, 15)]
    _record(kept, old)
    assert [one.document.id for one in kept.events.missing()] == [new]
    assert not list(kept.events.missing(retention_class="D"))


def test_nothing_happens_to_what_was_destroyed(kept: KeptDocuments) -> None:
    one = kept.archive("one", retention_class="E")
    kept.catalog.commit_archived([tombstone_of(kept.catalog.document(one), "p")], [])
    counts = _record(kept, one, "0" * 36)
    assert (counts.recorded, counts.gone, counts.absent) == (0, 1, 1)
    assert kept.catalog.occurrences([one]) == {}


# -- reviews ----------------------------------------------------------------------------------------------------
def _due(kept: KeptDocuments, *classes: str) -> list[str]:
    ids = [kept.archive(f"one-{name}", retention_class=name) for name in classes]
    kept.clock.move(timedelta(days=60))  # type: ignore[attr-defined]
    return ids


def _decide(kept: KeptDocuments, ruling: Ruling, *ids: str) -> ReviewOutcome:
    return kept.reviews.decide(ruling, [list(ids)], by="owner")


def _goes(kept: KeptDocuments, one: str) -> bool:
    document = kept.catalog.document(one)
    return judge(policy_in_force(kept.catalog), KnownFacts(kept.catalog).of([document])[one], kept.today()).goes


def test_only_a_decision_lets_a_document_of_a_reviewed_class_go(kept: KeptDocuments) -> None:
    (one,) = _due(kept, "R")
    assert [due.document.id for due in kept.reviews.waiting()] == [one]
    assert not _goes(kept, one)
    assert _decide(kept, Ruling(Choice.DESTROY, "no use"), one).decided == 1
    assert _goes(kept, one)
    assert not list(kept.reviews.waiting())


def test_kept_until_a_later_day_it_comes_up_again_after_it(kept: KeptDocuments) -> None:
    (one,) = _due(kept, "R")
    _decide(kept, Ruling(Choice.KEEP, "of use", until=date(2026, 6, 1)), one)
    document = kept.catalog.document(one)
    assert document.retain_until == date(2026, 6, 1)
    ends = kept.original(one).lock.until
    assert ends is not None
    assert ends.date() == date(2026, 6, 2), "the whole of the last day"
    assert not list(kept.reviews.waiting())
    about = KnownFacts(kept.catalog).of([document])[one]
    told = explain(document, policy_in_force(kept.catalog), kept.clock.now(), about).sentences
    assert any("decided on 2026-03-16 to keep it longer" in sentence for sentence in told), told
    kept.clock.move(timedelta(days=100))  # type: ignore[attr-defined]
    assert [due.document.id for due in kept.reviews.waiting()] == [one]
    assert not _goes(kept, one)


def test_a_policy_may_still_be_applied_after_something_is_kept_longer(kept: KeptDocuments) -> None:
    (one,) = _due(kept, "R")
    _decide(kept, Ruling(Choice.KEEP, "of use", until=date(2030, 6, 1)), one)
    kept.apply(POLICY.replace("title: e", "title: other"))
    assert kept.catalog.document(one).retain_until == date(2030, 6, 1)


def test_a_transfer_needs_its_receipt_and_then_lets_it_go(kept: KeptDocuments) -> None:
    (one,) = _due(kept, "T")
    with pytest.raises(UsageError):
        _decide(kept, Ruling(Choice.TRANSFERRED, "handed over"), one)
    counts = _decide(kept, Ruling(Choice.DESTROY, "no use"), one)
    assert (counts.decided, counts.unfit) == (0, 1)
    _decide(kept, Ruling(Choice.TRANSFERRED, "handed over", reference="AD 2026/17"), one)
    assert _goes(kept, one)


def test_a_decision_is_about_documents_that_are_due(kept: KeptDocuments) -> None:
    early = kept.archive("early", retention_class="R")
    assert _decide(kept, Ruling(Choice.DESTROY, "no use"), early).unfit == 1
    assert kept.reviews.check(Ruling(Choice.DESTROY, "no use"), [[early]]).unfit == 1
    assert "it is not due: kept until" in kept.troubles[0].why
    (dull,) = _due(kept, "D")
    assert _decide(kept, Ruling(Choice.DESTROY, "no use"), dull).unfit == 1


def test_a_held_document_may_be_decided_about_and_stays(kept: KeptDocuments) -> None:
    (one,) = _due(kept, "R")
    kept.hold(one)
    assert _decide(kept, Ruling(Choice.DESTROY, "no use"), one).decided == 1
    assert not _goes(kept, one)
    kept.release()
    assert _goes(kept, one)


def test_what_the_laws_maximum_has_passed_for(kept: KeptDocuments) -> None:
    one, _ = _due(kept, "T", "R")
    kept.hold(one)
    assert [due.document.id for due in kept.reviews.waiting(passed_limit=True)] == [one]


@pytest.mark.parametrize(
    "ruling",
    [
        Ruling(Choice.DESTROY, " "),
        Ruling(Choice.KEEP, "of use"),
        Ruling(Choice.KEEP, "of use", until=date(2026, 1, 15)),
        Ruling(Choice.DESTROY, "no use", until=date(2030, 1, 1)),
        Ruling(Choice.DESTROY, "no use", reference="AD"),
    ],
)
def test_rulings_that_say_too_little_or_too_much(kept: KeptDocuments, ruling: Ruling) -> None:
    with pytest.raises(UsageError):
        _decide(kept, ruling)


def test_members_are_kept_as_long_as_what_contains_them(kept: KeptDocuments) -> None:
    root = kept.receive("box", retention_class="R")
    members = kept.members(root, 2)
    kept.commit(root, members=members, members_of=root)
    kept.clock.move(timedelta(days=60))  # type: ignore[attr-defined]
    _decide(kept, Ruling(Choice.KEEP, "of use", until=date(2029, 6, 1)), members[0].id)
    assert {kept.catalog.document(one.id).retain_until for one in members} == {date(2029, 6, 1)}
    kept.require_consistent()
