"""Text in Enhanced Metafiles."""

from __future__ import annotations

import struct

import pytest

from archiver.adapters.extraction.readers.metafile import emf_text
from archiver.adapters.extraction.source import DoubtError

HEADER = struct.pack("<II", 1, 44) + bytes(32) + b" EMF"
END = struct.pack("<II", 14, 8)


def record(kind: int, body: bytes) -> bytes:
    return struct.pack("<II", kind, 8 + len(body)) + body


def drawn(text: str, count: int | None = None) -> bytes:
    """An EMR_EXTTEXTOUTW record: bounds, mode, scales, then position, length, offset and the text."""
    encoded = text.encode("utf-16-le")
    count = len(encoded) // 2 if count is None else count
    return record(84, bytes(28) + bytes(8) + struct.pack("<II", count, 52) + encoded)


def test_lines_in_the_order_they_are_drawn() -> None:
    assert emf_text(HEADER + drawn("Évolution") + drawn(" ") + drawn("2026") + END) == "Évolution\n2026\n"


def test_a_picture_without_text() -> None:
    assert emf_text(HEADER + record(43, bytes(16)) + END) == ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(100),
        HEADER + struct.pack("<II", 84, 4),
        HEADER + struct.pack("<II", 84, 400),
        HEADER + record(84, bytes(10)),
        HEADER + drawn("x", count=1000),
        HEADER + record(83, bytes(60)),
        HEADER + record(108, bytes(60)),
        HEADER + record(70, bytes(4) + b"EMF+" + bytes(8)),
    ],
)
def test_what_is_damaged_or_not_read_here_is_doubted(data: bytes) -> None:
    with pytest.raises(DoubtError):
        emf_text(data)
