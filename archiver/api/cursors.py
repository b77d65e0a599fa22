"""Cursors as they leave the house: sealed, so that they tell nothing, cannot be made up, and serve their caller alone."""

from __future__ import annotations

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from archiver.domain.access import Principal
from archiver.errors import UsageError

_NONCE = 12
_LONGEST = 2_000
_LABEL = b"minutier/api-cursor/1"


class Cursors:
    """Seals with a key derived from the archive's own (HKDF, RFC 5869): every process of one archive opens them."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(HKDF(SHA256(), 32, None, _LABEL).derive(secret))

    def sealed(self, inner: str | None, principal: Principal) -> str | None:
        """The cursor for this caller; None on the last page."""
        if inner is None:
            return None
        nonce = os.urandom(_NONCE)
        return _written(nonce + self._cipher.encrypt(nonce, inner.encode(), _bound(principal)))

    def opened(self, cursor: str | None, principal: Principal) -> str | None:
        """What was sealed.

        Raises:
            UsageError: it was not given to this caller with these groups, or not given at all.
        """
        if cursor is None:
            return None
        try:
            raw = base64.b64decode(cursor[:_LONGEST] + "=" * (-len(cursor) % 4), b"-_", validate=True)
            if _written(raw) != cursor:
                raise ValueError("not the one way in which it is written")
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], _bound(principal)).decode()
        except (ValueError, InvalidTag, binascii.Error) as error:
            raise UsageError("this cursor was not given for this question", remedy="begin again without a cursor") from error


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bound(principal: Principal) -> bytes:
    """Name and groups: a cursor ends with the grant it was given under."""
    return "\0".join([principal.name, *sorted(principal.groups)]).encode("utf-8", "surrogatepass")
