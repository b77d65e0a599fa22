"""Reads the directory of a zip record by record (APPNOTE 4.3), so that its length costs no memory."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from archiver.adapters.extraction.containers.entry import DamagedError

_END = struct.Struct("<4s4H2LH")
_END_MAGIC = b"PK\x05\x06"
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_RECORD = struct.Struct("<4s6H3L5H2L")
_RECORD_MAGIC = b"PK\x01\x02"
_LOCAL_MAGIC = b"PK\x03\x04"
_LARGEST_COMMENT = 65535
_ZIP64_EXTRA = 0x0001
_FULL = 0xFFFFFFFF
_UTF8 = 0x800


@dataclass(frozen=True, slots=True)
class Record:
    """One member as the directory describes it.

    Attributes:
        name: raw bytes as written; `utf8` says the writer claims UTF-8, `dos` that it ran on DOS or Windows.
        offset: of the local header, from the start of the file.
        elsewhere: its bytes are on another part of a split archive.
        crc: None when not known (read from a local header that does not say).
    """

    name: bytes
    utf8: bool
    dos: bool
    flags: int
    method: int
    crc: int | None
    packed: int
    size: int
    offset: int
    extra: bytes
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class _Directory:
    """Where the directory is. `shift` is what was put before the archive (self-extractors, mail headers)."""

    start: int
    size: int
    shift: int
    disk: int


def records(file: BinaryIO) -> Iterator[Record]:
    """All members, in order.

    Raises:
        DamagedError: no directory is found, or it breaks off.
    """
    place = _directory(file)
    _check_shift(file, place)
    position, end = place.start, place.start + place.size
    while position < end:
        record, position = _record(file, position, place)
        yield record


def directory_size(file: BinaryIO) -> int:
    """Bytes the directory takes; 0 when none is found."""
    try:
        return _directory(file).size
    except DamagedError:
        return 0


def _check_shift(file: BinaryIO, place: _Directory) -> None:
    """When something seems to stand before the archive, the first member must be where that would put it."""
    if place.shift and place.size:
        first, _ = _record(file, place.start, place)
        file.seek(first.offset)
        if not first.elsewhere and file.read(4) != _LOCAL_MAGIC:
            raise DamagedError("the directory points to the wrong places")


def _record(file: BinaryIO, position: int, place: _Directory) -> tuple[Record, int]:
    """The record at `position` and where the next one begins. The file is shared with whoever reads members: seek first."""
    file.seek(position)
    raw = file.read(_RECORD.size)
    if len(raw) < _RECORD.size or raw[:4] != _RECORD_MAGIC:
        raise DamagedError(f"the directory breaks off at byte {position}")
    (_, made_by, _, flags, method, _, _, crc, packed, size, name_size, extra_size, comment_size, disk, _, _, offset) = (
        _RECORD.unpack(raw)
    )
    name, extra = file.read(name_size), file.read(extra_size)
    size, packed, offset = _wide(extra, size, packed, offset)
    record = Record(
        name=name,
        utf8=bool(flags & _UTF8),
        dos=made_by >> 8 in (0, 10, 11),
        flags=flags,
        method=method,
        crc=crc,
        packed=packed,
        size=size,
        offset=offset + place.shift,
        extra=extra,
        elsewhere=disk not in (place.disk, 0xFFFF),
    )
    return record, position + _RECORD.size + name_size + extra_size + comment_size


def _wide(extra: bytes, *fields: int) -> list[int]:
    """Sizes and offset, taken from the ZIP64 extra field where the record has no room for them."""
    if _FULL not in fields:
        return list(fields)
    body = extra_field(extra, _ZIP64_EXTRA)
    wide = iter(struct.unpack(f"<{len(body) // 8}Q", body[: len(body) // 8 * 8]))
    return [next(wide, field) if field == _FULL else field for field in fields]


def extra_field(extra: bytes, wanted: int) -> bytes:
    """Body of one extra field, b"" when absent or cut short."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<2H", extra)
        if kind == wanted:
            return extra[4 : 4 + size]
        extra = extra[4 + size :]
    return b""


def _directory(file: BinaryIO) -> _Directory:
    length = file.seek(0, 2)
    tail_start = max(0, length - _END.size - _LARGEST_COMMENT)
    file.seek(tail_start)
    tail = file.read()
    place = tail.rfind(_END_MAGIC)
    if place < 0 or len(tail) - place < _END.size:
        raise DamagedError("the end of the archive, with its directory, is missing")
    _, disk, _, _, _, size, offset, _ = _END.unpack_from(tail, place)
    end = tail_start + place
    wide = _end64(file, end)
    if wide is not None:
        end, disk, size, offset = wide
    start = end - size
    if start < 0 or (start < offset and disk == 0):
        raise DamagedError(f"the directory should be at byte {offset}, but the archive ends at byte {end}")
    return _Directory(start, size, max(0, start - offset), disk)


def _end64(file: BinaryIO, end: int) -> tuple[int, int, int, int] | None:
    """(end of directory, disk, size, offset) from the ZIP64 records before the end record, or None."""
    at = end - _END64_LOCATOR.size
    file.seek(max(0, at))
    raw = file.read(_END64_LOCATOR.size)
    if at < 0 or raw[:4] != b"PK\x06\x07":
        return None
    for candidate in (_END64_LOCATOR.unpack(raw)[2], at - _END64.size):  # the second holds when something was put before
        if not 0 <= candidate <= at - _END64.size:
            continue
        file.seek(candidate)
        record = file.read(_END64.size)
        if record[:4] == b"PK\x06\x06":
            fields = _END64.unpack(record)
            return candidate, fields[4], fields[8], fields[9]
    return None
