"""Lengths of time in whole days, counted by the calendar: months and years have the length they have where they fall."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from retention.errors import PeriodError

LONGEST_YEARS = 1_000
"""Beyond this, `then: keep` says what is meant."""

_LONGEST_TEXT = 32
_FORM = "write an ISO 8601 period of whole years, months, weeks or days, such as P10Y, P6M or P30D"


@dataclass(frozen=True, slots=True)
class Period:
    """Calendar months, then days. Years are twelve months, weeks are seven days."""

    months: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read an ISO 8601 period.

        Raises:
            PeriodError: not a period, not in whole days, negative, or longer than 1,000 years.
        """
        months, days = _parts(text)
        if months < 0 or days < 0:
            raise PeriodError(f"the period {text} is negative", remedy=_FORM)
        if months > LONGEST_YEARS * 12 or days > LONGEST_YEARS * 366:
            raise PeriodError(
                f"the period {text} is longer than {LONGEST_YEARS} years", remedy="write `then: keep` to keep without end"
            )
        return cls(months, days)

    @property
    def is_zero(self) -> bool:
        """Whether it asks for no keeping at all."""
        return not (self.months or self.days)

    def after(self, start: date) -> date | None:
        """`start` plus this period; None beyond the calendar (year 9999).

        A day its month lacks becomes the last of that month: 29 February + P1Y is 28 February.
        """
        year, month = divmod(start.year * 12 + start.month - 1 + self.months, 12)
        if year > date.max.year:
            return None
        month += 1
        landed = date(year, month, start.day if start.day <= 28 else min(start.day, monthrange(year, month)[1]))
        if not self.days:
            return landed
        return landed + timedelta(self.days) if self.days <= (date.max - landed).days else None

    def exceeds(self, other: Period) -> date | None:
        """A day from which this period ends later than `other`; None when there is none."""
        return _exceeding(self, other)

    def __str__(self) -> str:
        years, months = divmod(self.months, 12)
        parts = [f"{count}{unit}" for count, unit in ((years, "Y"), (months, "M"), (self.days, "D")) if count]
        return "P" + ("".join(parts) or "0D")

    def words(self) -> str:
        """For people: "10 years", "1 year, 6 months"."""
        years, months = divmod(self.months, 12)
        parts = [_counted(count, unit) for count, unit in ((years, "year"), (months, "month"), (self.days, "day")) if count]
        return ", ".join(parts) or "0 days"


def _parts(text: str) -> tuple[int, int]:
    from isodate import Duration, ISO8601Error, parse_duration

    if "." in text or "," in text:
        raise PeriodError(f"the period {text[:_LONGEST_TEXT]!r} has a fraction", remedy="write P6M rather than P0.5Y")
    if len(text) > _LONGEST_TEXT or not text.isascii() or not text[-1:].isalnum() or text[-1:] == "T":
        raise PeriodError(f"{text[:_LONGEST_TEXT]!r} is not a period", remedy=_FORM)
    try:
        parsed = parse_duration(text)
    except (ISO8601Error, ArithmeticError) as error:
        raise PeriodError(f"{text!r} is not a period", remedy=_FORM) from error
    span: timedelta = parsed.tdelta if isinstance(parsed, Duration) else parsed
    if span.seconds or span.microseconds:
        raise PeriodError(f"the period {text} is not in whole days", remedy=_FORM)
    return (int(parsed.years * 12 + parsed.months) if isinstance(parsed, Duration) else 0), span.days


@lru_cache(maxsize=1024)
def _exceeding(longer: Period, shorter: Period) -> date | None:
    if longer.months <= shorter.months and longer.days <= shorter.days:
        return None
    return next((day for day in _telling_days() if _beyond(longer, shorter, day)), None)


def _beyond(longer: Period, shorter: Period, start: date) -> bool:
    end, bound = longer.after(start), shorter.after(start)
    return bound is not None and (end is None or end > bound)


@lru_cache(maxsize=1)
def _telling_days() -> tuple[date, ...]:
    """Every start that can give two periods another order: days 1 to 28 behave alike, the calendar repeats in 400 years."""
    months = ((year, month) for year in range(2000, 2400) for month in range(1, 13))
    return tuple(date(year, month, day) for year, month in months for day in range(28, monthrange(year, month)[1] + 1))


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
