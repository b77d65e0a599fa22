"""Single steps on files, each durable or verifiable on its own."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PIECE = 1024 * 1024
READ_ONLY = 0o440

_NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def write_new(path: str, body: bytes) -> None:
    """A new file with `body`, read only; not yet durable."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, READ_ONLY)
    try:
        write_all(descriptor, body)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, however little the system takes at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def harden(path: str) -> None:
    """Make a written file read only."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.fchmod(descriptor, READ_ONLY)
    finally:
        os.close(descriptor)


def sync_file(path: str) -> None:
    """Make a written file durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def place(staged: str, target: str) -> bool:
    """Give a file its name; False when that name is taken, and then nothing has changed."""
    try:
        os.link(staged, target, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        return _place_without_links(staged, target)
    os.unlink(staged)
    return True


def _place_without_links(staged: str, target: str) -> bool:
    """For file systems that know no hard links. The archive has one writer, so nobody is between the two calls."""
    if os.path.lexists(target):
        return False
    os.rename(staged, target)
    return True


def make_folders(folder: str) -> list[str]:
    """Make `folder` and what is missing above it; returns the folders whose entries changed and want a sync."""
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o750)
    return [os.path.dirname(path) for path in missing]


def sync_folder(folder: str) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_back(path: str) -> tuple[str, int]:
    """SHA-256 and size of what the disk holds: cached pages are dropped first where the system allows it."""
    descriptor = open_regular(path)
    try:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        state, size = hashlib.sha256(), 0
        at_once = min(PIECE, os.fstat(descriptor).st_size + 1)
        while piece := os.read(descriptor, at_once):
            state.update(piece)
            size += len(piece)
    finally:
        os.close(descriptor)
    return state.hexdigest(), size


def open_regular(path: str) -> int:
    """A descriptor for reading; a link or a device in a file's place is not followed (ELOOP, EINVAL)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return descriptor


def file_size(path: str) -> int | None:
    """Bytes of the regular file there; None when there is none, -1 when something else has the name."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else -1


def files_below(folder: Path, begins: str = "") -> Iterator[str]:
    """Paths of everything that is not a folder below `folder`, lazily; a folder that vanishes meanwhile is empty.

    Args:
        begins: only entries of `folder` itself whose name begins so, and all below them.
    """
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            if not entry.name.startswith(begins):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from files_below(Path(entry.path))
            else:
                yield entry.path


def opened(path: str) -> BinaryIO:
    """The file for reading, buffered."""
    return os.fdopen(open_regular(path), "rb")
