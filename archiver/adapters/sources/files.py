"""Reading one source file, and noticing when it changes under our hands."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator

from archiver.ports.sources import FileStamp, SourceError

CHUNK = 1024 * 1024

_KINDS = {
    stat.S_IFDIR: "is a folder",
    stat.S_IFCHR: "is a device",
    stat.S_IFBLK: "is a device",
    stat.S_IFIFO: "is a named pipe",
    stat.S_IFSOCK: "is a socket",
    stat.S_IFLNK: "is a symbolic link",
}

_REASONS = {
    errno.ENOENT: "no such file",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ELOOP: "symbolic links that lead in a circle",
    errno.ENAMETOOLONG: "its path is longer than this system can open",
    errno.ENOTDIR: "no such file: a part of its path is no folder",
    errno.EIO: "the disk it lies on gives a read error",
    errno.ESTALE: "its network file system lost it",
    errno.ENXIO: "is a socket or device without its other end",
}


def reason_of(error: OSError | ValueError) -> str:
    """The system's error, or that of a name no file can have, in words for a report."""
    if isinstance(error, UnicodeError):
        return "its name holds characters that no file name here can hold"
    if isinstance(error, ValueError):
        return "its name holds a NUL character"
    return _REASONS.get(error.errno or 0, os.strerror(error.errno) if error.errno else str(error))


def irregular(mode: int) -> str:
    """Why a file of this mode is no document; "" for a regular one."""
    return "" if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "is no regular file")


def stamp_of(found: os.stat_result) -> FileStamp:
    """What a stat says that matters."""
    return FileStamp(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


class LocalFiles:
    """`ports.sources.SourceReader` over the local file system."""

    def stamp(self, source: str) -> FileStamp:
        try:
            found = os.stat(source)
        except (OSError, ValueError) as error:
            raise _problem(error) from error
        if problem := irregular(found.st_mode):
            raise SourceError(problem)
        return stamp_of(found)

    def chunks(self, source: str) -> Iterator[bytes]:
        try:
            # O_NONBLOCK: opening a pipe that took the file's place must not wait for its writer
            descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (OSError, ValueError) as error:
            raise _problem(error) from error
        try:
            yield from self._read(descriptor)
        except OSError as error:
            raise _problem(error) from error
        finally:
            os.close(descriptor)

    def _read(self, descriptor: int) -> Iterator[bytes]:
        before = os.fstat(descriptor)
        if problem := irregular(before.st_mode):
            raise SourceError(problem)
        total = 0
        while chunk := os.read(descriptor, CHUNK):
            total += len(chunk)
            if total > before.st_size:
                break  # it grows: whoever writes to it may do so for ever
            yield chunk
        after = os.fstat(descriptor)
        if total != before.st_size or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise SourceError("changed while it was read")


def _problem(error: OSError | ValueError) -> SourceError:
    return SourceError(reason_of(error))
