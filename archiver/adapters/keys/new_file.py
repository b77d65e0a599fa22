"""A small file that is written once: whole, durable, and never over another."""

from __future__ import annotations

import os
from pathlib import Path

from archiver.errors import AlreadyExistsError, UnreachableError


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Write `content` to a file that is not there yet.

    Raises:
        AlreadyExistsError: it is there.
        UnreachableError: it can't be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    except FileExistsError as error:
        raise AlreadyExistsError(f"{path} is there already", remedy="name another file: this one is not overwritten") from error
    except OSError as error:
        raise UnreachableError(f"can't write {path}: {error.strerror}", remedy="check folder, disk and permissions") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise UnreachableError(f"can't write {path}: {error.strerror}", remedy="check disk and permissions") from error
