"""A lock on an open file (`flock`): the kernel lets go of it when the process ends, however that ends."""

from __future__ import annotations

import fcntl


def taken_alone(descriptor: int) -> bool:
    """Take it for this descriptor alone; False when somebody else has it. Safe to repeat."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
