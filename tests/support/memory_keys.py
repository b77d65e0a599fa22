"""Keys in memory, made from a word, so that a test can have several archives' worth of them."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from archiver.errors import NotFoundError
from retention.signature import key_id


class MemoryKeys:
    """`ports.keys.Keys`; signs with the last key, knows them all."""

    def __init__(self, *words: str) -> None:
        self._private = [Ed25519PrivateKey.from_private_bytes(hashlib.sha256(word.encode()).digest()) for word in words]
        self._public = [each.public_key().public_bytes_raw() for each in self._private]

    can_sign = True

    def identifier_key(self) -> bytes:
        return b"\x01" * 32

    def signing_key_id(self) -> str:
        return key_id(self._public[-1])

    def sign(self, message: bytes) -> bytes:
        return self._private[-1].sign(message)

    def public_key(self, wanted: str) -> bytes:
        for each in self._public:
            if key_id(each) == wanted:
                return each
        raise NotFoundError(f"no key {wanted}")
