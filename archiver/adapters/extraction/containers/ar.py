"""Walker for `ar` archives (Unix libraries, Debian packages)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from archiver.adapters.extraction.containers.entry import DamagedError, Entry
from archiver.adapters.extraction.containers.names import decoded
from archiver.adapters.extraction.containers.slices import piece_of
from archiver.adapters.extraction.source import Source

_MAGIC = b"!<arch>\n"
_HEADER = 60
_END = b"`\n"
_INDEXES = (b"/", b"/SYM64/", b"__.SYMDEF", b"__.SYMDEF SORTED")


def walk(source: Source) -> Iterator[Entry]:
    """Members in order, symbol tables left out.

    Raises:
        DamagedError: a header is not one.
    """
    with source.path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise DamagedError("not an ar archive")
        yield from _entries(source, file)


def _entries(source: Source, file: BinaryIO) -> Iterator[Entry]:
    long_names, position, index = b"", len(_MAGIC), 0
    while position + _HEADER <= source_size(file):
        raw_name, size = _header(file, position)
        start, following = position + _HEADER, position + _HEADER + size + size % 2
        if raw_name == b"//":
            long_names = file.read(min(size, 16 * 1024 * 1024))
        elif raw_name not in _INDEXES:
            name, start, size = _name(file, raw_name, long_names, start, size)
            yield Entry(index, name, size, piece_of(source.path, start, size))
            index += 1
        position = following


def source_size(file: BinaryIO) -> int:
    """Length of an open file, in bytes."""
    return file.seek(0, 2)


def _header(file: BinaryIO, position: int) -> tuple[bytes, int]:
    file.seek(position)
    raw = file.read(_HEADER)
    try:
        size = int(raw[48:58])
    except ValueError:
        size = -1
    if raw[58:60] != _END or size < 0:
        raise DamagedError(f"no member header at byte {position}")
    return raw[:16].rstrip(b" "), size


def _name(file: BinaryIO, raw: bytes, long_names: bytes, start: int, size: int) -> tuple[str, int, int]:
    """(name, start of data, size of data): BSD writes a long name before the data, GNU in a table."""
    if raw.startswith(b"#1/") and raw[3:].isdigit():
        length = min(int(raw[3:]), size)
        return decoded(file.read(length).rstrip(b"\0")), start + length, size - length
    if raw.startswith(b"/") and raw[1:].isdigit():
        name, _, _ = long_names[int(raw[1:]) :].partition(b"\n")
        return decoded(name.rstrip(b"/")), start, size
    return decoded(raw.rstrip(b"/") or raw), start, size
