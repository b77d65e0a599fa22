"""SHA-256 digests, as lower-case hexadecimal of 64 characters (FIPS 180-4)."""

from __future__ import annotations

import hashlib
from typing import NewType

Sha256 = NewType("Sha256", str)

ALGORITHM = "sha256"


def of_bytes(data: bytes) -> Sha256:
    """Digest of `data`."""
    return Sha256(hashlib.sha256(data).hexdigest())
