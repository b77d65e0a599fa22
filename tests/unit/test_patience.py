"""Waiting for parts that do not answer."""

from __future__ import annotations

import pytest

from archiver.errors import InterruptedRunError, LockedError, NotFoundError, UnreachableError
from archiver.services.patience import NONE, Patience, turn


class Time:
    """Passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


class Part:
    """Answers after so many failures."""

    def __init__(self, failures: int, error: Exception | None = None) -> None:
        self.left, self.calls, self.error = failures, 0, error or UnreachableError("it is down")
        self.size = 7

    def look(self, given: int, *, named: int = 0) -> int:
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self.error
        return given + named


def patience(seconds: float, time: Time, said: list[str] | None = None) -> Patience:
    note = said.append if said is not None else (lambda _message: None)
    return Patience(seconds, note, sleep=time.sleep, monotonic=time.monotonic)


def test_a_part_that_comes_back_is_waited_for_and_told_of_once() -> None:
    said: list[str] = []
    part = Part(5)
    assert patience(60, Time(), said).run(lambda: part.look(1)) == 1
    assert part.calls == 6
    assert said == ["waiting: it is down", "it answers again; going on"]


def test_the_bound_holds() -> None:
    time, part = Time(), Part(10_000)
    with pytest.raises(UnreachableError):
        patience(30, time).run(lambda: part.look(1))
    assert 20 < time.now <= 30
    assert part.calls < 15, "pauses grow"


def test_no_patience_tries_once() -> None:
    part = Part(1)
    with pytest.raises(UnreachableError):
        NONE.run(lambda: part.look(1))
    assert part.calls == 1


def test_other_errors_are_not_waited_for() -> None:
    part = Part(1, NotFoundError("nothing there"))
    with pytest.raises(NotFoundError):
        patience(60, Time()).run(lambda: part.look(1))
    assert part.calls == 1


def test_a_port_behind_patience_is_the_same_port() -> None:
    part = Part(2)
    behind = patience(60, Time()).over(part)
    assert behind.look(1, named=2) == 3
    assert behind.size == 7


def test_waiting_ends_when_the_user_asks() -> None:
    time = Time()

    def check() -> None:
        if time.now > 1:
            raise InterruptedRunError("stopped")

    part = Part(10_000)
    with pytest.raises(InterruptedRunError):
        Patience(600, check=check, sleep=time.sleep, monotonic=time.monotonic).run(lambda: part.look(1))
    assert time.now < 3


def test_a_turn_is_waited_for() -> None:
    from contextlib import contextmanager

    tries = []

    @contextmanager
    def lock():
        tries.append(1)
        if len(tries) < 4:
            raise LockedError("held by another")
        yield

    with turn(lock, sleep=lambda _seconds: None):
        assert len(tries) == 4
