"""The timekeeper: does what the timetable says is due. Every process has one; one of all of them is at it at a time.

It has a thread of its own, since a duty may take hours, and nothing that workers do waits for it.
"""

from __future__ import annotations

import logging
import threading
from types import TracebackType

from archiver.bootstrap import Archive
from archiver.bootstrap.timetable import timetable_of
from archiver.domain.display import safe
from archiver.errors import LockedError, MinutierError
from archiver.services.timetable import Outcome
from workers import metrics

LOOK_SECONDS = 30.0
_log = logging.getLogger("minutier.timetable")


class _Ending(Exception):  # noqa: N818  # no error: the process is told to end between two pages of a duty
    """The process ends."""


class Timekeeper:
    """Runs beside the work of a process."""

    def __init__(self, archive: Archive, *, every: float = LOOK_SECONDS) -> None:
        self._archive, self._every = archive, every
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="timetable", daemon=True)

    def __enter__(self) -> Timekeeper:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ending.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._ending.wait(self._every):
            try:
                self.look()
            except LockedError:
                continue  # another process is at it
            except _Ending:
                return
            except MinutierError as error:
                _log.warning("%s", error)
            except Exception:  # noqa: BLE001  # a timekeeper that ended would be missed by nobody until a lock has run out
                _log.exception("the timetable failed")

    def look(self) -> None:
        """Do what is due."""
        with timetable_of(self._archive, self._go_on) as timetable:
            for outcome in timetable.run():
                metrics.duty(outcome)
                _tell(outcome)
                self._go_on()

    def _go_on(self) -> None:
        if self._ending.is_set():
            raise _Ending


def _tell(outcome: Outcome) -> None:
    if outcome.failure is not None:
        _log.warning("%s: not done: %s", outcome.duty, safe(str(outcome.failure)))
        return
    counts = ", ".join(f"{name} {number:,}" for name, number in outcome.report.counts.items() if number)
    level = logging.ERROR if outcome.report.damaged else logging.INFO
    _log.log(level, "%s: %s", outcome.duty, counts or "done")
    for note in outcome.report.notes:
        _log.log(level, "%s: %s", outcome.duty, safe(note))
