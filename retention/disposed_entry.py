"""The ledger entry that tells of one document's destruction, rebuilt from what a certificate says of it."""

from __future__ import annotations

import hashlib

from retention.merkle import leaf_hash

DISPOSED = "disposed"


def payload(document_id: str, at: str, purge_id: str, item: str) -> str:
    """The entry's payload, in the ledger's one form: JSON with sorted keys, no spaces, ASCII.

    Args:
        at: as `retention.timestamp` writes it; item: the plan item's commitment, in hexadecimal. None of the four holds
            anything that JSON would escape.
    """
    return f'{{"at":"{at}","data":{{"item":"{item}","purge":"{purge_id}"}},"document":"{document_id}","kind":"{DISPOSED}","v":1}}'


def leaf(salt: bytes, entry_payload: str) -> bytes:
    """Leaf hash of an entry: SHA-256(0x00 || SHA-256(salt || payload))."""
    return leaf_hash(hashlib.sha256(salt + entry_payload.encode("ascii")).digest())
