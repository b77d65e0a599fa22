"""Identifiers of documents: the same input is the same document, and nobody outside can guess one."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from typing import NewType

DocumentId = NewType("DocumentId", str)


def document_id(key: bytes, collection: str, source: str, sha256: str, life: int = 0) -> DocumentId:
    """UUIDv8 (RFC 9562, 5.8) from HMAC-SHA-256 over the four parts, under the archive's own key.

    Keyed, so that holding a file does not let anybody confirm that the archive holds it too.

    Args:
        key: the archive's identifier key, 32 bytes.
        source: where it came from (path, URI, external id); for a member, its container's source and its place in it.
        sha256: digest of the plain bytes, or "" for a member whose bytes could not be read.
        life: 0; grows only when a purged document is archived again by decision.
    """
    parts = (collection, source, sha256, str(life))
    message = b"".join(len(raw).to_bytes(4, "big") + raw for raw in (p.encode("utf-8", "surrogateescape") for p in parts))
    raw = bytearray(hmac.digest(key, message, hashlib.sha256)[:16])
    raw[6] = (raw[6] & 0x0F) | 0x80
    raw[8] = (raw[8] & 0x3F) | 0x80
    return DocumentId(str(uuid.UUID(bytes=bytes(raw))))
