"""Patience: a part that is out of reach is waited for, up to a bound, before anybody is troubled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from archiver.errors import LockedError, UnreachableError

T = TypeVar("T")
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a part.

    Attributes:
        seconds: from the first failure on; 0 waits for nothing.
        note: is told once what is waited for, and once that it is back.
        check: is called between two tries; may raise to end the waiting.
    """

    seconds: float
    note: Callable[[str], None] = lambda _message: None
    check: Callable[[], None] = lambda: None
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns; it must be safe to repeat.

        Raises:
            UnreachableError: the part stayed out of reach.
        """
        pause, until = FIRST_PAUSE, None
        while True:
            try:
                result = work()
            except UnreachableError as error:
                now = self.monotonic()
                if until is None:
                    until = now + self.seconds
                    if self.seconds:
                        self.note(f"waiting: {error}")
                if now + pause > until:
                    raise
                self._rest(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            if until is not None:
                self.note("it answers again; going on")
            return result

    def over(self, port: T) -> T:
        """The same port, each call of which is tried until it is answered. Only for calls that answer at once: what is read
        lazily later fails as it did."""
        return cast(T, _Patient(port, self))

    def _rest(self, pause: float) -> None:
        until = self.monotonic() + pause
        while (left := until - self.monotonic()) > 0:
            self.check()
            self.sleep(min(left, 0.25))


NONE = Patience(0.0)
"""Waits for nothing."""

TURN_SECONDS = 120.0


@contextmanager
def turn(lock: Callable[[], AbstractContextManager[None]], sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Inside a lock that others hold for short, and are waited for.

    Raises:
        LockedError: its holder did not let go in two minutes.
    """
    until = time.monotonic() + TURN_SECONDS
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(lock())
                break
            except LockedError:
                if time.monotonic() > until:
                    raise
                sleep(0.25)
        yield


class _Patient:
    """A port behind patience."""

    def __init__(self, port: Any, patience: Patience) -> None:
        self._port, self._patience = port, patience

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found
        return lambda *given, **named: self._patience.run(lambda: found(*given, **named))
