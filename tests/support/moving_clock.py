"""Clocks for tests: one that stands still until it is moved, and the real one, for stores with a clock of their own."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from archiver.ports.clock import Skew


class SteppedClock(Protocol):
    """A clock a test can move. `unit`: the time its locks are counted in."""

    unit: timedelta

    def now(self) -> datetime: ...

    def move(self, by: timedelta) -> None: ...


class MovingClock:
    """Clock for tests. `doubted`: what speaks against it."""

    unit = timedelta(days=1)
    doubted: Skew | None = None

    def __init__(self, start: datetime = datetime(2026, 1, 15, 12, 0, 0, 123456, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def skew(self) -> Skew | None:
        return self.doubted

    def move(self, by: timedelta) -> None:
        self._now += by


class RealClock:
    """The machine's own; moving it takes as long."""

    unit = timedelta(seconds=2)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def skew(self) -> Skew | None:
        return None

    def move(self, by: timedelta) -> None:
        assert by < timedelta(seconds=20), "a test would wait too long"
        ends = time.monotonic() + by.total_seconds()
        while (left := ends - time.monotonic()) > 0:
            time.sleep(left)
