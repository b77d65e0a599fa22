"""Turns that processes on one machine take, by locks of the kernel on two files: many at once that only add, or one that changes."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from archiver.errors import LockedError, NotPermittedError

LOOK_EVERY = 0.005
PAUSE = 0.02
"""Seconds that whoever was alone leaves to the others before it can be alone again: they look more often than that."""


@contextmanager
def file_turn(path: Path, *, shared: bool, seconds: float) -> Iterator[None]:
    """Inside a turn: alone, or together with others that share it. The kernel lets go when a process ends, however it ends.

    Whoever wants to be alone first takes the gate, which lets nobody new in, and then waits for those inside: so a stream of
    others never keeps it out.

    Args:
        path: the file that names who is inside; the gate lies beside it.
        seconds: how long it is waited for.

    Raises:
        LockedError: its turn did not come in that time; names who is inside.
        NotPermittedError: the file cannot be written.
    """
    until = time.monotonic() + seconds
    gate, inside = _opened(path.with_name(path.name + ".gate")), -1
    try:
        inside = _opened(path)
        _wait(gate, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, until, inside)
        _wait(inside, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, until, inside)
        if shared:
            fcntl.flock(gate, fcntl.LOCK_UN)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        os.pwrite(inside, f"process {os.getpid()} on {socket.gethostname()} since {started}\n".ljust(160).encode(), 0)
        yield
    finally:
        for descriptor in (inside, gate):
            if descriptor >= 0:
                os.close(descriptor)
        if not shared:
            time.sleep(PAUSE)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise NotPermittedError(
            f"{path} cannot be written: {error.strerror}", remedy="run as the user who owns the archive"
        ) from error


def _wait(descriptor: int, how: int, until: float, inside: int) -> None:
    while True:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() > until:
                holder = os.pread(inside, 160, 0).decode("utf-8", "replace").strip() or "another process"
                raise LockedError(
                    f"retention is being changed by {holder}, and did not end in time",
                    remedy="find out what that process waits for; then run this again, which goes on where it stopped",
                ) from error
        time.sleep(LOOK_EVERY)
