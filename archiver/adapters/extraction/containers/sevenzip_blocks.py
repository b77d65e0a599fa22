"""Solid blocks of a 7z archive: members in one block can only be unpacked one after another."""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from py7zr import SevenZipFile
from py7zr.compressor import SupportedMethods
from py7zr.exceptions import ArchiveError, CrcError, PasswordRequired, UnsupportedCompressionMethodError

from archiver.adapters.extraction.containers.entry import DamagedError, OversizeError, UnsupportedError, from_the_machine
from archiver.adapters.extraction.source import ProtectedError

# What the library lets through when header or data are not what they should be.
_BROKEN = (
    ArchiveError,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    AttributeError,
    AssertionError,
    OverflowError,
    RuntimeError,
)


class _Nowhere:
    """Takes what is unpacked only to get past it."""

    def write(self, data: bytes) -> int:
        return len(data)


class Blocks:
    """An open archive, and how far each block has been unpacked."""

    def __init__(self, archive: Any, password: str | None) -> None:
        self._archive = archive
        self._password = password
        self._block: Any = None
        self._done = 0
        self._position = 0
        self._places: dict[int, tuple[list[Any], int]] = {}
        self._index()

    def _index(self) -> None:
        """Member id -> (members of its block in order, its place among them)."""
        blocks: dict[int, list[Any]] = {}
        for member in self.files:
            if member.folder is not None:
                mates = blocks.setdefault(id(member.folder), [])
                self._places[member.id] = (mates, len(mates))
                mates.append(member)

    @property
    def files(self) -> Any:
        """Members in the order of the archive; absent from an empty one."""
        return getattr(self._archive, "files", ())

    def locked(self, member: Any) -> bool:
        """Whether it is encrypted and there is no password."""
        return self._password is None and bool(SupportedMethods.needs_password(member.folder.coders))

    def unpack(self, member: Any, out: Any) -> None:
        """Write the member to `out`; those before it in its block are unpacked and dropped.

        Raises:
            DamagedError: data or checksum do not hold.
            UnsupportedError: the compression method is not known.
            OversizeError: it asks for more memory than there is.
        """
        members, place = self._places[member.id]
        if member.folder is not self._block or place < self._done:
            self._rewind(member.folder)
        try:
            for other in members[self._done : place]:
                self._one(other, _Nowhere())
            self._one(member, out)
        except UnsupportedCompressionMethodError as error:
            raise UnsupportedError(f"compression method not known: {error.message}") from error
        except MemoryError as error:
            raise OversizeError("its dictionary does not fit into memory") from error
        except _BROKEN as error:
            self._block = None
            if from_the_machine(error):
                raise
            raise DamagedError(f"the data is damaged: {error}") from error

    def _rewind(self, block: Any) -> None:
        streams = self._archive.header.main_streams
        number = next(place for place, other in enumerate(streams.unpackinfo.folders) if other is block)
        block.decompressor = None
        self._block, self._done = block, 0
        self._position = self._archive.afterheader + streams.packinfo.packpositions[number]
        self._end = self._archive.afterheader + streams.packinfo.packpositions[number + 1]

    def _one(self, member: Any, out: Any) -> None:
        file = self._archive.fp
        file.seek(self._position)
        checksum = self._archive.worker.decompress(file, member.folder, out, member.uncompressed, member.compressed, self._end)
        self._position = file.tell()
        self._done += 1
        if member.crc32 is not None and checksum != member.crc32:
            raise CrcError(member.crc32, checksum, member.filename)


@contextmanager
def opened(path: Path, passwords: Sequence[str]) -> Iterator[Blocks]:
    """The archive, with the password that fits; without one when only members are encrypted.

    Raises:
        ProtectedError: the header is encrypted and no password fits.
        DamagedError: the header cannot be read.
    """
    blocks = _with_password(path, passwords)
    try:
        yield blocks
    finally:
        blocks._archive.close()


def _with_password(path: Path, passwords: Sequence[str]) -> Blocks:
    try:
        plain = SevenZipFile(path)
    except PasswordRequired as error:
        found = next(filter(None, (_unlocked(path, password) for password in passwords)), None)
        if found is None:
            raise ProtectedError("the archive is encrypted, names included, and no password given fits") from error
        return found
    except MemoryError as error:
        raise OversizeError("its header does not fit into memory") from error
    except _BROKEN as error:
        if from_the_machine(error):
            raise
        raise DamagedError(f"the header is damaged: {error}") from error
    if plain.password_protected:
        found = next(filter(None, (_unlocked(path, password) for password in passwords)), None)
        if found is not None:
            plain.close()
            return found
    return Blocks(plain, None)


def _unlocked(path: Path, password: str) -> Blocks | None:
    """The archive opened with this password, proved on its first encrypted member; None when it does not fit."""
    try:
        blocks = Blocks(SevenZipFile(path, password=password), password)
    except (PasswordRequired, *_BROKEN):
        return None
    try:
        for member in blocks.files:
            if member.folder is not None and SupportedMethods.needs_password(member.folder.coders):
                blocks.unpack(member, _Nowhere())
                break
    except (DamagedError, UnsupportedError):
        blocks._archive.close()
        return None
    return blocks
