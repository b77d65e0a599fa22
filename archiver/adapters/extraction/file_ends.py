"""Whether a file reaches the end it announces, for formats that say so in a few bytes."""

from __future__ import annotations

import re
from collections.abc import Callable

from archiver.adapters.extraction.source import Source

_HEAD = 1024
_TAIL = 65_536
_AFTER_END_MARK = 2048
_LINEARISED = re.compile(rb"/Linearized\b[^>]{0,200}?/L\s*(\d{1,15})\b", re.S)


def cut_short(source: Source) -> str:
    """Why the file cannot be whole, in words; "" when it may be, or its format does not tell."""
    with open(source.path, "rb") as stream:
        head = stream.read(_HEAD)
        stream.seek(max(0, source.size - _TAIL))
        tail = stream.read(_TAIL)
    for begins, whole in _RULES:
        if head.startswith(begins):
            return "" if whole(head, tail, source.size) else "the file is cut short: it does not reach the end it announces"
    return ""


def _rtf(_head: bytes, tail: bytes, _size: int) -> bool:
    return tail.rstrip(b"\x00\r\n\t \x1a").endswith(b"}")


def _pdf(head: bytes, tail: bytes, size: int) -> bool:
    """Its end mark is near its end with no object after it, and a linearised file is as long as its first object says."""
    announced = _LINEARISED.search(head)
    if announced and int(announced.group(1)) > size:
        return False
    _, mark, after = tail.rpartition(b"%%EOF")
    return bool(mark) and len(after) <= _AFTER_END_MARK and b" obj" not in after


def _jpeg(_head: bytes, tail: bytes, _size: int) -> bool:
    return b"\xff\xd9" in tail


def _riff(head: bytes, _tail: bytes, size: int) -> bool:
    return int.from_bytes(head[4:8], "little") + 8 <= size


def _bmp(head: bytes, _tail: bytes, size: int) -> bool:
    return int.from_bytes(head[2:6], "little") <= size


def _der(head: bytes, _tail: bytes, size: int) -> bool:
    """ASN.1 with a definite length (ITU-T X.690, 8.1.3): signed messages, certificates, time-stamps."""
    octets = head[1] & 0x7F
    if head[1] < 0x80 or not 1 <= octets <= 4:
        return True
    return 2 + octets + int.from_bytes(head[2 : 2 + octets], "big") <= size


_RULES: tuple[tuple[bytes, Callable[[bytes, bytes, int], bool]], ...] = (
    (b"{\\rtf", _rtf),
    (b"%PDF-", _pdf),
    (b"\xff\xd8\xff", _jpeg),
    (b"RIFF", _riff),
    (b"BM", _bmp),
    (b"\x30", _der),
)
