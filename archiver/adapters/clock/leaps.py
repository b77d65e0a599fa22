"""What a clock may do without being doubted: lag a little, and go on since the last time that was known."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from archiver.errors import RefusedError
from archiver.ports.clock import Doubt, Skew

BEHIND = timedelta(minutes=5)
"""Clocks that a time service keeps never lag by so much. A mark further ahead is that of a clock that was fast: what it says has not
come yet."""

AHEAD = timedelta(days=330)
"""A longer leap since the last time known is likelier a wrong clock than an archive nobody opened. Less than a year: a year
mistyped is the commonest of them."""


def system_time() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)


def since_boot() -> float:
    """Seconds that nobody can set, counted through sleep."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def leapt(clock: datetime, known: datetime) -> bool:
    """Whether the clock is too far ahead of the last time known to be followed."""
    return clock - known > AHEAD


def doubt(clock: datetime, known: datetime, whose: str = "the machine's clock") -> Skew | None:
    """What speaks against a clock, given the last time that was known; None when nothing does."""
    by = clock - known
    if -BEHIND <= by <= AHEAD:
        return None
    far = f"{_span(abs(by))} {'behind' if by < timedelta(0) else 'ahead of'}"
    message = f"{whose} ({clock:%Y-%m-%d %H:%M} UTC) is {far} the archive's last time ({known:%Y-%m-%d %H:%M})"
    return Skew(Doubt.BEHIND, by, message) if by < timedelta(0) else Skew(Doubt.AHEAD, by, message, clock)


def require_leap(moment: datetime, clock: datetime, known: datetime) -> None:
    """Whether `moment` may be followed: only where the clock itself leapt.

    Raises:
        RefusedError: it did not, or is not there yet.
    """
    if not (leapt(clock, known) and known < moment <= clock):
        raise RefusedError(
            f"the clock ({clock:%Y-%m-%d %H:%M} UTC) did not leap ahead of the archive's time ({known:%Y-%m-%d %H:%M})",
            remedy="there is nothing to confirm: the archive's time follows the clock, and never goes back",
        )


def _span(by: timedelta) -> str:
    if by >= timedelta(days=2):
        return f"{by.days:,} days"
    minutes = int(by.total_seconds() // 60)
    return f"{minutes // 60} hours" if minutes >= 120 else f"{minutes} minutes"
