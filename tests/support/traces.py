"""Where a word still is: in names and bytes of files, compressed ones opened."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import zstandard

_ZSTD = b"\x28\xb5\x2f\xfd"


def traces(folder: Path, *words: str) -> list[str]:
    """Files below `folder` whose name or content has one of these words, in any letters."""
    wanted = [word.lower().encode() for word in words]
    found = []
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if any(word in name.lower().encode() for word in wanted):
            found.append(f"{name} (its name)")
        if path.is_file() and has(path.read_bytes(), *words):
            found.append(name)
    return found


def has(body: bytes, *words: str) -> bool:
    """Whether one of these words is in the bytes, or in what they are when opened."""
    wanted = [word.lower().encode() for word in words]
    return any(word in each.lower() for each in _readings(body) for word in wanted)


def _readings(body: bytes) -> Iterator[bytes]:
    yield body
    yield body.replace(b"\x00", b"")  # two bytes a letter
    if body.startswith(_ZSTD):
        try:
            yield zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body), read_across_frames=True).read()
        except zstandard.ZstdError:
            return


def stored_with(bodies: Iterable[tuple[str, bytes]], *words: str) -> list[str]:
    """Names of those bodies that have one of these words."""
    return [name for name, body in bodies if has(name.encode(), *words) or has(body, *words)]
