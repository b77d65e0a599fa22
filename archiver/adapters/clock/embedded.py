"""The machine's clock, with a high-water mark: an archive's time never runs backwards, and follows no leap."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archiver.adapters.clock.leaps import doubt, leapt, require_leap, since_boot, system_time
from archiver.errors import IntegrityError, UnreachableError
from archiver.ports.clock import Skew

WRITE_EVERY = timedelta(minutes=1)
"""How far answers may run ahead of the mark on disk: after a crash, time may repeat by so much."""


class HighWaterClock:
    """Clock whose answers never go back, across runs too. Safe from several threads.

    A machine's clock that leapt far ahead of the mark is not followed, in this run or any other, until `follow` confirms it: time
    goes on from the mark by what really passed. So no lock ends by it, and nothing is lost when the clock is set right.

    Args:
        path: the file that keeps the mark; made when missing.
        elapsed: seconds that nobody can set.
        read_only: answers from the mark, and writes none.

    Raises:
        IntegrityError: the file holds no time.
        UnreachableError: it can't be read or written.
    """

    def __init__(
        self,
        path: Path,
        source: Callable[[], datetime] = system_time,
        *,
        elapsed: Callable[[], float] = since_boot,
        read_only: bool = False,
    ) -> None:
        self._path, self._source, self._elapsed, self._read_only = path, source, elapsed, read_only
        self._mutex = threading.Lock()
        self._written = _read(path)
        self._last, self._at = self._written or source(), elapsed()
        self._step()
        self._write()

    def now(self) -> datetime:
        """See the port."""
        with self._mutex:
            self._step()
            if self._written is None or self._last - self._written >= WRITE_EVERY:
                self._write()
            return self._last

    def skew(self) -> Skew | None:
        """See the port: the machine's clock against the mark."""
        with self._mutex:
            return doubt(self._step(), self._last)

    def follow(self, moment: datetime) -> None:
        """See the port."""
        with self._mutex:
            require_leap(moment, self._step(), self._last)
            self._last = moment
            self._step()
            self._write()

    def close(self) -> None:
        """Write the mark. Safe to repeat."""
        with self._mutex:
            if self._written != self._last:
                self._write()

    def _step(self) -> datetime:
        """Go on: with the machine's clock, or, where that leapt, by what passed. What the machine's clock says."""
        machine, at = self._source(), self._elapsed()
        passed = self._last + timedelta(seconds=max(at - self._at, 0.0))
        self._last, self._at = passed if leapt(machine, passed) else max(self._last, machine), at
        return machine

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
