"""Walker for tar, plain or inside any compressor."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archiver.adapters.extraction.containers.codecs import codec_of, unpacked
from archiver.adapters.extraction.containers.entry import CHUNK, DamagedError, Entry, unreadable
from archiver.adapters.extraction.containers.stream import Forward
from archiver.adapters.extraction.source import Source
from archiver.domain.extraction import Outcome

_MAGIC_AT = 257
_MAGIC = b"ustar"


def looks_like_tar(head: bytes) -> bool:
    """Whether the first 512 bytes are a tar header: its magic, or (old tar) a checksum that holds."""
    if head[_MAGIC_AT : _MAGIC_AT + 5] == _MAGIC:
        return True
    try:
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def plain_bytes(path: Path) -> Iterator[bytes]:
    """The file's bytes, decompressed where it is compressed."""
    with path.open("rb") as file:
        codec = codec_of(file.read(16))
    if codec is not None:
        yield from unpacked(path, codec)
        return
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def walk(source: Source) -> Iterator[Entry]:
    """Members in order. Links and devices are listed as failures: they hold no bytes of their own.

    Raises:
        DamagedError: a header cannot be read; what comes after it is lost.
    """
    data = Forward(plain_bytes(source.path))
    try:
        yield from _entries(_Reader(fileobj=data))
        data.finish()
    except tarfile.TarError as error:
        raise DamagedError(str(error)) from error


class _Header(tarfile.TarInfo):
    """A header that remembers why reading stopped; `tarfile` takes any bad header after the first for the end."""

    @classmethod
    def fromtarfile(cls, tarfile: Any) -> _Header:
        try:
            header: _Header = super().fromtarfile(tarfile)
        except _STOPPED as error:
            tarfile.stopped = f"header at byte {tarfile.offset}: {error}"
            raise
        return header


_STOPPED = (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError)  # type: ignore[attr-defined]


class _Reader(tarfile.TarFile):
    """Reads front to back, keeping no list of members."""

    stopped = ""
    members: list[tarfile.TarInfo]

    def __init__(self, fileobj: Forward) -> None:
        super().__init__(fileobj=fileobj, mode="r", tarinfo=_Header, encoding="utf-8", errors="surrogateescape")

    def headers(self) -> Iterator[tarfile.TarInfo]:
        while (member := self.next()) is not None:
            self.members.clear()
            yield member
        if self.stopped:
            raise DamagedError(self.stopped)


def _entries(reader: _Reader) -> Iterator[Entry]:
    for index, member in enumerate(reader.headers()):
        if not member.isdir():
            yield _entry(reader, index, member)


def _entry(reader: _Reader, index: int, member: tarfile.TarInfo) -> Entry:
    if member.isreg():
        return Entry(index, member.name, member.size, lambda: _content(reader, member))
    if member.issym() or member.islnk():
        kind = "symbolic" if member.issym() else "hard"
        return unreadable(index, member.name, 0, Outcome.UNSUPPORTED, f"{kind} link to {member.linkname!a}, not followed")
    return unreadable(index, member.name, 0, Outcome.UNSUPPORTED, "device, pipe or other special file, not a document")


def _content(reader: _Reader, member: tarfile.TarInfo) -> Iterator[bytes]:
    file = reader.extractfile(member)
    if file is None:
        raise DamagedError("the member has no data")
    try:
        while piece := file.read(CHUNK):
            yield piece
    except tarfile.TarError as error:
        raise DamagedError(str(error)) from error
