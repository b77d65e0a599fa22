"""Writes a message taken out of a mail store as a MIME message (RFC 5322, 2045): the same bytes each time."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, quote

_LINE = 57  # bytes that make a base64 line of 76 characters
_EDGE = "=_part"  # never inside a part: every part is base64, which has no underscore
_MIME_HEADERS = ("mime-version", "content-")


@dataclass(frozen=True, slots=True)
class Part:
    """One body or attachment. `name` is "" for a body."""

    media_type: str
    name: str
    chunks: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as a mail store knows it. `headers` are those it travelled with, "" when it never did."""

    headers: str
    subject: str
    sender: str
    to: str
    sent: datetime | None
    parts: Sequence[Part]

    def written(self) -> Iterator[bytes]:
        """The message, in pieces; attachments are read while it is written."""
        yield self._head().encode("utf-8", "surrogateescape")
        for part in self.parts:
            yield f"--{_EDGE}\r\n{_part_head(part)}\r\n".encode()
            yield from _base64(part.chunks())
        yield f"--{_EDGE}--\r\n".encode()

    def _head(self) -> str:
        lines = _travelled(self.headers)
        present = {line.partition(":")[0].strip().lower() for line in lines}
        lines += [f"{name}: {value}" for name, value in self._known() if value and name.lower() not in present]
        lines += ["MIME-Version: 1.0", f'Content-Type: multipart/mixed; boundary="{_EDGE}"', "", ""]
        return "\r\n".join(lines)

    def _known(self) -> Iterator[tuple[str, str]]:
        yield "From", _encoded(self.sender)
        yield "To", _encoded(self.to)
        yield "Subject", _encoded(self.subject)
        yield "Date", format_datetime(self.sent) if self.sent else ""


def _travelled(headers: str) -> list[str]:
    """Its own headers, without those that describe a body written anew, and without blank lines."""
    kept: list[str] = []
    dropping = False
    for line in headers.splitlines():
        if not line[:1].isspace():
            dropping = line.lower().startswith(_MIME_HEADERS) or ":" not in line
        if not dropping and line.strip():
            kept.append(line)
    return kept


def _encoded(value: str) -> str:
    plain = " ".join(value.split()).encode("utf-8", "replace").decode()
    return plain if plain.isascii() else Header(plain, "utf-8", maxlinelen=10_000).encode()


def _part_head(part: Part) -> str:
    lines = [f"Content-Type: {part.media_type}", "Content-Transfer-Encoding: base64"]
    if part.name:
        lines.append(f'Content-Disposition: attachment; filename="{quote(_encoded(part.name))}"')
    return "".join(f"{line}\r\n" for line in lines)


def _base64(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        rest += chunk
        whole = len(rest) // _LINE * _LINE
        yield base64.encodebytes(rest[:whole]).replace(b"\n", b"\r\n")
        rest = rest[whole:]
    yield base64.encodebytes(rest).replace(b"\n", b"\r\n")
