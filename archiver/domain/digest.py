"""SHA-256 digests, as lower-case hexadecimal of 64 characters (FIPS 180-4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NewType

Sha256 = NewType("Sha256", str)

ALGORITHM = "sha256"


def of_bytes(data: bytes) -> Sha256:
    """Digest of `data`."""
    return Sha256(hashlib.sha256(data).hexdigest())


def of_chunks(chunks: Iterable[bytes]) -> tuple[Sha256, int]:
    """Digest and length in bytes of a stream, read once."""
    state, size = hashlib.sha256(), 0
    for chunk in chunks:
        state.update(chunk)
        size += len(chunk)
    return Sha256(state.hexdigest()), size
