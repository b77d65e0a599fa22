"""The write lock of an archive in a folder. Whoever only works through what waits gives way to whoever asks for it."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path

from archiver.adapters.file_lock import taken_alone
from archiver.errors import LockedError, NotPermittedError

_YIELDS = "gives way when asked"
_ASKING_SECONDS = 20.0
_LOOK_EVERY = 0.02


class WriteLock:
    """One writing process at a time. The file names its holder; the kernel lets go when that process ends, however it ends.

    Args:
        yields: this holder looks at `wanted`, and then lets go soon: others wait for it.
    """

    def __init__(self, path: Path, *, yields: bool = False) -> None:
        self._path, self._yields = path, yields
        self._descriptor = -1

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for it."""
        descriptor = os.open(_asking_path(self._path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            return not taken_alone(descriptor)
        finally:
            os.close(descriptor)

    def __enter__(self) -> WriteLock:
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise NotPermittedError(
                f"{self._path} cannot be written: {error.strerror}", remedy="run as the user who owns the archive"
            ) from error
        try:
            _lock_patiently(self._descriptor, _asking_path(self._path), yields=self._yields)
        except BlockingIOError as error:
            holder = _named(self._descriptor)
            os.close(self._descriptor)
            raise LockedError(
                f"the archive is being written by {holder}",
                remedy="wait until it has ended, or stop it with Ctrl-C; it can be resumed",
            ) from error
        os.ftruncate(self._descriptor, 0)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        how = f", {_YIELDS}" if self._yields else ""
        os.pwrite(self._descriptor, f"process {os.getpid()} on {socket.gethostname()} since {started}{how}\n".encode(), 0)
        return self

    def __exit__(self, *_: object) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _lock_patiently(descriptor: int, asking: Path, *, yields: bool) -> None:
    """Take the lock; a `holder_of` that looks at it at this very moment is gone at the next try, and a holder that yields is asked."""
    for pause in (0.05, 0.1, 0.2):
        if taken_alone(descriptor):
            return
        time.sleep(pause)
    if not yields and not _keeps_it(descriptor) and _lock_by_asking(descriptor, asking):
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _lock_by_asking(descriptor: int, asking: Path) -> bool:
    """Ask the holder to give way, and wait for that, as long as it is one that does."""
    asked = os.open(asking, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(asked, fcntl.LOCK_SH)
        until = time.monotonic() + _ASKING_SECONDS
        while not taken_alone(descriptor):
            if time.monotonic() > until or _keeps_it(descriptor):
                return False
            time.sleep(_LOOK_EVERY)
        return True
    finally:
        os.close(asked)


def _keeps_it(descriptor: int) -> bool:
    """Whether the holder said that it does not give way. For a moment after taking the lock, and before letting go, it says nothing."""
    said = _said(descriptor)
    return bool(said) and _YIELDS not in said


def _asking_path(path: Path) -> Path:
    return path.with_name(path.name + ".asking")


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
    return _said(descriptor) or "another process"


def _said(descriptor: int) -> str:
    return os.pread(descriptor, 500, 0).decode("utf-8", "replace").strip()
