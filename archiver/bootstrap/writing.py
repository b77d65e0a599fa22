"""An archive taken for writing by a program that answers others: whoever writes now is waited for, not long."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.errors import LockedError

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive

SECONDS = 5.0
PAUSE = 0.1


def opened_for_writing(home: Path, *, seconds: float = SECONDS) -> Archive:
    """The archive, for a command that may run beside others only on servers. To be closed by whoever asked.

    Args:
        seconds: how long somebody else who writes is waited for.

    Raises:
        LockedError: somebody else writes for longer than that.
    """
    from archiver.bootstrap.archive import Archive

    until = time.monotonic() + seconds
    while True:
        try:
            return Archive(home, writable=True, beside=True)
        except LockedError:
            if time.monotonic() >= until:
                raise
        time.sleep(PAUSE)
