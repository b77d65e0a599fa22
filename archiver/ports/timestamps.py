"""Port: an outside authority that says when something was there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class GivenTime:
    """What a token says, once it was checked.

    Attributes:
        time: when the message was there, by the authority's clock.
        authority: whose certificate it was signed with (RFC 4514).
    """

    time: datetime
    authority: str

    def sentence(self) -> str:
        """For people."""
        return f"time-stamped {self.time:%Y-%m-%d %H:%M:%S} UTC by {self.authority}"


class TimeStamps(Protocol):
    """Asks for tokens and checks them."""

    def stamp(self, message: bytes) -> bytes:
        """A token (RFC 3161 TimeStampToken, DER) over SHA-256 of `message`, checked before it is returned.

        Raises:
            UnreachableError: the authority does not answer in time, or not now.
            RefusedError: it gives none, or is not among those that are trusted.
            IntegrityError: its answer is no token, or one over something else.
        """

    def verify(self, token: bytes, message: bytes) -> GivenTime:
        """What a token says of `message`; needs no network.

        Raises:
            RefusedError: its authority is not among those that are trusted.
            IntegrityError: it is no token, not over this message, or its signature does not hold.
        """
