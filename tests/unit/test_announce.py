"""Work in messages of bounded size."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import UnreachableError
from archiver.ports.jobs import Due, Kind
from archiver.services.announce import AT_ONCE, MESSAGE_BYTES, MESSAGE_FILES, Announcer, messages

DUE = st.builds(Due, st.uuids().map(str), st.integers(0, 3 * MESSAGE_BYTES), st.booleans())


@given(st.lists(DUE, max_size=200))
def test_every_document_is_announced_once_within_bounds(due: list[Due]) -> None:
    found = list(messages(due))
    assert sorted(one for message in found for one in message) == sorted(one.document_id for one in due)
    sizes = {one.document_id: one.size for one in due}
    suspects = {one.document_id for one in due if one.alone}
    for message in found:
        assert 1 <= len(message) <= MESSAGE_FILES
        assert len(message) == 1 or sum(sizes[one] for one in message) <= MESSAGE_BYTES
        assert len(message) == 1 or not suspects & set(message)


class Rows:
    """Hands out what is due, once."""

    def __init__(self, count: int) -> None:
        self.asked: list[tuple[timedelta, bool]] = []
        self.down = False
        self.left = [Due(f"{number:036}", 10, alone=False) for number in range(count)]

    def due(self, kind: Kind, limit: int, *, resend: timedelta, take_over: bool = True) -> list[Due]:
        self.asked.append((resend, take_over))
        if self.down:
            raise UnreachableError("the catalogue is down")
        taken, self.left = self.left[:limit], self.left[limit:]
        return taken


class Wire:
    """Takes messages until it is cut."""

    def __init__(self, last: int = 10**6) -> None:
        self.sent: list[list[str]] = []
        self.in_queue = 0
        self._last = last

    def send(self, kind: Kind, document_ids: list[str]) -> None:
        if len(self.sent) >= self._last:
            raise UnreachableError("cut")
        self.sent.append(document_ids)

    def waiting(self, kind: Kind) -> int:
        return self.in_queue

    def close(self) -> None:
        pass


def test_everything_due_is_sent_in_bounded_steps() -> None:
    rows, wire = Rows(2 * AT_ONCE + 5), Wire()
    assert Announcer(rows, wire).announce(Kind.EXTRACT) == 2 * AT_ONCE + 5
    assert sum(map(len, wire.sent)) == 2 * AT_ONCE + 5


def test_a_broker_that_is_cut_is_told() -> None:
    with pytest.raises(UnreachableError):
        Announcer(Rows(100), Wire(last=1)).announce(Kind.EXTRACT)


def test_nothing_is_sent_again_while_messages_wait() -> None:
    rows, wire = Rows(1), Wire()
    Announcer(rows, wire).announce(Kind.EXTRACT)
    wire.in_queue = 500
    Announcer(rows, wire).announce(Kind.EXTRACT)
    assert [resend.days > 1_000 for resend, _ in rows.asked] == [False, True]


def test_leases_run_on_after_an_outage_of_the_catalogue() -> None:
    """Their holders could not renew them either."""
    rows, now = Rows(0), [0.0]
    announcer = Announcer(rows, Wire(), quiet=timedelta(seconds=30), monotonic=lambda: now[0])
    rows.down = True
    with pytest.raises(UnreachableError):
        announcer.announce(Kind.EXTRACT)
    rows.down = False
    for moment in (29.0, 31.0):
        now[0] = moment
        announcer.announce(Kind.EXTRACT)
    assert [take_over for _, take_over in rows.asked] == [True, False, True]
