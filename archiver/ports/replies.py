"""Port: answers kept for requests that change something, so that the same request sent again is answered, not done, again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `headers`: those that are its own, by name."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Claim(StrEnum):
    """What a key is to whoever comes with it.

    `first`: nobody had it; the work is to be done. `again`: whoever had it began, and was not heard of again: the work may have
    been done. `running`: it is being done. `other`: it was used for another request.
    """

    FIRST = "first"
    AGAIN = "again"
    RUNNING = "running"
    OTHER = "other"


class Replies(Protocol):
    """Each key belongs to the principal that came with it.

    Raises, everywhere: `UnreachableError` when the database does not answer.
    """

    def claim(self, principal: str, key: str, request_digest: str, now: datetime) -> Reply | Claim:
        """The answer that was given to this very request, or else whose the key is; it is the caller's from `FIRST` or `AGAIN` on,
        for some time. Of two who come at once, one is first.

        Args:
            request_digest: of everything the request says, in hexadecimal.
        """

    def keep(self, principal: str, key: str, reply: Reply) -> None:
        """What was answered. Safe to repeat."""

    def drop(self, principal: str, key: str) -> None:
        """Nothing was done: the key is free again, unless an answer was kept. Safe to repeat."""

    def leave(self, principal: str, key: str) -> None:
        """It may have been done, and nobody works on it any more: whoever comes next is told `AGAIN`. Safe to repeat."""

    def forget(self, before: datetime) -> int:
        """Remove keys claimed before then; how many."""
