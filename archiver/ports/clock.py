"""Port: what time it is, and whether that can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Doubt(StrEnum):
    """What speaks against the time.

    `apart`: clocks disagree. `silent`: one of them does not answer. `behind`: they say less than the archive's own time.
    `ahead`: they leapt so far ahead of it that they are not followed.
    """

    APART = "apart"
    SILENT = "silent"
    BEHIND = "behind"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Skew:
    """Why the time is doubted.

    Attributes:
        by: how far clocks are apart; for `behind` and `ahead`, the clock minus the archive's time.
        message: what each clock says, in one sentence without a full stop.
        clock: what the clock that is not followed says; None unless `ahead`.
    """

    doubt: Doubt
    by: timedelta
    message: str
    clock: datetime | None = None


class Clock(Protocol):
    """A source of time that never runs backwards within an archive, and follows no leap that nobody confirmed."""

    def now(self) -> datetime:
        """The time in UTC, with zone. Never earlier than any answer given before for this archive."""

    def skew(self) -> Skew | None:
        """Why this time should not be believed; None when nothing speaks against it. Looks anew."""


class ConfirmedClock(Clock, Protocol):
    """A clock that a person can confirm after a leap."""

    def follow(self, moment: datetime) -> None:
        """Take `moment`, the clock of an `ahead` doubt, for the archive's time. It never goes back afterwards.

        Raises:
            RefusedError: no leap to such a time is in doubt.
        """
