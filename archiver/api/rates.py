"""How often a caller may ask: so many requests in a moving window, each caller apart."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from archiver.errors import TooManyError, UsageError


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left to a caller: `left` requests, the window moves on in `seconds`."""

    limit: int
    window: int
    left: int
    seconds: int

    def headers(self) -> dict[str, str]:
        """`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit-Policy": f'"default";q={self.limit};w={self.window}',
            "RateLimit": f'"default";r={self.left};t={self.seconds}',
        }


class Rates:
    """Counts in this process's memory: several processes each allow as much.

    Args:
        written: such as `600/minute`.

    Raises:
        UsageError: it is not written so.
    """

    def __init__(self, written: str) -> None:
        self._item, self._limiter = rate(written), MovingWindowRateLimiter(MemoryStorage())

    def take(self, name: str) -> Standing:
        """One request of this caller.

        Raises:
            TooManyError: it has had as many as are allowed.
        """
        taken = self._limiter.hit(self._item, name)
        stats = self._limiter.get_window_stats(self._item, name)
        seconds = max(1, math.ceil(stats.reset_time - time.time()))
        if not taken:
            raise TooManyError(
                f"more than {self._item.amount} requests in {self._item.get_expiry()} seconds",
                remedy=f"ask again in {seconds} seconds",
                seconds=seconds,
            )
        return Standing(self._item.amount, self._item.get_expiry(), stats.remaining, seconds)


def rate(written: str) -> RateLimitItem:
    """Raises UsageError: it is no rate."""
    try:
        return parse(written)
    except ValueError as error:
        raise UsageError(f"{written!r} is no rate", remedy="write it like 600/minute or 20/second") from error
