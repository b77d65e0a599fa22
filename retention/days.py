"""Whole days in a time zone: reading declared ones, and the instants between which a day lies."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from retention.errors import DeclaredDateError, RetentionError

_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?")
_EITHER_ORDER = re.compile(r"[0-9]{1,4}[/.-][0-9]{1,2}[/.-][0-9]{1,4}")
_FORM = "write the day as year-month-day, such as 2026-12-31"


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name.

    Raises:
        RetentionError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RetentionError(
            f"there is no time zone {name!r}", remedy="write an IANA name such as Europe/Paris or UTC"
        ) from error


def day_in(zone_name: str, moment: datetime) -> date:
    """The day it is at `moment` (with zone) in the zone."""
    return moment.astimezone(zone(zone_name)).date()


def end_of_day(zone_name: str, day: date) -> datetime:
    """The UTC instant at which `day` is over in the zone: what a lock "until" this day, end included, is set to.

    Where clocks change at midnight the later reading is taken. The last day of the calendar ends a second early.
    """
    if day == date.max:
        return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)
    following, here = day + timedelta(1), zone(zone_name)
    readings = [datetime(following.year, following.month, following.day, tzinfo=here, fold=fold) for fold in (0, 1)]
    return max(reading.astimezone(UTC) for reading in readings)


def declared_day(text: str, zone_name: str) -> date:
    """The day a declared value names.

    Accepted: `2026-12-31`; `2026-12`, which is its last day; a moment such as `2026-12-31T23:30:00Z`, which is the day it
    is then in the zone (without offset: its own day).

    Raises:
        DeclaredDateError: any other form, or a day that does not exist. Forms that read differently in different
            countries (31/12/2026, 04.05.26) are refused, never guessed.
    """
    try:
        if match := _DAY.fullmatch(text):
            return date(*map(int, match.groups()))
        if match := _MONTH.fullmatch(text):
            year, month = map(int, match.groups())
            return date(year, month, monthrange(year, month)[1])
        if _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text)
            return moment.date() if moment.tzinfo is None else day_in(zone_name, moment)
    except (ValueError, OverflowError) as error:
        raise DeclaredDateError(f"{text[:40]!r} is not a day of the calendar", remedy=_FORM) from error
    if _EITHER_ORDER.fullmatch(text):
        raise DeclaredDateError(f"{text!r} does not say which number is the day and which the month", remedy=_FORM)
    raise DeclaredDateError(f"{text[:40]!r} is not a date", remedy=_FORM)
