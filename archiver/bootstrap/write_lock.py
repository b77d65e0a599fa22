"""The write lock of an archive in a folder."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path

from archiver.errors import LockedError, NotPermittedError


class WriteLock:
    """One writing process at a time. The file names its holder; the kernel lets go when that process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> WriteLock:
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise NotPermittedError(
                f"{self._path} cannot be written: {error.strerror}", remedy="run as the user who owns the archive"
            ) from error
        try:
            _lock_patiently(self._descriptor)
        except BlockingIOError as error:
            holder = _named(self._descriptor)
            os.close(self._descriptor)
            raise LockedError(
                f"the archive is being written by {holder}",
                remedy="wait until it has ended, or stop it with Ctrl-C; it can be resumed",
            ) from error
        os.ftruncate(self._descriptor, 0)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        os.pwrite(self._descriptor, f"process {os.getpid()} on {socket.gethostname()} since {started}\n".encode(), 0)
        return self

    def __exit__(self, *_: object) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _lock_patiently(descriptor: int) -> None:
    """Take the lock; a `holder_of` that looks at it at this very moment is gone at the next try."""
    for pause in (0.05, 0.1, 0.2):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(pause)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def holder_of(home: Path) -> str:
    """Who writes the archive now; "" when nobody does. Needs no right to write."""
    try:
        descriptor = os.open(home / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return ""
    except BlockingIOError:
        return f"the archive is being written by {_named(descriptor)}"
    finally:
        os.close(descriptor)


def _named(descriptor: int) -> str:
    return os.pread(descriptor, 500, 0).decode("utf-8", "replace").strip() or "another process"
