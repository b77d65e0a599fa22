"""Port: what time it is."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """A source of time that never runs backwards within an archive."""

    def now(self) -> datetime:
        """The time in UTC, with zone. Never earlier than any answer given before for this archive."""
