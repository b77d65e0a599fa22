"""Walker for zip archives."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from archiver.adapters.extraction.containers.entry import DamagedError, Entry, unreadable
from archiver.adapters.extraction.containers.names import decoded
from archiver.adapters.extraction.containers.zip_directory import Record, extra_field, records
from archiver.adapters.extraction.containers.zip_member import read_member
from archiver.adapters.extraction.containers.zip_salvage import UNKNOWN_SIZE, salvaged
from archiver.adapters.extraction.source import Source
from archiver.domain.extraction import Outcome

_UNICODE_PATH_EXTRA = 0x7075


def walk(source: Source) -> Iterator[Entry]:
    """Members in the order of the directory; without a directory, in the order of their local headers.

    Raises:
        DamagedError: the directory is missing or breaks off. Members found all the same have been yielded before.
    """
    with source.path.open("rb") as file:
        listed = False
        try:
            for index, record in enumerate(records(file)):
                listed = True
                yield from _entries(source, file, index, record)
        except DamagedError as error:
            if listed:
                raise
            yield from _without_directory(source, file)
            raise DamagedError(f"{error}; members were found by scanning") from error


def _without_directory(source: Source, file: BinaryIO) -> Iterator[Entry]:
    for index, record in enumerate(salvaged(file)):
        yield from _entries(source, file, index, record)


def _entries(source: Source, file: BinaryIO, index: int, record: Record) -> Iterator[Entry]:
    name = _name(record)
    size = -1 if record.size == UNKNOWN_SIZE else record.size
    if record.elsewhere:
        yield unreadable(index, name, size, Outcome.CORRUPT, "its bytes are in another part of a split archive")
    elif not name.endswith("/") or record.size:
        yield Entry(index, name, size, lambda: read_member(file, record, source.passwords))


def _name(record: Record) -> str:
    """The name; the Unicode path field counts when it belongs to the name beside it (APPNOTE 4.6.9)."""
    field = extra_field(record.extra, _UNICODE_PATH_EXTRA)
    if len(field) > 5 and int.from_bytes(field[1:5], "little") == zlib.crc32(record.name):
        return decoded(field[5:])
    return decoded(record.name, dos=record.dos and not record.utf8)
