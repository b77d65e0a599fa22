"""A file that a command writes for people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

from archiver.errors import AlreadyExistsError, UnreachableError

T = TypeVar("T")


def made(output: str, write: Callable[[BinaryIO], T]) -> T:
    """A new file, whole or not at all; gives what `write` gives.

    Raises:
        AlreadyExistsError: it is there already.
        UnreachableError: it cannot be written.
    """
    from archiver.services.whole_file import whole_file

    try:
        with whole_file(Path(output)) as out:
            return write(out)
    except FileExistsError as error:
        raise AlreadyExistsError(f"{output} is there already", remedy="name another file: this one is not overwritten") from error
    except OSError as error:
        raise UnreachableError(
            f"{output} cannot be written: {error.strerror}", remedy="check folder, disk and permissions"
        ) from error
