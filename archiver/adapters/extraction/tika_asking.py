"""Asks a Tika server about one document until there is an answer, and says who is to blame when there is none.

The server reads in a process of its own, which ends when a document takes too long or too much; every other request there
ends with it, and it is back some seconds later. So a connection that ends is no verdict. The document is asked about again,
alone; only what ends the process then has ended it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from archiver.adapters.extraction.source import EndedError, Source
from archiver.adapters.extraction.tika_absence import Absence
from archiver.adapters.extraction.tika_greeting import Greeting, NotNowError, greeting, time_limit
from archiver.adapters.extraction.tika_http import Answer, AwayError, DroppedError, OvertimeError, TikaClient
from archiver.adapters.extraction.tika_turns import Turns
from archiver.domain.extraction import Limits, Outcome
from archiver.errors import UnreachableError

LATE = 1.0
"""Seconds an answer may come after its time: the server ends what takes too long, and looks only now and then."""

_FAILED = (500, 502, 504)
_BUSY = (429, 503)
_REFUSED = (400, 401, 403, 404, 405, 406)
T = TypeVar("T")


class Asking:
    """One child's requests to one server. For one thread."""

    def __init__(
        self,
        client: TikaClient,
        limits: Limits,
        turns: Turns,
        alive: Callable[[], None],
        *,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._seconds, self._turns, self._alive, self._clock = client, limits.seconds, turns, alive, clock
        self._away = Absence(client.shown, patience, alive, clock, sleep)
        self._busy = Absence(client.shown, patience, alive, clock, sleep)
        self._greeting: Greeting | None = None

    @property
    def version(self) -> str:
        """Of the server that answered last."""
        return self._greeting.version if self._greeting else ""

    def ask(
        self, service: str, source: Source, headers: Mapping[str, str], longest: int, parse: Callable[[bytes], T]
    ) -> tuple[int, T | None]:
        """Status of the answer to the file of `source`, and its body, parsed, where the status is 200.

        Args:
            longest: bytes of an answer.
            parse: raises `msgspec.DecodeError` for an answer that was cut short.

        Raises:
            UnreachableError: the server is away for longer than is waited, or refuses us, or is another than it should be.
            EndedError: this document takes more time than it has, or ends the server's process even when read alone.
            LongAnswerError: the answer is longer than `longest`.
        """
        alone = False
        while True:
            limited = {**headers, **self._time_limit()}
            began = self._clock()
            try:
                with self._turns.taken(alone=alone):
                    self._alive()
                    began = self._clock()
                    answer = self._client.put(service, source.path, limited, self._seconds + LATE, longest)
                result = self._judged(answer, parse)
            except (AwayError, NotNowError) as error:
                self._greeting = None
                self._busy.wait(str(error))
            except (DroppedError, OvertimeError) as error:
                self._blame(error, self._clock() - began, alone)
                alone = True
            else:
                self._busy.over()
                return result

    def _judged(self, answer: Answer, parse: Callable[[bytes], T]) -> tuple[int, T | None]:
        """What the status means for the asking; what it means for the document is the caller's to say."""
        if answer.status == 200:
            try:
                return 200, parse(answer.body)
            except msgspec.DecodeError as error:
                raise DroppedError(f"its answer is cut short or is none ({error})") from error
        if answer.status in _BUSY:
            raise NotNowError(f"it answers {answer.status}")
        if answer.status in _FAILED:
            raise DroppedError(f"it answers {answer.status}")
        if answer.status in _REFUSED or 300 <= answer.status < 400:
            self._greeting = None
            raise UnreachableError(
                f"the Tika server at {self._client.shown} refuses to read: it answers {answer.status}",
                remedy="run `minutier doctor`, and read the server's log",
            )
        return answer.status, None

    def _blame(self, error: Exception, took: float, alone: bool) -> None:
        """Returns when it may have been a neighbour's doing, or the server's own."""
        self._busy.over()
        self._greeting = None
        if took >= self._seconds and (isinstance(error, DroppedError) or self._is_there()):
            raise EndedError(Outcome.TIMEOUT, f"no progress for {self._seconds:g} s (the Tika server is still reading it)")
        if alone and isinstance(error, DroppedError):
            self._greeted()  # a server that stays away was ended by somebody else
            raise EndedError(Outcome.CRASHED, f"it ends the process of the Tika server, read alone and with others: {error}")

    def _time_limit(self) -> dict[str, str]:
        return time_limit(self._seconds) if self._greeted().limits_time else {}

    def _greeted(self) -> Greeting:
        """The server as it is now, waiting for it if need be."""
        while self._greeting is None:
            try:
                self._greeting = greeting(self._client, self._seconds)
            except (AwayError, DroppedError, OvertimeError, NotNowError) as error:
                self._away.wait(str(error))
        self._away.over()
        return self._greeting

    def _is_there(self) -> bool:
        """One look: a server that is frozen reads nothing, and the time is not the document's."""
        try:
            self._greeting = greeting(self._client, self._seconds)
        except (AwayError, DroppedError, OvertimeError, NotNowError):
            return False
        return True
