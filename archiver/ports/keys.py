"""Port: the archive's keys."""

from __future__ import annotations

from typing import Protocol


class Keys(Protocol):
    """Holds the identifier key and the signing key; hands out signatures, never the private part."""

    def identifier_key(self) -> bytes:
        """32 bytes for `domain.identifiers.document_id`. The same for the whole life of the archive."""

    @property
    def can_sign(self) -> bool:
        """Whether the signing key is at hand; on a host that only reads or works it need not be."""

    def signing_key_id(self) -> str:
        """First 16 hexadecimal characters of SHA-256 over the raw public key (32 bytes)."""

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature (RFC 8032), 64 bytes."""

    def public_key(self, key_id: str) -> bytes:
        """Raw Ed25519 public key, 32 bytes; old ones stay available.

        Raises:
            NotFoundError: no such key was ever used here.
        """
