"""What one stored original may cost, over all its containers at all depths."""

from __future__ import annotations

from archiver.domain.extraction import Limits

RATIO_FROM = 64 * 1024 * 1024
"""Below this many expanded bytes the ratio does not matter: small files of one repeated line are not bombs."""


class LimitError(Exception):
    """A limit is reached. The message names it, with its numbers."""


class MemberLimitError(LimitError):
    """This member alone is too large; others may still be read."""


class Budget:
    """Counts down while members are listed and unpacked.

    Attributes:
        exhausted: the reason why no more bytes may be unpacked; "" while there is something left.
    """

    def __init__(self, limits: Limits, original_size: int) -> None:
        self._limits = limits
        self._original_size = max(1, original_size)
        self._entries = 0
        self._expanded = 0
        self.exhausted = ""

    def take_entry(self) -> None:
        """Count one more member.

        Raises:
            LimitError: there are more than `Limits.entries`.
        """
        if self._entries >= self._limits.entries:
            self._end(f"more than {self._limits.entries} members (limit on entries)")
        self._entries += 1

    def check_member(self, size: int) -> None:
        """Refuse a member by the size it has, or says it has, before more of it is unpacked.

        Raises:
            MemberLimitError: it is over `Limits.member_bytes`.
        """
        if size > self._limits.member_bytes:
            raise MemberLimitError(f"a member of {size} bytes, over the limit of {self._limits.member_bytes} for one member")

    def take_bytes(self, count: int) -> None:
        """Count bytes unpacked.

        Raises:
            LimitError: there are more than `Limits.expanded_bytes`, or than `Limits.ratio` times the original.
        """
        self._expanded += count
        if self._expanded > self._limits.expanded_bytes:
            self._end(f"{self._expanded} bytes unpacked, over the limit of {self._limits.expanded_bytes}")
        if self._expanded > max(RATIO_FROM, self._limits.ratio * self._original_size):
            self._end(f"{self._expanded} bytes unpacked from {self._original_size}, over the limit of {self._limits.ratio} to 1")

    def _end(self, reason: str) -> None:
        self.exhausted = reason
        raise LimitError(reason)
