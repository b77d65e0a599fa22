"""The timetable over an archive in a folder, its clock in the test's hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.bootstrap.timetable import DUTIES, timetable_of
from archiver.domain.document import LockMode, State
from archiver.domain.ledger import Tree
from archiver.domain.record import original_key, record_key
from archiver.errors import InterruptedRunError, UsageError
from archiver.ports.objects import Bucket, Lock, ObjectInfo
from archiver.ports.retention_rows import HoldRecord, PurgeState
from archiver.services.ledger_objects import entries
from archiver.services.purge.plan import Criteria
from archiver.services.timetable import AGAIN, Duty, Outcome, Report, Timetable
from archiver.services.timetable.fixity import Fixity, Round, Share
from archiver.services.timetable.holds import StandingHolds
from archiver.services.timetable.locks import OWN_FILES, horizon
from archiver.services.timetable.plans import criteria_of, is_covered
from retention.period import Period
from retention.policy import DEFAULT_POLICY, Policy, RetentionClass
from tests.support.command import Minutier
from tests.support.moving_clock import MovingClock
from tests.support.purges import Opened, copied, opened, scratch, template, tomorrow

DAY = timedelta(days=1)
ROLLING = """\
time_zone: UTC
collections: {}
classes:
  CV: {title: Applications, limit: P2M, from: metadata.day, basis: CNIL, lock: rolling, then: destroy}
"""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Opened]:
    home, keys = template()
    with opened(copied(home, tmp_path / "archive"), keys, tomorrow()) as one:
        yield one


def done(one: Opened, *only: str) -> dict[str, Outcome]:
    """What the timetable did, by duty."""
    with timetable_of(one.archive) as timetable:
        return {outcome.duty: outcome for outcome in timetable.run(only=only)}


def stored(one: Opened, name: str) -> ObjectInfo:
    """The bytes of a document, as the store knows them."""
    document = one.documents()[name]
    key = original_key(document.collection, document.retention_class, document.sha256)
    return one.archive.objects.versions(Bucket.LOCKED, key)[0]


# -- when ---------------------------------------------------------------------------------------------------------
def test_a_duty_is_done_when_its_time_has_passed(archive: Opened):
    assert set(done(archive)) == {*DUTIES} - {"plans"}  # the first plan comes a period later
    assert done(archive) == {}
    archive.clock.move(timedelta(hours=1))
    assert set(done(archive)) == {"ledger"}
    archive.clock.move(DAY)
    assert set(done(archive)) == {"ledger", "intake", "holds", "access", "fixity", "watch"}
    archive.clock.move(timedelta(days=31))
    assert set(done(archive)) == {*DUTIES}


class _Marks(dict[str, str]):
    def get_mark(self, key: str) -> str | None:
        return self.get(key)

    def set_mark(self, key: str, value: str) -> None:
        self[key] = value


def test_one_that_fails_keeps_no_other_from_being_done_and_is_tried_again():
    clock, tried = MovingClock(), []

    def fail() -> Report:
        tried.append(clock.now())
        raise UsageError("not so")

    marks: Any = _Marks()
    timetable = Timetable(marks, clock, [Duty("one", DAY, fail), Duty("two", DAY, Report)])
    first, second = timetable.run()
    assert (str(first.failure), second.failure) == ("not so", None)
    clock.move(AGAIN / 2)
    assert [*timetable.run()] == []
    clock.move(AGAIN / 2)
    assert [outcome.duty for outcome in timetable.run()] == ["one"]
    assert len(tried) == 2


def test_one_that_is_stopped_stays_due():
    def stop() -> Report:
        raise InterruptedRunError("stopped")

    marks: Any = _Marks()
    timetable = Timetable(marks, MovingClock(), [Duty("one", DAY, stop), Duty("two", DAY, Report)])
    with pytest.raises(InterruptedRunError):
        list(timetable.run())
    assert timetable.is_due(timetable.duties[0])
    assert timetable.last("two") is None


def test_a_mark_of_a_later_time_keeps_nothing_from_being_done():
    clock, marks = MovingClock(), _Marks()
    timetable = Timetable(marks, clock, [Duty("one", DAY, Report)])  # type: ignore[arg-type]
    assert [outcome.duty for outcome in timetable.run()] == ["one"]
    clock.move(-2 * DAY)
    assert [outcome.duty for outcome in timetable.run()] == ["one"]


# -- fixity -------------------------------------------------------------------------------------------------------
def fixity(one: Opened, *, period: timedelta = 7 * DAY, limit: int = 2**40) -> Share:
    archive = one.archive
    return Fixity(archive.catalog, archive.objects, archive.ledger_rows, archive.clock, period, DAY, limit).run()


@given(
    top=st.integers(1, 10**7),
    days=st.integers(1, 400),
    pauses=st.lists(st.floats(0.01, 60, allow_nan=False), max_size=60),
)
def test_a_round_ends_within_its_period_whenever_shares_are_read(top: int, days: int, pauses: list[float]):
    began = datetime(2026, 1, 1, tzinfo=UTC)
    period, now, here = days * DAY, began, Round(0, began)
    for pause in [*pauses, float(days)]:
        end = here.end_of_share(top, now, period, DAY)
        assert here.cursor <= end <= top
        here = Round(end, began, now)
        now += timedelta(days=pause)
    assert here.end_of_share(top, now, period, DAY) == top


def test_shares_are_even():
    sizes, here, began = [], Round(0, datetime(2026, 1, 1, tzinfo=UTC)), datetime(2026, 1, 1, tzinfo=UTC)
    for day in range(90):
        now = began + day * DAY
        end = here.end_of_share(90_000, now, 90 * DAY, DAY)
        sizes.append(end - here.cursor)
        here = Round(end, began, now)
    assert max(sizes) - min(sizes) < 30


def test_everything_is_read_within_the_period(archive: Opened):
    there = len([one for one in archive.archive.catalog.select() if one.state is not State.DISPOSED])
    read, shares = 0, []
    for _ in range(8):
        share = fixity(archive)
        shares.append(share.documents)
        read += share.documents
        assert not share.flawed
        if share.complete:
            break
        archive.clock.move(DAY)
    assert read == there
    assert max(shares) < there


def test_what_is_damaged_or_gone_is_told_once_a_round_and_entered(archive: Opened):
    objects, documents = archive.archive.objects, archive.documents()
    path = objects.local_path(stored(archive, "legal.txt").ref)
    path.chmod(0o600)
    path.write_bytes(b"legal wordz")
    gone = archive.archive.objects.versions(Bucket.DELETABLE, documents["alone.txt"].text_key)[0]
    objects.delete(gone.ref)
    share = fixity(archive, period=timedelta(0))
    assert share.complete
    assert {(one.document_id, one.what, one.found) for one in share.flaws} == {
        (documents["legal.txt"].id, "original", "damaged"),
        (documents["alone.txt"].id, "text", "gone"),
    }
    archive.archive.ledger.sequence()
    found = [one.event for one in entries(objects, Tree.CUSTODY, archive.archive.ledger_rows) if one.event.kind == "fixity"]
    assert {one.document_id for one in found} == {documents["legal.txt"].id, documents["alone.txt"].id, ""}
    assert found[-1].details["findings"] == 2


def test_a_record_that_is_not_the_one_written_is_told(archive: Opened):
    document = archive.documents()["stays.txt"]
    objects = archive.archive.objects
    path = objects.local_path(objects.versions(Bucket.LOCKED, record_key(document.collection, document.id))[0].ref)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"stays", b"stayz"))
    assert [(one.document_id, one.what) for one in fixity(archive, period=timedelta(0)).flaws] == [(document.id, "record")]


def test_a_share_is_bounded_and_says_so(archive: Opened, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("archiver.services.timetable.fixity.PAGE", 1)
    first = fixity(archive, period=timedelta(0), limit=1)
    assert (first.documents, first.behind, first.complete) == (1, True, False)
    rest = fixity(archive, period=timedelta(0))
    assert rest.complete
    there = len([*archive.archive.catalog.select()])
    assert first.documents + rest.documents == there


def test_a_stopped_share_goes_on_where_it_was(archive: Opened, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("archiver.services.timetable.fixity.PAGE", 2)
    parts, pages = archive.archive, []

    def stop() -> None:
        pages.append(1)
        if len(pages) == 2:
            raise UsageError("stopped")

    with pytest.raises(UsageError):
        Fixity(parts.catalog, parts.objects, parts.ledger_rows, parts.clock, timedelta(0), DAY, 2**40, stop).run()
    assert fixity(archive, period=timedelta(0)).documents == len([*parts.catalog.select()]) - 4


def test_the_command_ends_with_four_when_something_is_damaged(tmp_path: Path):
    home, _ = template()
    minutier = Minutier(copied(home, tmp_path / "archive"), MINUTIER_TIMETABLE_FIXITY="P1D")
    ran = minutier.run("--json", "timetable")
    assert {row["duty"] for row in ran.rows} == {*DUTIES} - {"plans"}
    assert all(row["error"] is None and not row["damaged"] for row in ran.rows)
    assert minutier.run("timetable").err.strip() == "Nothing is due."
    for path in (tmp_path / "archive" / "objects" / "locked" / "originals").rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.write_bytes(b"other words")
    codes = []
    while 4 not in codes and len(codes) < 30:  # asked again at once, a share is one document
        ran = minutier.run("timetable", "--only", "fixity", code=None)
        codes.append(ran.code)
    assert codes[-1] == 4
    assert "original is damaged" in ran.out


# -- locks --------------------------------------------------------------------------------------------------------
@pytest.fixture
def rolling(tmp_path: Path) -> Iterator[Opened]:
    root = scratch("rolling")
    home = root / "archive"
    today = datetime.now(UTC).date()
    minutier = Minutier(home)
    minutier.run("init")
    (root / "policy.yaml").write_text(ROLLING)
    (root / "cv.txt").write_text("an application")
    (root / "list.jsonl").write_text(f'{{"path": "{root}/cv.txt", "class": "CV", "day": "{today}"}}\n')
    minutier.run("policy", "apply", root / "policy.yaml", "--accept-program-lock", code=None)
    minutier.run("import", "--manifest", root / "list.jsonl")
    with opened(home, root, tomorrow()) as one:
        yield one


def test_a_rolling_lock_is_extended_while_the_document_is_kept(rolling: Opened):
    first = stored(rolling, "cv.txt").lock
    assert first.mode is LockMode.COMPLIANCE
    assert first.until is not None
    last_day = rolling.documents()["cv.txt"].retain_until
    assert last_day is not None
    untils = [first.until]
    for _ in range(10):
        rolling.clock.move(timedelta(days=7, hours=12))
        done(rolling)
        until = stored(rolling, "cv.txt").lock.until
        assert until is not None
        untils.append(until)
        if rolling.clock.now().date() <= last_day:
            assert until > rolling.clock.now(), "it was unlocked while it is kept"
    assert untils == sorted(untils)
    assert untils[3] > untils[0] + timedelta(days=20)
    assert untils[-1].date() <= last_day + DAY


def test_the_archives_own_files_stay_locked(archive: Opened):
    done(archive, "ledger")
    for _ in range(4):
        outcome = done(archive, "files")["files"]
        assert outcome.report.counts["files"] > 0
        found = [info for prefix in OWN_FILES for info in archive.archive.objects.list(Bucket.LOCKED, prefix)]
        assert len(found) == outcome.report.counts["files"]
        assert all(info.lock.until > archive.clock.now() + timedelta(days=10 * 365) for info in found if info.lock.until)
        assert all(info.lock.until for info in found)
        archive.clock.move(timedelta(days=365))
    assert outcome.report.counts["extended"] > 0


def test_the_horizon_is_beyond_the_longest_class():
    long = RetentionClass("LONG", "Long", period=Period(months=600), basis="Law")
    assert horizon(DEFAULT_POLICY) == timedelta(days=11 * 366)
    assert horizon(Policy(version=1, classes={"LONG": long})) > timedelta(days=50 * 365 + 365)


# -- holds --------------------------------------------------------------------------------------------------------
def held(one: Opened, *names: str, hold: str = "m1") -> None:
    """Held in the catalogue, and not at the store: as a crash between both would leave it."""
    now = one.clock.now()
    one.archive.catalog.add_hold(HoldRecord(hold, "matter", "reason", "owner", now, "anna", review=date(2020, 1, 1)), [])
    one.archive.catalog.place(hold, [one.documents()[name].id for name in names], now.date(), [])


def test_holds_that_the_store_lacks_are_set(archive: Opened):
    held(archive, "alone.txt", "box.zip")
    assert done(archive, "holds")["holds"].report.counts == {"looked at": 2, "set again": 6, "without bytes": 0}
    assert stored(archive, "alone.txt").lock.hold
    assert done(archive, "holds")["holds"].report.counts["set again"] == 0
    archive.archive.objects.set_hold(stored(archive, "alone.txt").ref, on=False)
    assert done(archive, "holds")["holds"].report.counts["set again"] == 1


def test_held_documents_are_looked_at_so_many_a_run(archive: Opened):
    held(archive, "alone.txt", "twin-1.txt", "legal.txt")
    held(archive, "later.txt", hold="m2")
    parts = archive.archive
    standing = StandingHolds(parts.catalog, parts.objects, parts.clock, parts.retention_turn, lambda _: None)
    assert [standing.set_again(2).counts["looked at"] for _ in range(4)] == [2, 2, 0, 2]
    assert all(stored(archive, name).lock.hold for name in ("alone.txt", "twin-1.txt", "legal.txt", "later.txt"))


def test_held_documents_without_bytes_are_damage(archive: Opened):
    held(archive, "alone.txt")
    info = stored(archive, "alone.txt")
    archive.archive.objects.lock(info.ref, Lock())
    archive.archive.objects.delete(info.ref)
    assert done(archive, "holds")["holds"].report.damaged


# -- plans and what waits -----------------------------------------------------------------------------------------
def test_plans_are_made_a_period_later_and_never_approved(archive: Opened):
    assert "plans" not in done(archive)
    archive.clock.move(timedelta(days=31))
    outcome = done(archive)["plans"]
    (made,) = archive.archive.catalog.purges()
    assert outcome.report.counts["planned"] == 1
    assert (made.state, made.author, made.plan_key, made.approvals) == (PurgeState.PLANNED, "timetable", "", ())
    archive.clock.move(timedelta(days=31))
    assert done(archive)["plans"].report.counts == {"planned": 0, "documents": 0, "covered": 1}
    archive.run(archive.approve(made))
    archive.clock.move(timedelta(days=31))
    assert done(archive)["plans"].report.counts["planned"] in (0, 1)
    assert len([one for one in archive.archive.catalog.purges() if one.state is PurgeState.DONE]) == 1


def test_plans_may_be_for_classes_and_collections(archive: Opened):
    assert criteria_of("") == [Criteria()]
    assert criteria_of("class:SHORT, collection:a") == [Criteria(retention_class="SHORT"), Criteria(collection="a")]
    for wrong in ("SHORT", "class:", "group:x"):
        with pytest.raises(UsageError, match="neither a class nor a collection"):
            criteria_of(wrong)
    made = archive.plan(criteria=Criteria(retention_class="SHORT"))
    assert made is not None
    assert is_covered(Criteria(retention_class="SHORT"), [made])
    assert is_covered(Criteria("a", "SHORT"), [made])
    assert not is_covered(Criteria(), [made])
    assert not is_covered(Criteria(retention_class="LEGAL"), [made])


def test_what_waits_for_somebody_is_told(archive: Opened):
    held(archive, "legal.txt")
    made = archive.plan()
    assert made is not None
    counts = done(archive, "watch")["watch"].report.counts
    assert counts == {
        "decisions": 1, "past limit": 5, "missing events": 0, "hold reviews": 1, "plans": 1, "expired approvals": 0, "purges left": 0,
    }  # fmt: skip
    archive.approve(made)
    archive.clock.move(timedelta(days=800))
    outcome = done(archive, "watch")["watch"].report
    assert (outcome.counts["expired approvals"], outcome.counts["missing events"]) == (1, 1)
    assert any(made.id in note for note in outcome.notes)


def test_a_purge_that_was_begun_and_not_ended_is_told(archive: Opened):
    made = archive.plan()
    assert made is not None
    archive.destroy(archive.approve(made))
    assert done(archive, "watch")["watch"].report.counts["purges left"] == 1
