"""Moments as everything that is hashed or signed writes them."""

from __future__ import annotations

from datetime import UTC, datetime

PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}\+00:00"
"""What `timestamp` writes, for years of four digits."""


def timestamp(moment: datetime) -> str:
    """A moment in UTC with microseconds, of fixed width, so that order in text is order in time."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="microseconds")
