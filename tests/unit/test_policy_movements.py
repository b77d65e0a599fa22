"""Counting what a policy would move: by day while few, coarser when many, and never one document lost."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.document import LockMode
from archiver.services.policy_changes import Change, ChangeKind
from archiver.services.policy_movements import Grain, Movements, movement_of
from retention.policy import Lock
from retention.protection import Protection
from retention.schedule import Deadline, Standing
from tests.support.documents import archived

DAY, LATER = date(2030, 3, 1), date(2033, 3, 1)


def _change(
    kind: ChangeKind = ChangeKind.LATER, was: date | None = DAY, will: date | None = LATER, *, collection: str = "c", name: str = "A",
    before: Standing = Standing.DATED, after: Standing = Standing.DATED, lock: Lock = Lock.GOVERNANCE,
) -> Change:  # fmt: skip
    one = archived(collection=collection, retention_class=name, retain_until=was, lock_mode=LockMode.NONE)
    return Change(one, kind, will, Deadline(after, "", will), Protection(lock, None, hold=False), before)


@pytest.mark.parametrize(
    ("change", "was", "will"),
    [
        (_change(), "2030-03-01", "2033-03-01"),
        (_change(ChangeKind.EARLIER, LATER, DAY), "2033-03-01", "2030-03-01"),
        (_change(ChangeKind.EARLIER, None, DAY, before=Standing.PERMANENT), "without end", "2030-03-01"),
        (_change(ChangeKind.EARLIER, LATER, DAY, before=Standing.PERMANENT), "without end", "2030-03-01"),
        (_change(ChangeKind.DATED, None, DAY, before=Standing.INDETERMINATE), "not known", "2030-03-01"),
        (_change(ChangeKind.UNDATED, DAY, None, after=Standing.INDETERMINATE), "2030-03-01", "not known"),
        (_change(ChangeKind.UNDATED, DAY, None, after=Standing.PERMANENT), "2030-03-01", "without end"),
        (_change(ChangeKind.HARDER, lock=Lock.COMPLIANCE), "none", "compliance"),
    ],
)
def test_from_where_to_where(change: Change, was: str, will: str) -> None:
    movement = movement_of(change)
    assert (movement.was, movement.will, movement.refused) == (was, will, change.kind is ChangeKind.EARLIER)


def test_what_is_refused_comes_first() -> None:
    moves = Movements()
    for change in (_change(), _change(collection="a"), _change(ChangeKind.EARLIER, collection="z"), _change()):
        moves.add(change)
    assert [(one.collection, count) for one, count in moves.lines()] == [("z", 1), ("a", 1), ("c", 2)]
    assert (moves.documents, moves.refused, moves.grain) == (4, 1, Grain.DAY)


def test_many_days_are_told_by_year_and_many_years_by_class() -> None:
    moves = Movements(most=10)
    for day in range(1, 12):
        moves.add(_change(will=date(2033, 3, day)))
    assert moves.grain is Grain.YEAR
    ((line, count),) = moves.lines()
    assert (line.was, line.will, count) == ("2030", "2033", 11)
    for number in range(20):
        moves.add(_change(collection=f"c{number}"))
    assert moves.grain is Grain.CLASS
    ((line, count),) = moves.lines()
    assert (line.collection, line.was, line.will, count) == ("", "", "", 31)


_dates = st.none() | st.dates(date(2000, 1, 1), date(2100, 1, 1))
_changes = st.builds(
    _change, st.sampled_from(ChangeKind), _dates, _dates, collection=st.sampled_from("abcdefgh"), name=st.sampled_from("AB")
)


@given(st.lists(_changes, max_size=60), st.integers(1, 30))
def test_no_document_is_lost_and_memory_is_bounded(changes: list[Change], most: int) -> None:
    moves = Movements(most)
    for change in changes:
        moves.add(change)
    lines = list(moves.lines())
    assert sum(count for _, count in lines) == moves.documents == len(changes)
    assert moves.refused == sum(change.kind is ChangeKind.EARLIER for change in changes)
    assert len(lines) <= most or moves.grain is Grain.CLASS
    by_class = Counter((change.kind, change.document.retention_class) for change in changes)
    told: Counter[tuple[ChangeKind, str]] = Counter()
    for line, count in lines:
        told[line.kind, line.retention_class] += count
    assert told == by_class
