"""Tokens of API keys: `mnt_<id>_<secret><check>`. What the archive keeps of one is a digest that nobody can make without its key."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Self

ID_BYTES = 6
SECRET_BYTES = 32
PREFIX = "mnt_"
NAMES = "key:"
"""What the name of a principal begins with who came with an API key. That of one who came with another token never does."""

_CHECK_SIGNS = 8
_FORM = re.compile(
    rf"{PREFIX}(?P<id>[0-9a-f]{{{ID_BYTES * 2}}})_(?P<secret>[0-9a-f]{{{SECRET_BYTES * 2}}})[0-9a-f]{{{_CHECK_SIGNS}}}"
)
_LABEL = b"minutier/api-keys/1"


@dataclass(frozen=True, slots=True)
class Token:
    """What a caller shows. `id` is no secret and is shorter than the id of a person's key: the two are never taken for each other."""

    id: str
    secret: bytes

    @classmethod
    def read(cls, written: str) -> Self | None:
        """The token, if it has the form of one and its check is right: told without looking it up, by a scanner for leaks, too."""
        found = _FORM.fullmatch(written)
        if found is None or _check(written[:-_CHECK_SIGNS]) != written[-_CHECK_SIGNS:]:
            return None
        return cls(found["id"], bytes.fromhex(found["secret"]))

    def written(self) -> str:
        """The token as its owner keeps it. Never kept here, never logged."""
        before = f"{PREFIX}{self.id}_{self.secret.hex()}"
        return before + _check(before)

    def digest(self, key: bytes) -> bytes:
        """What is kept of it: HMAC-SHA-256 over id and secret, 32 bytes. With the id, so that no digest serves another key's row.

        Args:
            key: from `digest_key`.
        """
        return hmac.digest(key, self.id.encode("ascii") + b"\n" + self.secret, "sha256")

    def __repr__(self) -> str:
        return f"Token({self.id})"


def digest_key(identifier_key: bytes) -> bytes:
    """The key for digests, 32 bytes: HKDF-SHA-256 (RFC 5869), no salt, a label of its own, over `Keys.identifier_key`."""
    extracted = hmac.digest(bytes(hashlib.sha256().digest_size), identifier_key, "sha256")
    return hmac.digest(extracted, _LABEL + b"\x01", "sha256")


def _check(before: str) -> str:
    return hashlib.sha256(before.encode("ascii")).hexdigest()[:_CHECK_SIGNS]
