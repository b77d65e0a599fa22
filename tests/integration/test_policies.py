"""Applying policies to documents already archived, on the real embedded store and catalogue."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType

import pytest
from sqlalchemy import select, update

from archiver.adapters.catalog.engine import read, write
from archiver.adapters.catalog.ledger_tables import ledger_outbox
from archiver.adapters.catalog.sql import SqlCatalog, create_sqlite
from archiver.adapters.catalog.tables import policies as policy_rows
from archiver.adapters.objects.embedded import EmbeddedStore
from archiver.domain import record
from archiver.domain.document import Document, LockMode, State
from archiver.domain.extraction import Outcome
from archiver.domain.identifiers import DocumentId
from archiver.errors import IntegrityError, RefusedError
from archiver.ports.catalog import Content, IntakeGroup
from archiver.ports.objects import Bucket, Lock, ObjectInfo, Put
from archiver.services.explain import explain
from archiver.services.placement import Placement
from archiver.services.policies import Policies, policy_in_force
from archiver.services.policy_changes import Change, ChangeKind
from retention.errors import PolicyError
from retention.policy import DEFAULT_POLICY
from retention.schedule import Occurrence
from tests.support.moving_clock import MovingClock

DECLARED = {"document_date": "2026-01-31"}


def _policy(
    period: str = "P2Y", *, trigger: str = "metadata.document_date", lock: str = "governance", then: str = "destroy"
) -> bytes:
    terms = f"period: {period}, from: {trigger}, " if period else ""
    return f"classes:\n  A: {{title: Essai, {terms}basis: loi, lock: {lock}, then: {then}}}\n".encode()


class Bench:
    """An archive's store and catalogue, with documents put straight into them."""

    def __init__(self, home: Path) -> None:
        self.clock = MovingClock()
        self.objects = EmbeddedStore(home / "objects", self.clock)
        self.catalog: SqlCatalog = create_sqlite(home / "catalog.sqlite")
        self.policies = Policies(self.catalog, self.objects, self.clock)

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.objects.close()
        self.catalog.close()

    def apply(self, data: bytes, **options: bool) -> int:
        return self.policies.apply(data, by="owner", **options).version

    def archive(self, number: int, *, body: bytes = b"hello", declared: dict[str, str] | None = None) -> str:
        """A document of class A, archived as intake and commit do it, under the policy in force."""
        placement = Placement(policy_in_force(self.catalog))
        facts = DECLARED if declared is None else declared
        term = placement.term("A", self.clock.now(), facts, self.clock.now())
        staged = self.objects.stage([body])
        document = Document(
            id=DocumentId(f"{number:08d}-0000-8000-8000-000000000000"),
            sequence=0,
            collection="default",
            retention_class="A",
            source=f"/{number}",
            name=f"{number}.txt",
            sha256=staged.sha256,
            size=len(body),
            state=State.ARCHIVED,
            outcome=Outcome.COMPLETE,
            reason="",
            media_type="text/plain",
            language="",
            received_at=self.clock.now(),
            batch_id="b",
            declared=facts,
            archived_at=self.clock.now(),
            retain_until=term.retain_until,
            retention_note=term.note,
            lock_mode=term.lock.mode,
            policy_version=placement.policy.version,
        )
        intake = Lock(LockMode.GOVERNANCE, self.clock.now() + timedelta(days=7))
        key = record.original_key("default", "A", staged.sha256)
        puts = [
            Put(Bucket.LOCKED, key, staged=staged, lock=intake),
            Put(Bucket.LOCKED, record.record_key("default", document.id), body=record.encode(document), lock=term.lock),
        ]
        original = self.objects.put(puts)[0]
        held = self.objects.head(original.info.ref).lock
        self.objects.lock(original.info.ref, term.lock if original.created else replace(held, hold=held.hold or term.lock.hold))
        self.catalog.commit_intake(IntakeGroup(contents=[Content("default", "A", staged.sha256, len(body), original.info.ref)]))
        self.catalog.commit_archived([document], [])
        return document.id

    def stored(self, document_id: str) -> tuple[ObjectInfo, ObjectInfo]:
        """(original, record) as the store has them."""
        document = self.catalog.document(document_id)
        keys = (record.original_key("default", "A", document.sha256), record.record_key("default", document.id))
        original, kept = (self.objects.versions(Bucket.LOCKED, key)[0] for key in keys)
        return original, kept

    def entries(self, kind: str) -> list[dict[str, object]]:
        with read(self.catalog.engine) as connection:
            rows = connection.execute(select(ledger_outbox.c.payload).where(ledger_outbox.c.kind == kind))
            return [json.loads(payload)["data"] for payload in rows.scalars()]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench(tmp_path) as bench:
        yield bench


def test_an_archive_begins_with_the_policy_that_keeps_everything(bench: Bench) -> None:
    assert policy_in_force(bench.catalog) == DEFAULT_POLICY


def test_an_applied_policy_is_kept_as_a_held_object_and_in_the_ledger(bench: Bench) -> None:
    assert bench.apply(_policy()) == 1
    (info,) = bench.objects.versions(Bucket.LOCKED, "policies/1.yaml")
    with bench.objects.open(info.ref) as stream:
        assert stream.read() == _policy()
    with pytest.raises(RefusedError):
        bench.objects.delete(info.ref)
    assert bench.entries("policy") == [{"version": 1, "sha256": info.sha256}]
    assert policy_in_force(bench.catalog).version == 1


def test_applying_the_same_file_again_changes_nothing(bench: Bench) -> None:
    bench.apply(_policy())
    again = bench.policies.apply(_policy(), by="owner")
    assert (again.version, again.fresh) == (1, False)
    assert len(bench.entries("policy")) == 1


def test_a_later_date_is_set_at_the_store_and_in_the_catalogue(bench: Bench) -> None:
    bench.apply(_policy("P2Y"))
    document_id = bench.archive(1)
    assert bench.catalog.document(document_id).retain_until == date(2028, 1, 31)
    bench.apply(_policy("P3Y"))
    document = bench.catalog.document(document_id)
    assert (document.retain_until, document.policy_version) == (date(2029, 1, 31), 2)
    assert "3 years" in document.retention_note
    assert {info.lock.until for info in bench.stored(document_id)} == {datetime(2029, 2, 1, tzinfo=UTC)}
    assert [entry["retain_until"] for entry in bench.entries("extended")] == ["2029-01-31"]


def test_an_earlier_date_is_refused_with_the_list_and_nothing_is_done(bench: Bench) -> None:
    bench.apply(_policy("P2Y"))
    ids = {bench.archive(number, body=bytes([number])) for number in range(3)}
    listed: list[Change] = []
    with pytest.raises(RefusedError, match="end of 3 archived documents earlier") as caught:
        bench.policies.apply(_policy("P1Y"), by="owner", refused=listed.append)
    assert caught.value.exit_code == 5
    assert {change.document.id for change in listed} == ids
    assert policy_in_force(bench.catalog).version == 1
    assert not bench.objects.versions(Bucket.LOCKED, "policies/2.yaml")


def test_what_was_kept_without_end_gets_no_end_afterwards(bench: Bench) -> None:
    bench.apply(_policy("", then="keep"))
    bench.archive(1)
    with pytest.raises(RefusedError, match="1 archived document earlier"):
        bench.apply(_policy("P50Y"))


def test_a_class_defined_later_dates_its_documents_and_lets_their_hold_go(bench: Bench) -> None:
    document_id = bench.archive(1)
    assert all(info.lock == Lock(hold=True) for info in bench.stored(document_id))
    bench.apply(_policy("P2Y"))
    assert bench.catalog.document(document_id).retain_until == date(2028, 1, 31)
    expected = Lock(LockMode.GOVERNANCE, datetime(2028, 2, 1, tzinfo=UTC), hold=False)
    assert [info.lock for info in bench.stored(document_id)] == [expected, expected]


def test_a_hold_stays_on_content_while_another_document_needs_it(bench: Bench) -> None:
    dated, waiting = bench.archive(1), bench.archive(2, declared={})
    bench.apply(_policy("P2Y"))
    original, kept = bench.stored(dated)
    assert (original.lock.until, original.lock.hold, kept.lock.hold) == (datetime(2028, 2, 1, tzinfo=UTC), True, False)
    assert bench.stored(waiting)[1].lock == Lock(hold=True)


def test_a_class_that_vanishes_keeps_its_documents_beyond_their_date(bench: Bench) -> None:
    bench.apply(_policy("P2Y"))
    document_id = bench.archive(1)
    bench.apply(b"")
    document = bench.catalog.document(document_id)
    assert document.retain_until == date(2028, 1, 31)
    assert all(info.lock.hold for info in bench.stored(document_id))
    told = explain(document, policy_in_force(bench.catalog), datetime(2040, 1, 1, tzinfo=UTC))
    assert (told.verdict.due, told.held) == (False, True)
    assert "not in policy v2" in told.sentences[0]


def test_a_harder_lock_reaches_what_is_archived(bench: Bench) -> None:
    bench.apply(_policy("P2Y"))
    document_id = bench.archive(1)
    bench.apply(_policy("P2Y", lock="compliance"), accept_program_lock=True)
    assert bench.catalog.document(document_id).lock_mode is LockMode.COMPLIANCE
    assert {info.lock.mode for info in bench.stored(document_id)} == {LockMode.COMPLIANCE}


def test_compliance_on_one_machine_must_be_accepted_once(bench: Bench) -> None:
    with pytest.raises(RefusedError, match="bind the program"):
        bench.apply(_policy(lock="compliance"))
    bench.apply(_policy(lock="compliance"), accept_program_lock=True)
    assert bench.apply(_policy("P3Y", lock="compliance")) == 2


def test_a_crash_before_the_catalogue_row_leaves_no_policy_in_force(bench: Bench) -> None:
    orphan = Put(Bucket.LOCKED, "policies/1.yaml", body=b"classes: {}\n", lock=Lock(hold=True))
    bench.objects.put([orphan])
    assert policy_in_force(bench.catalog) == DEFAULT_POLICY
    assert bench.apply(_policy()) == 2
    assert policy_in_force(bench.catalog).version == 2


def test_a_crash_while_extending_is_finished_by_applying_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.apply(_policy("P2Y"))
    ids = [bench.archive(number, body=bytes([number])) for number in range(3)]
    monkeypatch.setattr("archiver.services.extend_terms.GROUP", 1)
    commit, calls = bench.catalog.commit_archived, []

    def dying(*arguments: object) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return commit(*arguments)

    monkeypatch.setattr(bench.catalog, "commit_archived", dying)
    with pytest.raises(KeyboardInterrupt):
        bench.apply(_policy("P3Y"))
    monkeypatch.setattr(bench.catalog, "commit_archived", commit)
    assert bench.apply(_policy("P3Y")) == 2
    assert {bench.catalog.document(document_id).retain_until for document_id in ids} == {date(2029, 1, 31)}
    assert len(bench.entries("extended")) == 3


def test_a_hold_not_yet_set_when_it_crashed_is_set_by_applying_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.apply(_policy("P2Y"))
    document_id = bench.archive(1)
    with monkeypatch.context() as patch:
        patch.setattr("archiver.services.stored_terms.StoredTerms.bring", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            bench.apply(b"")
    assert not any(info.lock.hold for info in bench.stored(document_id))
    assert [bench.apply(b""), bench.apply(b"")] == [2, 2]
    assert all(info.lock.hold for info in bench.stored(document_id))
    assert len(bench.entries("extended")) == 1


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_check_counts_and_changes_nothing(bench: Bench) -> None:
    bench.apply(_policy("P2Y"))
    document_id = bench.archive(1)
    _, changes = bench.policies.check(_policy("P3Y"))
    assert changes.by_class == {("A", ChangeKind.LATER): 1}
    assert bench.catalog.document(document_id).retain_until == date(2028, 1, 31)


def test_a_bad_file_is_refused_before_anything(bench: Bench) -> None:
    with pytest.raises(PolicyError):
        bench.apply(b"classes: [")
    assert bench.catalog.newest_policy() is None


def test_an_edited_catalogue_row_is_noticed(bench: Bench) -> None:
    bench.apply(_policy("P2Y"))
    with write(bench.catalog.engine) as connection:
        connection.execute(update(policy_rows).values(body=_policy("P1D").decode()))
    with pytest.raises(IntegrityError, match="policy v1 is not what was applied"):
        policy_in_force(bench.catalog)


def test_compliance_is_refused_on_a_store_that_does_not_keep_its_locks(bench: Bench) -> None:
    told: list[str] = ["removed a locked version"]
    policies = Policies(bench.catalog, bench.objects, bench.clock, probe=lambda: told)
    with pytest.raises(RefusedError, match="removed a locked version"):
        policies.apply(_policy(lock="compliance"), by="owner", accept_program_lock=True)
    assert bench.catalog.newest_policy() is None
    told.clear()
    policies.apply(_policy(lock="compliance"), by="owner")
    told.append("asked again")
    assert policies.apply(_policy("P3Y", lock="compliance"), by="owner").version == 2


def test_diff_tells_every_move_and_changes_nothing(bench: Bench) -> None:
    bench.apply(_policy("P2Y"))
    ids = {bench.archive(number, body=bytes([number])) for number in range(3)}
    waiting = bench.archive(9, declared={})
    seen: list[Change] = []
    found = bench.policies.diff(_policy("P3Y"), each=seen.append)
    ((line, count),) = found.movements.lines()
    assert (line.collection, line.retention_class, line.kind, count) == ("default", "A", ChangeKind.LATER, 3)
    assert (line.was, line.will) == ("2028-01-31", "2029-01-31")
    assert {change.document.id for change in seen} == ids
    assert (found.policy.version, found.in_force.version, found.movements.refused) == (2, 1, 0)
    assert policy_in_force(bench.catalog).version == 1
    assert bench.catalog.document(waiting).retain_until is None
    assert {bench.catalog.document(one).retain_until for one in ids} == {date(2028, 1, 31)}


@pytest.mark.parametrize(
    ("before", "after", "kind", "was", "will", "refused"),
    [
        (_policy("P2Y"), _policy("P1Y"), ChangeKind.EARLIER, "2028-01-31", "2027-01-31", 1),
        (_policy("", then="keep"), _policy("P50Y"), ChangeKind.EARLIER, "without end", "2076-01-31", 1),
        (_policy("P2Y"), _policy("", then="keep"), ChangeKind.UNDATED, "2028-01-31", "without end", 0),
        (_policy("P2Y"), b"", ChangeKind.UNDATED, "2028-01-31", "not known", 0),
        (_policy("P2Y", trigger="metadata.other"), _policy("P2Y"), ChangeKind.DATED, "not known", "2028-01-31", 0),
        (_policy("P2Y", lock="none"), _policy("P2Y"), ChangeKind.HARDER, "none", "governance", 0),
    ],
)
def test_each_kind_of_move_is_told_as_apply_carries_it_out(
    bench: Bench, before: bytes, after: bytes, kind: ChangeKind, was: str, will: str, refused: int
) -> None:
    bench.apply(before)
    document_id = bench.archive(1)
    found = bench.policies.diff(after)
    ((line, count),) = found.movements.lines()
    assert (line.kind, line.was, line.will, count, found.movements.refused) == (kind, was, will, 1, refused)
    if refused:
        with pytest.raises(RefusedError):
            bench.apply(after)
        return
    bench.apply(after)
    assert bench.policies.diff(after).movements.documents == 0
    if kind is ChangeKind.DATED:
        assert str(bench.catalog.document(document_id).retain_until) == will


def test_diff_counts_from_events_that_were_recorded(bench: Bench) -> None:
    bench.apply(_policy("P2Y", trigger="event.contract_end"))
    document_id = bench.archive(1)
    told = {"contract_end": Occurrence(date(2026, 5, 31), date(2026, 6, 1))}
    bench.catalog.commit_occurrences([bench.catalog.document(document_id)], {document_id: told}, [])
    ((line, _),) = bench.policies.diff(_policy("P3Y", trigger="event.contract_end")).movements.lines()
    assert line.will == "2029-05-31"


def test_diff_names_the_compliance_locks_that_apply_wants_accepted(bench: Bench) -> None:
    assert bench.policies.diff(_policy(lock="compliance")).to_accept == "A"
    bench.apply(_policy(lock="compliance"), accept_program_lock=True)
    assert bench.policies.diff(_policy("P3Y", lock="compliance")).to_accept == ""


@pytest.mark.parametrize(
    ("declared", "until", "why"),
    [
        ("9999-12-31", None, "ends beyond the ceiling"),
        ("9989-12-31", None, "ends beyond the ceiling"),
        ("0001-01-01", date(3, 1, 1), "2 years from document date 0001-01-01"),
        ("10000-01-01", None, "cannot be used"),
        ("2026-02-30", None, "cannot be used"),
        ("2024-02-29", date(2026, 2, 28), "2 years from document date 2024-02-29"),
    ],
)
def test_impossible_and_extreme_days_are_kept_with_the_reason(bench: Bench, declared: str, until: date | None, why: str) -> None:
    bench.apply(_policy("P2Y"))
    document_id = bench.archive(1, declared={"document_date": declared})
    document = bench.catalog.document(document_id)
    assert document.retain_until == until
    assert why in document.retention_note
    assert {info.lock.hold for info in bench.stored(document_id)} == {until is None}
    bench.policies.diff(_policy("P1000Y"))
    bench.apply(_policy("P1000Y"))
    moved = bench.catalog.document(document_id).retain_until
    assert moved == (None if until is None else moved)
    assert moved is None or moved >= (until or moved)


def test_a_policy_this_program_cannot_read_any_more_puts_nothing_at_risk(bench: Bench) -> None:
    bench.apply(_policy("P2Y"))
    document_id = bench.archive(1)
    body = "classes:\n  A: {title: Essai, colour: red}\n"
    with write(bench.catalog.engine) as connection:
        connection.execute(update(policy_rows).values(body=body, sha256=hashlib.sha256(body.encode()).hexdigest()))
    for ask in (lambda: policy_in_force(bench.catalog), lambda: bench.policies.diff(_policy("P9Y"))):
        with pytest.raises(PolicyError, match=r"policy v1: .*unknown key `colour`") as caught:
            ask()
        assert caught.value.remedy
    assert bench.catalog.document(document_id).retain_until == date(2028, 1, 31)


def test_a_change_of_time_zone_alone_moves_days(bench: Bench) -> None:
    bench.apply(_policy("P2Y"))
    document_id = bench.archive(1, declared={"document_date": "2026-01-31T23:30:00Z"})
    ((line, _),) = bench.policies.diff(b"time_zone: Europe/Paris\n" + _policy("P2Y")).movements.lines()
    assert (line.kind, line.was, line.will) == (ChangeKind.LATER, "2028-01-31", "2028-02-01")
    bench.apply(b"time_zone: Europe/Paris\n" + _policy("P2Y"))
    assert bench.catalog.document(document_id).retain_until == date(2028, 2, 1)
