"""Ed25519 signatures (RFC 8032), checked. Making them is the business of whoever holds the key."""

from __future__ import annotations

import hashlib

SCHEME = "ed25519"


def key_id(public_key: bytes) -> str:
    """Name of a key: the first 16 hexadecimal characters of SHA-256 over its 32 raw bytes."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def signature_holds(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Was `message` signed by the owner of `public_key` (raw, 32 bytes)? False as well for a key that is none."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
