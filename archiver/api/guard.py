"""The outermost layer: bounds on what comes in, headers on what goes out, and a problem for whatever was not foreseen."""

from __future__ import annotations

import asyncio
import logging
import math
import time

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from archiver.api.measures import Measures
from archiver.api.problems import Failure

_log = logging.getLogger("minutier.api")

MOST_BODY = 1024 * 1024
"""Bytes of a body that is JSON. Deposits have a bound of their own."""
PATIENCE = 30.0
"""Seconds without a byte, after which a slow sender is sent away."""
WHOLE = 60.0
"""Seconds in which a body that is JSON must be there: a byte now and then is not enough."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class NobodyTakesItError(Exception):
    """Whoever asked does not read the answer: the connection ends."""


def _nothing() -> None:
    """For calls that never came to be anybody's."""


class Guard:
    """ASGI middleware around the application.

    Args:
        unbounded: paths whose routes bound their bodies themselves, while they read them.
    """

    def __init__(self, app: ASGIApp, *, measures: Measures, unbounded: frozenset[str] = frozenset()) -> None:
        self._app, self._measures, self._unbounded = app, measures, unbounded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        answer = _Answer(scope, send)
        bounded = _Bounded(receive, None if scope["path"] in self._unbounded else MOST_BODY)
        began = time.perf_counter()
        try:
            await self._app(scope, bounded, answer)
        except NobodyTakesItError:
            _log.info("%s %s was not taken by whoever asked", scope["method"], scope["path"])
        except Exception:  # the edge of the program: whatever it was becomes a problem and a line in the log
            _log.exception("%s %s failed", scope["method"], scope["path"])
            if answer.begun:
                raise  # the connection ends in the middle: nobody takes it for whole
            await answer.instead(
                scope, receive, Failure(500, "error", "this should not have happened; it is in the server's log")
            )
        finally:
            answer.leave()
            self._measures.answered(scope, answer.status, time.perf_counter() - began)


class _Bounded:
    """`receive` with bounds on size and time.

    Raises, as what the framework lets through while it reads a body: `HTTPException` 408 and 413.
    """

    def __init__(self, receive: Receive, most: int | None) -> None:
        self._receive, self._most, self._had, self._whole = receive, most, 0, False
        self._until = time.monotonic() + WHOLE if most is not None else math.inf

    async def __call__(self) -> Message:
        if self._whole:
            return await self._receive()  # waits for the caller to go away: as long as the answer takes
        try:
            message = await asyncio.wait_for(self._receive(), min(PATIENCE, self._until - time.monotonic()))
        except TimeoutError:
            raise HTTPException(408, "the body did not come in time") from None
        self._had += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._most is not None and self._had > self._most:
            raise HTTPException(413, f"a body may have {self._most:,} bytes")
        return message


class _Answer:
    """`send` with the headers every answer has."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self.status, self.begun = 0, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun, self.status = True, message["status"]
            self.leave()  # what goes out from here on takes no thread of those that make answers
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
            if standing := self._scope["state"].get("standing"):
                headers.update(standing.headers())
        try:
            await asyncio.wait_for(self._send(message), PATIENCE)
        except TimeoutError:
            raise NobodyTakesItError from None

    def leave(self) -> None:
        """Give back the caller's place among those whose answers are made. Safe to repeat."""
        self._scope["state"].get("leave", _nothing)()

    async def instead(self, scope: Scope, receive: Receive, failure: Failure) -> None:
        """A problem, unless an answer has begun."""
        if not self.begun:
            await failure.response()(scope, receive, self)
