"""The time that this host, the database and the store agree on, with a high-water mark in the catalogue."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta

from archiver.adapters.clock.leaps import doubt, leapt, require_leap, since_boot, system_time
from archiver.errors import IntegrityError, UnreachableError
from archiver.ports.catalog import Marks
from archiver.ports.clock import Doubt, Skew

MARK = "clock"
ASK_EVERY = 60.0
"""Seconds between two looks at the other clocks, and at the mark: time may repeat by so much after a crash, or between hosts."""
BOUND = timedelta(seconds=60)
"""How far clocks that are kept by a time service are never apart, however slow the answer."""

Source = Callable[[], datetime]


class AgreeingClock:
    """Clock over several: the middle one counts, of two the earlier, so that no single fast clock makes a lock end early.

    Answers never go back, nor before the mark that all hosts share. Safe from several threads; the other clocks are asked now
    and then, by one thread, while the others go on with what they said last. A time that leapt far ahead of the mark is not
    followed, here or on any host, until `follow` confirms it: time goes on from the mark by what really passed.

    Args:
        others: clocks besides this machine's, by name; one that does not answer is left out until it does.
        read_only: writes no mark.

    Raises:
        IntegrityError: the mark is no time.
        UnreachableError: the catalogue does not answer.
    """

    def __init__(
        self,
        marks: Marks,
        others: Mapping[str, Source],
        *,
        system: Source = system_time,
        elapsed: Callable[[], float] = since_boot,
        read_only: bool = False,
    ) -> None:
        self._marks, self._others, self._system, self._elapsed, self._read_only = marks, others, system, elapsed, read_only
        self._mutex = threading.Lock()
        self._asking = threading.Lock()
        self._apart, self._told, self._at = self._ask()
        self._last = self._base = _moment(marks.get_mark(MARK)) or self._told
        self._take(self._apart, self._told, self._at)
        self._agree_on_mark()

    def now(self) -> datetime:
        """See the port."""
        if self._elapsed() - self._at >= ASK_EVERY and self._asking.acquire(blocking=False):
            try:
                self._look_again()
            finally:
                self._asking.release()
        with self._mutex:
            self._last = max(self._last, self._base + timedelta(seconds=self._elapsed() - self._at))
            return self._last

    def skew(self) -> Skew | None:
        """See the port: whether the clocks agree with each other, and with the mark; asks them all."""
        with self._asking:
            self._look_again()
        with self._mutex:
            apart, told, last = self._apart, self._told, self._last
        return (
            _disagreement(apart, told)
            or _silence(self._others.keys() - apart.keys())
            or doubt(told, last, "the time that clocks agree on")
        )

    def follow(self, moment: datetime) -> None:
        """See the port."""
        with self._asking:
            self._look_again()
        with self._mutex:
            require_leap(moment, self._told, self._last)
            self._last = moment
            self._take(self._apart, self._told, self._at)
        self._agree_on_mark()

    def close(self) -> None:
        """Write the mark. Safe to repeat."""
        self.now()
        self._agree_on_mark()

    def _look_again(self) -> None:
        apart, told, at = self._ask()
        with self._mutex:
            self._take(apart, told, at)
        try:
            self._agree_on_mark()
        except UnreachableError:  # time goes on; the mark is written at the next look
            return

    def _take(self, apart: dict[str, timedelta], told: datetime, at: float) -> None:
        """Go on from what the clocks said: with them, or, where they leapt, by what passed."""
        passed = max(self._last, self._base + timedelta(seconds=at - self._at))
        self._apart, self._told, self._at = apart, told, at
        self._base = passed if leapt(told, passed) else told
        self._last = max(self._last, self._base)

    def _ask(self) -> tuple[dict[str, timedelta], datetime, float]:
        """How far each clock is from this machine's, the time that counts, and when that was."""
        apart = {"machine": timedelta(0)}
        for name, source in self._others.items():
            before = self._elapsed()
            started = self._system()
            try:
                said = source()
            except UnreachableError:
                continue
            halfway = timedelta(seconds=(self._elapsed() - before) / 2)
            apart[name] = said - (started + halfway)
        middle = sorted(apart.values())[(len(apart) - 1) // 2]
        at = self._elapsed()
        return apart, self._system() + middle, at

    def _agree_on_mark(self) -> None:
        with self._mutex:
            ours = self._last
        written = self._marks.get_mark(MARK) if self._read_only else self._marks.raise_mark(MARK, _text(ours))
        shared = _moment(written)
        with self._mutex:
            self._last = max(self._last, shared or self._last)


def _disagreement(apart: Mapping[str, timedelta], told: datetime) -> Skew | None:
    by = max(apart.values()) - min(apart.values())
    if by <= BOUND:
        return None
    machine = told - sorted(apart.values())[(len(apart) - 1) // 2]
    said = ", ".join(
        f"the {name} {machine + off:%Y-%m-%d %H:%M:%S}" for name, off in sorted(apart.items(), key=lambda one: (one[1], one[0]))
    )
    return Skew(Doubt.APART, by, f"clocks are {by.total_seconds():,.0f} seconds apart, in UTC: {said}")


def _silence(silent: Collection[str]) -> Skew | None:
    if not silent:
        return None
    return Skew(Doubt.SILENT, timedelta(0), f"nobody can say what time it is for the {', the '.join(sorted(silent))}")


def _text(moment: datetime) -> str:
    """Of fixed width, so that the order of texts is the order of moments."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise IntegrityError(
            "the catalogue's mark of the clock is no time", remedy="restore the catalogue from a backup"
        ) from error
