"""A clock that stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class MovingClock:
    """Clock for tests."""

    def __init__(self, start: datetime = datetime(2026, 1, 15, 12, 0, 0, 123456, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def move(self, by: timedelta) -> None:
        self._now += by
