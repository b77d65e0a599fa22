"""What an archive is called by those who only know its certificates."""

from __future__ import annotations

import hashlib
import hmac


def archive_identity(identifier_key: bytes) -> str:
    """Name of an archive on one machine: follows from its identifier key, so that a rebuilt archive has it again.

    Returns: 32 hexadecimal characters.
    """
    return hmac.digest(identifier_key, b"minutier archive v1\n", hashlib.sha256).hex()[:32]
