"""Which bytes are asked for (RFC 9110, 14): one range, or all."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes [start, end) of `size`."""

    start: int
    end: int
    size: int

    @property
    def whole(self) -> bool:
        """Whether these are all."""
        return (self.start, self.end) == (0, self.size)

    @property
    def header(self) -> str:
        """`Content-Range`."""
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


def span(header: str, size: int) -> Span | None:
    """What a `Range` asks of `size` bytes: all of them where it asks for several ranges or is none; None where it asks for bytes
    that are not there."""
    found = _ONE.fullmatch(header)
    whole = Span(0, size, size)
    if found is None or not (found[1] or found[2]):
        return whole
    if not found[1]:
        last = min(int(found[2]), size)
        return Span(size - last, size, size) if last else None
    start = int(found[1])
    last = int(found[2]) if found[2] else max(start, size - 1)
    if last < start:
        return whole
    return Span(start, min(last + 1, size), size) if start < size else None
