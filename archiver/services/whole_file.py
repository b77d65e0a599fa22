"""A new file for people: whole, or not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """The file, to be written. One that could not be written to its end is removed.

    Raises:
        FileExistsError: it is there already, and stays as it is.
        OSError: it cannot be made or written.
    """
    with open(path, "xb") as out:
        try:
            yield out
        except BaseException:
            path.unlink(missing_ok=True)
            raise
