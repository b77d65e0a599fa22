"""The parent of worker processes: starts them, starts again what ended, passes on the wish to stop.

It does no work of its own, so that nothing a document does can end it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from types import FrameType

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
LONG_LIFE = 60.0
"""Seconds after which a process that ended was a sound one, and is started again at once."""
CONFIGURATION = (2, 10)
"""Exit codes that another try would not change: usage, no archive. A server that is still starting may refuse a known user."""
LATE = 10.0
"""Seconds beyond the grace after which a process that does not end is killed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run.

    Attributes:
        archive: the archive's folder on this host; "" for the default.
        grace: seconds for what is in hand when told to stop.
        metrics: address for Prometheus, "" for none.
        program: the module that is one process.
    """

    archive: str
    queues: tuple[str, ...]
    processes: int
    threads: int
    grace: float
    metrics: str = ""
    program: str = "workers.process"

    def command(self, number: int) -> list[str]:
        """The program of process `number`, from 0."""
        options = {"--archive": self.archive, "--metrics": _next_port(self.metrics, number)}
        given = [word for name, value in options.items() if value for word in (name, value)]
        fixed = ["--queues", ",".join(self.queues), "--threads", str(self.threads), "--grace", str(self.grace)]
        return [sys.executable, "-m", self.program, *fixed, *given, str(os.getpid())]


class _Place:
    """One process and its successors."""

    def __init__(self, command: list[str]) -> None:
        self._command, self._pause = command, FIRST_PAUSE
        self.child: subprocess.Popen[bytes] | None = None
        self._started = self._due = 0.0

    def start_when_due(self, now: float) -> None:
        if self.child is not None or now < self._due:
            return
        self._started = now
        try:
            self.child = subprocess.Popen(self._command, start_new_session=True)  # noqa: S603  # our own program
        except OSError as error:  # no memory or no process to be had just now
            self._due = now + LONGEST_PAUSE
            sys.stderr.write(f"a worker process could not be started: {error.strerror}\n")

    def ended(self, now: float) -> int | None:
        """The exit code when it has just ended; the next start is planned then."""
        code = self.child.poll() if self.child else None
        if code is None:
            return None
        self.child = None
        self._pause = FIRST_PAUSE if now - self._started >= LONG_LIFE else min(2 * self._pause, LONGEST_PAUSE)
        self._due = now + self._pause
        return code


def supervise(plan: Plan) -> int:
    """Keep the processes running until SIGTERM or SIGINT; returns 0, or the code of a process that cannot start at all."""
    wake, places = threading.Event(), [_Place(plan.command(number)) for number in range(plan.processes)]
    _on_signals(wake)
    while not wake.is_set():
        now = time.monotonic()
        for place in places:
            place.start_when_due(now)
            code = place.ended(now)
            if code in CONFIGURATION:
                _stop(places, plan.grace)
                return code
            if code is not None:
                sys.stderr.write(f"a worker process ended ({_ending(code)}); another one takes its place\n")
        wake.wait(0.5)
    sys.stderr.write(f"stopping: what is in hand is finished first, for {plan.grace:.0f} seconds at most\n")
    return _stop(places, plan.grace)


def _stop(places: list[_Place], grace: float) -> int:
    children = [place.child for place in places if place.child is not None]
    for child in children:
        child.terminate()
    until = time.monotonic() + grace + LATE
    for child in children:
        try:
            child.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    return 0


def _on_signals(wake: threading.Event) -> None:
    def heard(_number: int, _frame: FrameType | None) -> None:
        wake.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, heard)


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _next_port(address: str, number: int) -> str:
    host, colon, port = address.rpartition(":")
    return f"{host}{colon}{int(port) + number}" if colon else ""
