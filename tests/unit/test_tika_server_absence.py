"""Waiting for a server that is away: bounded, for the server and not for each document."""

from __future__ import annotations

import pytest

from archiver.adapters.extraction.tika_absence import Absence
from archiver.errors import UnreachableError


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.signs = 0

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def alive(self) -> None:
        self.signs += 1


def absence(time: Time, patience: float = 10.0) -> Absence:
    return Absence("http://tika:9998", patience, time.alive, time.read, time.sleep)


def wait_it_out(away: Absence, said: list[str] | None = None) -> int:
    """Looks until it gave up; what it said then goes to `said`."""
    for looks in range(1, 1000):
        try:
            away.wait("connection refused")
        except UnreachableError as error:
            (said if said is not None else []).append(str(error))
            return looks
    raise AssertionError("waits for ever")


def test_patience_ends_on_time_with_signs_of_life_all_along() -> None:
    time = Time()
    said: list[str] = []
    looks = wait_it_out(absence(time), said)
    assert time.now == pytest.approx(110.0)
    assert "http://tika:9998" in said[0]
    assert "connection refused" in said[0]
    assert time.signs == looks - 1 >= 10


def test_what_was_waited_is_not_waited_again() -> None:
    time = Time()
    away = absence(time)
    wait_it_out(away)
    now = time.now
    assert wait_it_out(away) == 1
    assert time.now == now


def test_a_server_that_was_back_is_waited_for_anew() -> None:
    time = Time()
    away = absence(time)
    wait_it_out(away)
    away.over()
    time.now += 1000.0
    away.wait("refused")
    assert wait_it_out(away) > 5
