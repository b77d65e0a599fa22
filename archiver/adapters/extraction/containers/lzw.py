"""Decoder for files written by Unix `compress` (.Z): LZW with codes of 9 to 16 bits."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import BinaryIO

from archiver.adapters.extraction.containers.entry import CHUNK

_CLEAR = 256
_BLOCK_MODE = 0x80
_FIRST_WIDTH = 9


def unpack_lzw(file: BinaryIO) -> Iterator[bytes]:
    """Plain bytes.

    Raises:
        ValueError: the header or a code is impossible.
    """
    header = file.read(3)
    if len(header) < 3 or header[:2] != b"\x1f\x9d" or not _FIRST_WIDTH <= (header[2] & 0x1F) <= 16:
        raise ValueError("not a compress header")
    return _pieces(file, _Table(header[2] & 0x1F, bool(header[2] & _BLOCK_MODE)))


class _Table:
    """Strings as (prefix code, last byte): a table of 65,536 strings would else take gigabytes.

    Attributes:
        width: bits of the next code.
        size: codes that stand for something.
    """

    def __init__(self, widest: int, block_mode: bool) -> None:
        self._widest = widest
        self.block_mode = block_mode
        self._prefix = array("H", bytes(2 << widest))
        self._last = bytearray(1 << widest)
        self.clear()

    def clear(self) -> None:
        """Forget everything but the single bytes."""
        self.width = _FIRST_WIDTH
        self.size = _CLEAR + 1 if self.block_mode else _CLEAR
        self._previous = -1
        self._first = 0

    def string(self, code: int) -> bytes:
        """The string of `code`; the one before it, with this one's first byte, becomes the next entry."""
        unknown = code == self.size and self._previous >= 0
        if code >= self.size and not unknown:
            raise ValueError(f"code {code} stands for nothing yet")
        spelled = self._spelled(self._previous) + bytes([self._first]) if unknown else self._spelled(code)
        self._first = spelled[0]
        if self._previous >= 0 and self.size < 1 << self._widest:
            self._prefix[self.size], self._last[self.size] = self._previous, self._first
            self.size += 1
        self._previous = code
        return spelled

    def _spelled(self, code: int) -> bytes:
        reverse = bytearray()
        while code >= _CLEAR:
            reverse.append(self._last[code])
            code = self._prefix[code]
        reverse.append(code)
        reverse.reverse()
        return bytes(reverse)

    def widened(self) -> bool:
        """Whether codes are one bit wider from here on."""
        if self.size < 1 << self.width or self.width == self._widest:
            return False
        self.width += 1
        return True


def _pieces(file: BinaryIO, table: _Table) -> Iterator[bytes]:
    pending = bytearray()
    for group in _groups(file, table):
        for code in group:
            if table.block_mode and code == _CLEAR:
                table.clear()
                break
            pending += table.string(code)
            if table.widened():
                break
        if len(pending) >= CHUNK:
            yield bytes(pending)
            pending.clear()
    if pending:
        yield bytes(pending)


def _groups(file: BinaryIO, table: _Table) -> Iterator[list[int]]:
    """Codes come eight at a time, all of one width; after a clear or a change of width the rest of eight is padding."""
    while data := file.read(table.width):
        width, bits = table.width, int.from_bytes(data, "little")
        mask = (1 << width) - 1
        yield [(bits >> (place * width)) & mask for place in range(len(data) * 8 // width)]
