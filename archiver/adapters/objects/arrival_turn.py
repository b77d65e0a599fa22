"""Who may put files into a store that several processes write: one at a time, and never while leftovers are being settled."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archiver.adapters.objects.translation import disk_errors


@contextmanager
def arrival_turn(root: Path) -> Iterator[None]:
    """Alone with files on their way: whatever is on its way then was cut off. For short: others wait."""
    with disk_errors("waiting for its turn"):
        descriptor = os.open(root / "arrivals.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with disk_errors("waiting for its turn"):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
