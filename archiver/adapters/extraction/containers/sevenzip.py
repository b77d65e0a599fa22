"""Walker for 7z archives, a solid block at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

from archiver.adapters.extraction.containers.entry import CHUNK, DamagedError, Entry, unreadable
from archiver.adapters.extraction.containers.sevenzip_blocks import Blocks, opened
from archiver.adapters.extraction.source import Source
from archiver.domain.extraction import Outcome

_NAMELESS = "contents"
_IN_MEMORY = 4 * 1024 * 1024


def walk(source: Source) -> Iterator[Entry]:
    """Members in order.

    Raises:
        ProtectedError: even the list of names is encrypted and no password fits.
        DamagedError: the header cannot be read.
    """
    with opened(source.path, source.passwords) as blocks:
        for member in blocks.files:
            if not member.is_directory:
                yield _entry(blocks, member, _name(str(member.filename), source))


def _name(stored: str, source: Source) -> str:
    """The library names a nameless member after the file at hand, which may be a temporary one."""
    return _NAMELESS if stored == source.path.stem else stored


def _entry(blocks: Blocks, member: Any, name: str) -> Entry:
    size = int(member.uncompressed or 0)
    if member.is_symlink or member.is_junction or member.is_socket:
        return unreadable(member.id, name, 0, Outcome.UNSUPPORTED, "link or special file, not a document")
    if member.emptystream:
        return Entry(member.id, name, 0, lambda: iter(()))
    if blocks.locked(member):
        return unreadable(member.id, name, size, Outcome.ENCRYPTED, "the member is encrypted and no password given fits")
    return Entry(member.id, name, size, lambda: _content(blocks, member))


def _content(blocks: Blocks, member: Any) -> Iterator[bytes]:
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
        blocks.unpack(member, spool)
        if spool.tell() != member.uncompressed:
            raise DamagedError(f"the data ends after {spool.tell()} of {member.uncompressed} bytes")
        spool.seek(0)
        while piece := spool.read(CHUNK):
            yield piece
