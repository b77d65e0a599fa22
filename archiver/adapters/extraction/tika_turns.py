"""Who may ask a Tika server now: all at once, or one alone whose neighbours shall not suffer for it.

A document under suspicion of ending the server's process is read while no other child of this machine has a request there:
should the process end again, it is that document's doing and nobody else's. Children of other machines are not seen.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_LOOK_AGAIN = 0.05
_SIGN_OF_LIFE = 1.0


class Turns:
    """Locks between processes, held by the kernel: they end with their holder, however it ends. For one thread.

    Args:
        folder: the same for all children that shall know of each other.
        url: the server; each has its own locks.
        alive: called about once a second while waiting.
    """

    def __init__(self, folder: Path, url: str, alive: Callable[[], None]) -> None:
        name = hashlib.sha256(url.encode()).hexdigest()[:16]
        self._door, self._room = folder / f"tika-{name}.door", folder / f"tika-{name}.room"
        self._alive = alive

    @contextmanager
    def taken(self, *, alone: bool) -> Iterator[None]:
        """Wait for a turn and hold it.

        Everyone goes in by the door. Who waits to be alone waits in it, so that the room empties; else it could wait for ever.
        """
        kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
        with ExitStack() as held:
            with ExitStack() as at_the_door:
                self._lock(at_the_door, self._door, kind)
                self._lock(held, self._room, kind)
            yield

    def _lock(self, held: ExitStack, path: Path, kind: int) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        held.callback(os.close, descriptor)
        said_at = time.monotonic()
        while not _locked(descriptor, kind):
            time.sleep(_LOOK_AGAIN)
            if time.monotonic() - said_at >= _SIGN_OF_LIFE:
                self._alive()
                said_at = time.monotonic()


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
