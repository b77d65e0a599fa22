"""Days and ranges of days as people write them in a query."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from archiver.domain.query import Between
from archiver.errors import UsageError

_ISO = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_FRENCH = re.compile(r"(?:(?:(\d{1,2})/)?(\d{1,2})/)(\d{4})")
_COMPARED = re.compile(r"(>=|<=|>|<)(.+)")
_REMEDY = "write date:2024, date:2024-05, date:2024-05-17, date:17/05/2024, date:2024-01..2024-06, date:>=2024 or year:2020..2023"


def days(value: str, where: str) -> Between:
    """The span a date value means: a year, a month, a day, `a..b` (either side may be left out), or a comparison.

    Args:
        where: place in the query, for messages.

    Raises:
        UsageError: it is no date, or the range ends before it begins.
    """
    if ".." in value:
        left, _, right = value.partition("..")
        span = Between(_span(left, where)[0] if left else None, _span(right, where)[1] if right else None)
    elif compared := _COMPARED.fullmatch(value):
        span = _beyond(compared[1], *_span(compared[2], where), where)
    else:
        span = Between(*_span(value, where))
    if span.low is None and span.high is None:
        raise UsageError(f"a range without any date {where}", remedy=_REMEDY)
    if span.low and span.high and span.low > span.high:
        raise UsageError(
            f"the range ends ({span.high}) before it begins ({span.low}) {where}", remedy="put the earlier date first"
        )
    return span


def _beyond(sign: str, first: date, last: date, where: str) -> Between:
    try:
        match sign:
            case ">=":
                return Between(first, None)
            case "<=":
                return Between(None, last)
            case ">":
                return Between(last + timedelta(days=1), None)
            case _:
                return Between(None, first - timedelta(days=1))
    except OverflowError as error:
        raise UsageError(f"there is no day beyond that {where}", remedy=_REMEDY) from error


def _span(text: str, where: str) -> tuple[date, date]:
    """First and last day of a year, month or day."""
    year, month, day = _parts(text, where)
    try:
        last_month = month or 12
        last_day = day or calendar.monthrange(year, last_month)[1]
        return date(year, month or 1, day or 1), date(year, last_month, last_day)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is not in the calendar {where}", remedy=_REMEDY) from error


def _parts(text: str, where: str) -> tuple[int, int, int]:
    """Year, month and day; 0 for what is not given. A zero that was written is kept out of the calendar as 99."""
    if iso := _ISO.fullmatch(text):
        year, month, day = iso.groups()
    elif french := _FRENCH.fullmatch(text):
        day, month, year = french.groups()
    else:
        raise UsageError(f"{text!r} is not a date {where}", remedy=_REMEDY)
    return int(year), _given(month), _given(day)


def _given(digits: str | None) -> int:
    return 0 if digits is None else int(digits) or 99
