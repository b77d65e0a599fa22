"""The machine's clock, with a high-water mark: an archive's time never runs backwards, and a doubtful clock is seen."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archiver.errors import IntegrityError, UnreachableError

WRITE_EVERY = timedelta(minutes=1)
"""How far answers may run ahead of the mark on disk: after a crash, time may repeat by so much."""
BEHIND = timedelta(days=1)
AHEAD = timedelta(days=400)
"""A leap since the last run that is likelier a wrong clock than an archive nobody opened."""


@dataclass(frozen=True, slots=True)
class Skew:
    """Why the machine's clock is doubted. `by` is machine minus mark: negative when it lags behind."""

    by: timedelta
    message: str


def system_time() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)


class HighWaterClock:
    """Clock whose answers never go back, across runs too. Safe from several threads.

    Args:
        path: the file that keeps the mark; made when missing.
        read_only: answers from the mark, and writes none.

    Raises:
        IntegrityError: the file holds no time.
        UnreachableError: it can't be read or written.
    """

    def __init__(self, path: Path, source: Callable[[], datetime] = system_time, *, read_only: bool = False) -> None:
        self._path, self._source, self._read_only = path, source, read_only
        self._mutex = threading.Lock()
        self._written = _read(path)
        started = source()
        self._skew = doubt(started, self._written)
        self._last = max(started, self._written or started)
        self._write()

    def now(self) -> datetime:
        """See the port."""
        with self._mutex:
            self._last = max(self._last, self._source())
            if self._written is None or self._last - self._written >= WRITE_EVERY:
                self._write()
            return self._last

    def skew(self) -> Skew | None:
        """Whether the machine's clock can be right: compared with the mark as it was when opened, and now."""
        with self._mutex:
            return self._skew or doubt(self._source(), self._last)

    def close(self) -> None:
        """Write the mark. Safe to repeat."""
        with self._mutex:
            if self._written != self._last:
                self._write()

    def _write(self) -> None:
        if self._read_only:
            return
        try:
            _replace(self._path, self._last.isoformat(timespec="microseconds") + "\n")
        except OSError as error:
            raise UnreachableError(
                f"can't write the clock's mark {self._path}: {error.strerror}", remedy="check disk and permissions"
            ) from error
        self._written = self._last


def doubt(machine: datetime, mark: datetime | None) -> Skew | None:
    """What speaks against a clock, given the last time that was known; None when nothing does."""
    if mark is None or -BEHIND <= machine - mark <= AHEAD:
        return None
    by = machine - mark
    days = f"{abs(by).days} days {'behind' if by < timedelta(0) else 'ahead of'}"
    last = f"{mark:%Y-%m-%d %H:%M}"
    return Skew(by, f"the machine's clock ({machine:%Y-%m-%d %H:%M} UTC) is {days} the archive's last time ({last})")


def _read(path: Path) -> datetime | None:
    try:
        text = path.read_text("ascii").strip()
        mark = datetime.fromisoformat(text)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreachableError(
            f"can't read the clock's mark {path}: {error.strerror}", remedy="check disk and permissions"
        ) from error
    except ValueError as error:
        raise IntegrityError(f"{path} holds no time", remedy="check the machine's clock, then remove that file") from error
    if mark.tzinfo is None:
        raise IntegrityError(f"{path} holds a time without zone", remedy="check the machine's clock, then remove that file")
    return mark.astimezone(UTC)


def _replace(path: Path, text: str) -> None:
    """Whole or not at all, and durable."""
    fresh = path.with_name(path.name + ".new")
    with open(fresh, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
