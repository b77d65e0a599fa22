"""Members that lie in their container as they are: a stretch of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from archiver.adapters.extraction.containers.entry import CHUNK, DamagedError


def piece_of(path: Path, start: int, size: int) -> Callable[[], Iterator[bytes]]:
    """Reader of `size` bytes from `start`."""
    return lambda: _read(path, start, size)


def _read(path: Path, start: int, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = size
        while left > 0:
            piece = file.read(min(left, CHUNK))
            if not piece:
                raise DamagedError(f"the data ends {left} bytes early")
            left -= len(piece)
            yield piece
