"""Digests in headers (RFC 9530)."""

from __future__ import annotations

import base64
import binascii
import re

from archiver.errors import UsageError

_SHA256 = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]*):", re.IGNORECASE)


def declared_digest(header: str) -> str:
    """The SHA-256 that a `Repr-Digest` or `Content-Digest` declares, in hexadecimal; "" where it declares none that is known here.

    Raises:
        UsageError: it declares one that cannot be.
    """
    found = _SHA256.search(header)
    if found is None:
        return ""
    try:
        raw = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != 32:
        raise UsageError("a declared digest is no SHA-256", remedy="write sha-256=:BASE64: as RFC 9530 has it")
    return raw.hex()


def digest_header(sha256: str) -> str:
    """A `Repr-Digest` of this SHA-256, given in hexadecimal."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"
