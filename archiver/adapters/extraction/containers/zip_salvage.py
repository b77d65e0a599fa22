"""Finds the members of a zip whose directory is lost, by their local headers (APPNOTE 4.3.7)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from archiver.adapters.extraction.containers.zip_directory import Record

_LOCAL = struct.Struct("<4s5H3L2H")
MAGIC = b"PK\x03\x04"
_DESCRIPTOR_FOLLOWS = 0x08
_UTF8 = 0x800
_WINDOW = 1024 * 1024
UNKNOWN_SIZE = (1 << 63) - 1


def salvaged(file: BinaryIO) -> Iterator[Record]:
    """A record for every local header found. Sizes that were to follow the data are `UNKNOWN_SIZE`."""
    length = file.seek(0, 2)
    position = _next_header(file, 0)
    while position is not None:
        record, data_start = _record(file, position)
        if record is None:
            position = _next_header(file, position + 4)
            continue
        yield record
        known = record.packed < length - data_start
        position = _next_header(file, data_start + record.packed if known else data_start)


def _next_header(file: BinaryIO, position: int) -> int | None:
    while True:
        file.seek(position)
        window = file.read(_WINDOW)
        found = window.find(MAGIC)
        if found >= 0:
            return position + found
        if len(window) < _WINDOW:
            return None
        position += _WINDOW - len(MAGIC) + 1


def _record(file: BinaryIO, position: int) -> tuple[Record | None, int]:
    file.seek(position)
    raw = file.read(_LOCAL.size)
    if len(raw) < _LOCAL.size:
        return None, position
    _, _, flags, method, _, _, crc, packed, size, name_size, extra_size = _LOCAL.unpack(raw)
    name, extra = file.read(name_size), file.read(extra_size)
    if not name or len(name) < name_size or method > 99:
        return None, position
    later = bool(flags & _DESCRIPTOR_FOLLOWS) and not packed
    record = Record(
        name=name,
        utf8=bool(flags & _UTF8),
        dos=False,
        flags=flags,
        method=method,
        crc=None if later else crc,
        packed=UNKNOWN_SIZE if later else packed,
        size=UNKNOWN_SIZE if later else size,
        offset=position,
        extra=extra,
    )
    return record, file.tell()
