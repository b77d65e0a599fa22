"""How long a server has been away, and whether that was long enough to stop waiting."""

from __future__ import annotations

import time
from collections.abc import Callable

from archiver.errors import UnreachableError

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 1.0
"""Seconds between two looks; each is a sign of life too."""


class Absence:
    """One server's absence. What was waited counts for the server, not for each document that needs it: once patience is at
    an end, each further document costs one look until the server is back.

    Args:
        shown: the server, for messages.
        patience: seconds to wait in all.
        alive: called before each pause.
    """

    def __init__(
        self,
        shown: str,
        patience: float,
        alive: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._shown, self._patience, self._alive, self._clock, self._sleep = shown, patience, alive, clock, sleep
        self._since: float | None = None
        self._pause = _FIRST_PAUSE

    def wait(self, why: str) -> None:
        """It is away: pause before the next look.

        Raises:
            UnreachableError: it has been away for too long.
        """
        now = self._clock()
        if self._since is None:
            self._since, self._pause = now, _FIRST_PAUSE
        left = self._since + self._patience - now
        if left <= 0:
            raise UnreachableError(
                f"the Tika server at {self._shown} does not answer: {why}",
                remedy="start it again; documents that need it are read when it is back",
            )
        self._alive()
        self._sleep(min(self._pause, left))
        self._pause = min(self._pause * 1.6, _LONGEST_PAUSE)

    def over(self) -> None:
        """It is back. Safe to repeat."""
        self._since = None
