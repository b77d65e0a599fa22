"""Names of locks that PostgreSQL keeps for us, in the numbers it wants."""

from __future__ import annotations

import hashlib


def advisory_key(name: str) -> int:
    """A 64-bit number for a name of ours; another program in the same database hardly has the same."""
    return int.from_bytes(hashlib.sha256(f"minutier:{name}".encode()).digest()[:8], "big", signed=True)
