"""Walker for single-stream compressors: one member, which is the content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archiver.adapters.extraction.containers.codecs import codec_of, unpacked
from archiver.adapters.extraction.containers.entry import DamagedError, Entry
from archiver.adapters.extraction.containers.names import decoded, from_title
from archiver.adapters.extraction.source import Source

_SUFFIXES = {".gz", ".bz2", ".xz", ".lzma", ".zst", ".lz4", ".z", ".zlib"}
_SHORT = {".tgz": ".tar", ".tbz": ".tar", ".tbz2": ".tar", ".txz": ".tar", ".taz": ".tar", ".tzst": ".tar", ".svgz": ".svg"}
_NAME_FLAG = 0x08
_EXTRA_FLAG = 0x04


def codec(source: Source) -> str:
    """Which compressor.

    Raises:
        DamagedError: none that is known.
    """
    with source.path.open("rb") as file:
        name = codec_of(file.read(16))
    if name is None:
        raise DamagedError("no known compressor begins like this")
    return name


def walk(source: Source) -> Iterator[Entry]:
    """The one member."""
    used = codec(source)
    yield Entry(0, _member_name(source, used), -1, lambda: unpacked(source.path, used))


def _member_name(source: Source, used: str) -> str:
    stored = _gzip_name(source.path) if used == "gzip" else ""
    return stored or _without_suffix(source.name)


def _without_suffix(name: str) -> str:
    path = Path(name)
    suffix = path.suffix.lower()
    if suffix in _SUFFIXES and path.stem:
        return path.stem
    return from_title(path.stem, "content", _SHORT.get(suffix, ""))


def _gzip_name(path: Path) -> str:
    """The name stored in a gzip header (RFC 1952, 2.3), or ""."""
    with path.open("rb") as file:
        header = file.read(10)
        if len(header) < 10 or not header[3] & _NAME_FLAG:
            return ""
        if header[3] & _EXTRA_FLAG:
            file.seek(int.from_bytes(file.read(2), "little"), 1)
        raw, _, _ = file.read(4096).partition(b"\0")
    return decoded(raw)
