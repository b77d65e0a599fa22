"""Walker for cpio archives, plain or inside any compressor: portable ASCII, old octal and old binary headers."""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from archiver.adapters.extraction.containers.entry import DamagedError, Entry, unreadable
from archiver.adapters.extraction.containers.names import decoded
from archiver.adapters.extraction.containers.stream import Forward
from archiver.adapters.extraction.containers.tar import plain_bytes
from archiver.adapters.extraction.source import Source
from archiver.domain.extraction import Outcome

_TRAILER = b"TRAILER!!!"
_NEW = (b"070701", b"070702")
_OLD = b"070707"
_BINARY = {b"\xc7\x71": "<", b"\x71\xc7": ">"}
_LONGEST_NAME = 65536


@dataclass(frozen=True, slots=True)
class _Header:
    """One header. `align`: name and data each end on a multiple of it."""

    mode: int
    name_size: int
    size: int
    align: int


def looks_like_cpio(head: bytes) -> bool:
    """Whether a file begins with a cpio header."""
    return head[:6] in (*_NEW, _OLD) or head[:2] in _BINARY


def walk(source: Source) -> Iterator[Entry]:
    """Members in order; folders left out, links and devices listed as failures.

    Raises:
        DamagedError: a header is not one, or the end mark is missing.
    """
    data = Forward(plain_bytes(source.path))
    index = 0
    while True:
        header = _header(data)
        name = _padded(data, header.name_size, header.align).rstrip(b"\0")
        if name == _TRAILER:
            data.finish()
            return
        after = data.tell() + header.size
        if not stat.S_ISDIR(header.mode):
            yield _entry(data, index, decoded(name), header)
        data.seek(after + -after % header.align)
        index += 1


def _entry(data: Forward, index: int, name: str, header: _Header) -> Entry:
    if stat.S_ISREG(header.mode) or not stat.S_IFMT(header.mode):
        return Entry(index, name, header.size, lambda: data.take(header.size))
    return unreadable(index, name, 0, Outcome.UNSUPPORTED, "link, device or other special file, not a document")


def _padded(data: Forward, size: int, align: int) -> bytes:
    if size > _LONGEST_NAME:
        raise DamagedError(f"a name of {size} bytes at byte {data.tell()}")
    raw = data.read(size)
    data.seek(data.tell() + -data.tell() % align)
    return raw


def _header(data: Forward) -> _Header:
    start = data.tell()
    magic = data.read(2)
    try:
        if magic in _BINARY:
            return _binary(magic, data.read(24))
        magic += data.read(4)
        if magic in _NEW:
            return _ascii(data.read(104), 16, (8, 48, 88), 8, 4)
        if magic == _OLD:
            return _old(data.read(70))
    except (ValueError, struct.error) as error:
        raise DamagedError(f"the header at byte {start} is damaged") from error
    raise DamagedError("the end mark is missing" if not magic else f"no header at byte {start}")


def _ascii(raw: bytes, base: int, places: tuple[int, int, int], width: int, align: int) -> _Header:
    mode, size, name_size = (int(raw[place : place + width], base) for place in places)
    return _Header(mode, name_size, size, align)


def _old(raw: bytes) -> _Header:
    return _Header(int(raw[12:18], 8), int(raw[53:59], 8), int(raw[59:70], 8), 1)


def _binary(magic: bytes, raw: bytes) -> _Header:
    """Old binary: 13 words of 16 bits; 32-bit values with the high word first."""
    words = struct.unpack(f"{_BINARY[magic]}12H", raw)
    return _Header(words[2], words[9], words[10] << 16 | words[11], 2)
