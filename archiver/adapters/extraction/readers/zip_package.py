"""The zip file an office document is: parts are read in memory, within limits, never unpacked to disk."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from archiver.adapters.extraction.source import DoubtError
from archiver.domain.extraction import Limits

WHOLE_PART = 32 * 1024**2
"""Bytes of a part that is read whole; larger ones are streamed or left to Tika."""
STREAMED_PART = 1024**3
BOMB_FLOOR = 16 * 1024**2
"""Bytes below which no compression ratio is worth a word."""
_ENCRYPTED_FLAG = 0x1
_READ_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError)


class OversizeError(Exception):
    """The package expands beyond the limits; the message names the part."""


class ZipPackage:
    """Parts by name. Closing is the business of `opened`.

    Raises, everywhere: DoubtError for a damaged or odd zip, OversizeError for one that expands too far.
    """

    def __init__(self, archive: zipfile.ZipFile, limits: Limits, depth: int = 0) -> None:
        self._archive = archive
        self.limits = limits
        self.depth = depth
        self.compressed = sum(entry.compress_size for entry in archive.infolist())
        self._entries = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
        self._check(archive.infolist())

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def names(self) -> list[str]:
        """Names of all parts, in the order of the zip's directory."""
        return list(self._entries)

    def read(self, name: str) -> bytes:
        """One part, whole."""
        entry = self._entry(name)
        if entry.file_size > WHOLE_PART:
            raise DoubtError(f"part {name} has {entry.file_size} bytes")
        with self.stream(name) as stream:
            return stream.read()

    @contextmanager
    def stream(self, name: str) -> Iterator[IO[bytes]]:
        """One part as a stream that ends, at the latest, at the size the directory states."""
        entry = self._entry(name)
        if entry.file_size > STREAMED_PART:
            raise DoubtError(f"part {name} has {entry.file_size} bytes")
        try:
            with self._archive.open(entry) as stream:
                yield stream
        except _READ_ERRORS as error:
            raise DoubtError(f"part {name} cannot be read: {error}") from error

    def _entry(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._entries[name]
        except KeyError:
            raise DoubtError(f"part {name} is missing") from None

    def _check(self, listed: list[zipfile.ZipInfo]) -> None:
        if len(listed) > self.limits.entries:
            raise OversizeError(f"the package lists {len(listed)} parts, more than {self.limits.entries}")
        if len({entry.filename for entry in listed}) != len(listed):
            raise DoubtError("two parts have the same name")
        if any(entry.flag_bits & _ENCRYPTED_FLAG for entry in listed):
            raise DoubtError("parts are encrypted by zip")
        if sum(entry.file_size for entry in listed) > self.limits.expanded_bytes:
            raise OversizeError(f"the package expands to more than {self.limits.expanded_bytes} bytes")
        for entry in listed:
            self._check_ratio(entry)

    def _check_ratio(self, entry: zipfile.ZipInfo) -> None:
        if entry.file_size > BOMB_FLOOR and entry.file_size > self.limits.ratio * max(entry.compress_size, 1):
            raise OversizeError(f"part {entry.filename} expands more than {self.limits.ratio} times, to {entry.file_size} bytes")


@contextmanager
def opened(file: Path | IO[bytes], limits: Limits, depth: int = 0) -> Iterator[ZipPackage]:
    """A package from a file or from bytes in memory.

    Args:
        depth: how many documents this one is embedded in.
    """
    if depth > limits.depth:
        raise DoubtError(f"documents are embedded in each other more than {limits.depth} deep")
    try:
        archive = zipfile.ZipFile(file)
    except (*_READ_ERRORS, ValueError) as error:
        raise DoubtError(f"not a sound zip: {error}") from error
    with archive:
        yield ZipPackage(archive, limits, depth)
