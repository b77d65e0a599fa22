"""Reading in children that die: attempts, members left out, quarantine, the same bytes once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.domain.document import State
from archiver.domain.extraction import Died, ExtractionTask, Finished, Found, Outcome, Started, Step
from archiver.errors import InterruptedRunError, NotFoundError
from archiver.ports.objects import ObjectRef
from archiver.services import extract as extract_module
from archiver.services.extract import DEATHS, MEMBER_DEATHS
from archiver.services.reading_here import ReadingParts
from archiver.services.reread import reread
from tests.support.documents import extraction
from tests.support.scripted_pool import box, dies, read
from tests.support.small_archive import SmallArchive

MEMBER = (Step("zip", 1, "bad"),)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    there = tmp_path / "in"
    there.mkdir()
    return there


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SmallArchive]:
    archive = SmallArchive(tmp_path / "archive")
    yield archive
    archive.close()


def _fill(folder: Path, **files: str) -> None:
    for name, body in files.items():
        (folder / name.replace("_", ".")).write_text(body)


def test_two_deaths_are_forgiven_the_third_is_not(folder: Path, archive: SmallArchive) -> None:
    archive.pool.scripts = {"twice": dies(times=2), "thrice": dies(times=3)}
    _fill(folder, twice_txt="a", thrice_txt="b", good_txt="c")
    archive.run(folder)
    documents = archive.documents()
    assert (documents["twice.txt"].state, documents["twice.txt"].outcome) == (State.ARCHIVED, Outcome.COMPLETE)
    assert (documents["thrice.txt"].state, documents["thrice.txt"].outcome) == (State.QUARANTINED, Outcome.CRASHED)
    assert documents["thrice.txt"].reason == "died (crashed)"
    assert {name: one.attempts for name, one in documents.items()} == {"twice.txt": 3, "thrice.txt": 3, "good.txt": 1}
    assert archive.outcomes() == {"twice.txt": "archived", "thrice.txt": "quarantined", "good.txt": "archived"}


def test_a_timeout_is_not_tried_again_and_no_quarantine(folder: Path, archive: SmallArchive) -> None:
    archive.pool.scripts = {"slow": dies(Outcome.TIMEOUT)}
    _fill(folder, slow_txt="a")
    archive.run(folder)
    assert archive.outcomes() == {"slow.txt": "archived, reading timed out"}
    assert len(archive.pool.tasks) == 1


@pytest.mark.parametrize("cause", [Outcome.CRASHED, Outcome.TIMEOUT, Outcome.TOO_LARGE])
def test_a_member_that_ended_a_child_is_left_out_and_told_as_what_it_did(
    folder: Path, archive: SmallArchive, cause: Outcome
) -> None:
    archive.pool.scripts = {"box": dies(cause, MEMBER, then=box("fine", "bad", "fine too"))}
    _fill(folder, box_zip="zip")
    archive.run(folder)
    documents = archive.documents()
    assert archive.pool.tasks[-1].poison == (MEMBER,)
    assert (documents["bad"].outcome, documents["bad"].reason) == (cause, f"died ({cause})")
    assert documents["fine too"].outcome is Outcome.COMPLETE
    assert documents["box.zip"].members == 3
    assert documents["bad"].parent_id == documents["bad"].root_id == documents["box.zip"].id


def test_death_at_a_member_already_left_out_counts(folder: Path, archive: SmallArchive) -> None:
    def always(task: ExtractionTask) -> Iterator[Died]:
        yield Died(task.document_id, MEMBER, Outcome.CRASHED, "again")

    archive.pool.scripts = {"box": always}
    _fill(folder, box_zip="zip")
    archive.run(folder)
    assert archive.outcomes() == {"box.zip": "quarantined"}
    assert len(archive.pool.tasks) == MEMBER_DEATHS + DEATHS


def test_a_member_whose_child_was_killed_once_is_read_at_the_next_try(folder: Path, archive: SmallArchive) -> None:
    archive.pool.scripts = {"box": dies(locator=MEMBER, times=1, then=box("m1", "m2"))}
    _fill(folder, box_zip="zip")
    archive.run(folder)
    assert archive.outcomes() == {"box.zip": "archived"}
    assert {one.outcome for one in archive.catalog.select() if one.root_id} == {Outcome.COMPLETE}


def test_the_same_bytes_in_flight_are_read_once(folder: Path, archive: SmallArchive) -> None:
    _fill(folder, a_txt="same", b_txt="same", c_txt="same", d_txt="other")
    poll, calls = archive.pool.poll, iter(range(1_000))
    archive.pool.poll = lambda seconds: poll(seconds) if next(calls) > 3 else []  # type: ignore[method-assign]
    archive.run(folder)
    assert len(archive.pool.tasks) == 2
    assert {one.outcome for one in archive.documents().values()} == {Outcome.COMPLETE}
    assert archive.outcomes().values()
    assert sorted(archive.outcomes().values()) == ["archived", "archived", "duplicate", "duplicate"]


def test_a_container_twice_gives_each_its_members(folder: Path, archive: SmallArchive) -> None:
    archive.pool.scripts = {name: box("m1", "m2") for name in ("one", "two", "three")}
    _fill(folder, one_zip="same", two_zip="same", three_zip="same")
    archive.run(folder)
    boxes = [one for one in archive.catalog.select() if not one.root_id]
    assert [len(list(archive.catalog.select(root_id=one.id))) for one in boxes] == [2, 2, 2]


def test_followers_of_a_hopeless_document_share_its_end(folder: Path, archive: SmallArchive) -> None:
    archive.pool.scripts = {name: dies() for name in "ab"}
    _fill(folder, a_txt="same", b_txt="same")
    archive.run(folder)
    assert set(archive.outcomes().values()) == {"quarantined"}
    assert len(archive.pool.tasks) == 3


def test_followers_are_bounded_like_everything_in_flight(
    folder: Path, archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million copies of one slow file must not pile up behind it."""
    monkeypatch.setattr(extract_module, "IN_FLIGHT", 160)
    for number in range(500):
        (folder / f"{number}.txt").write_text("same")
    most = calls = 0
    poll = archive.pool.poll

    def slow(seconds: float):
        nonlocal most, calls
        calls += 1
        most = max(most, archive.catalog.counts().get("documents received", 0))
        return poll(seconds) if calls > 20 else []

    monkeypatch.setattr(archive.pool, "poll", slow)
    archive.run(folder)
    assert most <= 160 + 128
    assert len(archive.documents()) == 500


def test_strange_and_late_events_are_ignored(folder: Path, archive: SmallArchive) -> None:
    archive.pool.extra = [
        Started("stranger", ()), Finished("stranger"), Died("stranger", (), Outcome.CRASHED, ""),
        Found("stranger", (), 1, "", "", extraction()),
    ]  # fmt: skip
    _fill(folder, a_txt="a")
    archive.run(folder)
    assert archive.outcomes() == {"a.txt": "archived"}


def test_death_after_the_result_costs_nothing(folder: Path, archive: SmallArchive) -> None:
    def parting(task: ExtractionTask):
        yield from list(read(task))[:-1]
        yield Died(task.document_id, (), Outcome.CRASHED, "at the door")

    archive.pool.scripts = {"a": parting}
    _fill(folder, a_txt="a")
    archive.run(folder)
    assert archive.outcomes() == {"a.txt": "archived"}
    assert len(archive.pool.tasks) == 1


def test_an_end_without_a_result_is_an_outcome(folder: Path, archive: SmallArchive) -> None:
    archive.pool.scripts = {name: lambda task: iter([Finished(task.document_id)]) for name in "ab"}
    _fill(folder, a_txt="a", b_txt="a")
    archive.run(folder)
    assert set(archive.outcomes().values()) == {"quarantined"}


def test_a_document_whose_bytes_are_gone_does_not_stop_the_others(
    folder: Path, archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(folder, a_txt="a")
    archive.stopping = lambda: bool(archive.catalog.waiting(1))
    with pytest.raises(InterruptedRunError):
        archive.run(folder)
    local_path = archive.objects.local_path
    gone = archive.catalog.waiting(1)[0].sha256

    def without_it(ref: ObjectRef) -> Path:
        if ref.key.endswith(gone):
            raise NotFoundError("gone")
        return local_path(ref)

    monkeypatch.setattr(archive.objects, "local_path", without_it)
    archive.stopping = lambda: False
    _fill(folder, b_txt="b")
    archive.run(folder, batch="next")
    assert archive.outcomes("next")["b.txt"] == "archived"
    assert archive.outcomes() == {"a.txt": "waiting"}


def test_stopped_and_gone_on(folder: Path, archive: SmallArchive) -> None:
    """Stopped at any look-up: what was taken in is read next time, and the end is the same."""
    for number in range(30):
        (folder / f"{number}.txt").write_text(str(number))
    looks, stops_at = 0, {5, 50, 100, 150}

    def stopping() -> bool:
        nonlocal looks
        looks += 1
        return looks in stops_at

    archive.stopping = stopping
    stops = 0
    while True:
        try:
            archive.run(folder)
            break
        except InterruptedRunError:
            stops += 1
            assert archive.catalog.batch("batch").state == "interrupted"
    assert stops >= 2
    assert len(archive.outcomes()) == 30
    assert set(archive.outcomes().values()) == {"archived"}


def _reread(archive: SmallArchive, outcome: str, **options: object):
    parts: ReadingParts = archive.parts()
    return reread(parts, batch_id="", outcome=outcome, passwords=(), stop=lambda: bool(options.get("stop")))


def test_a_quarantined_document_read_at_last_is_in_quarantine_no_more(folder: Path, archive: SmallArchive) -> None:
    archive.pool.scripts = {"a": dies(), "b": dies()}
    _fill(folder, a_txt="a", b_txt="a")
    archive.run(folder)
    archive.pool.scripts = {}
    found = _reread(archive, "crashed")
    assert (found.tried, found.renewed) == (2, 2)
    assert sorted(archive.outcomes().values()) == ["archived", "duplicate"]
    assert {one.state for one in archive.documents().values()} == {State.ARCHIVED}


def test_reading_again_reads_each_container_once(folder: Path, archive: SmallArchive) -> None:
    archive.pool.scripts = {"box": dies(Outcome.CRASHED, MEMBER, then=box("x", "bad", "y"))}
    _fill(folder, box_zip="zip")
    archive.run(folder)
    archive.pool.tasks.clear()
    archive.pool.scripts = {"box": box("x", "bad", "y")}
    assert _reread(archive, "crashed").renewed == 1
    assert len(archive.pool.tasks) == 1
    assert archive.documents()["bad"].outcome is Outcome.COMPLETE


def test_a_stopped_second_reading_says_so(folder: Path, archive: SmallArchive) -> None:
    archive.pool.scripts = {"a": dies()}
    _fill(folder, a_txt="a")
    archive.run(folder)
    with pytest.raises(InterruptedRunError):
        _reread(archive, "crashed", stop=True)
