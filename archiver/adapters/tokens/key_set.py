"""An issuer's public keys, read from its key set (RFC 7517)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from archiver.domain.signing_algorithms import KEY_KINDS

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

MOST_KEYS = 100
SMALLEST_RSA = 2048
"""Bits; a shorter key is taken for none (RFC 7518, 3.3)."""

_READERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "RSA": RSAAlgorithm.from_jwk,
    "EC": ECAlgorithm.from_jwk,
    "OKP": OKPAlgorithm.from_jwk,
}
_PUBLIC = {
    "RSA": ("kty", "n", "e"),
    "EC": ("kty", "crv", "x", "y"),
    "OKP": ("kty", "crv", "x"),
}
"""What makes up a public key. Whatever else is in a set is not read: no address, no certificate, no private part."""


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A key that checks signatures. `algorithm`: the only one it serves; "" for any of its kind."""

    kid: str
    kind: tuple[str, str]
    algorithm: str
    public: PublicKey

    def serves(self, algorithm: str) -> bool:
        """Whether a signature of this algorithm may be checked with it."""
        return KEY_KINDS.get(algorithm) == self.kind and self.algorithm in ("", algorithm)


@dataclass(frozen=True, slots=True)
class KeySet:
    """All keys of an issuer at one moment."""

    keys: tuple[IssuerKey, ...]

    def find(self, kid: str | None, algorithm: str) -> IssuerKey | None:
        """The key a token names, if it is for that algorithm. Without a name: the only one there is for it."""
        serving = [key for key in self.keys if key.serves(algorithm) and (kid is None or key.kid == kid)]
        return serving[0] if len(serving) == 1 else None


def read_key_set(written: Mapping[str, Any]) -> KeySet:
    """The keys of a set that can check signatures; others are passed over, as RFC 7517 (5) asks.

    Raises:
        ValueError: it is no key set, or one of more than `MOST_KEYS`.
    """
    keys = written.get("keys")
    if not isinstance(keys, list) or len(keys) > MOST_KEYS:
        raise ValueError(f"this is no set of at most {MOST_KEYS} keys")
    return KeySet(tuple(key for key in map(_key, keys) if key is not None))


def _key(written: object) -> IssuerKey | None:
    if not isinstance(written, dict) or written.get("use", "sig") != "sig" or not _checks(written.get("key_ops")):
        return None
    kty, kid, algorithm = (written.get(name, "") for name in ("kty", "kid", "alg"))
    kind = (kty, "" if kty == "RSA" else written.get("crv", ""))
    if kind not in KEY_KINDS.values() or not isinstance(kid, str) or not isinstance(algorithm, str):
        return None
    try:
        public = _READERS[kty]({name: written[name] for name in _PUBLIC[kty]})
    except (PyJWTError, ValueError, KeyError, TypeError, AttributeError):
        return None  # this key is damaged; the others are not
    if isinstance(public, RSAPublicKey) and public.key_size < SMALLEST_RSA:
        return None
    return IssuerKey(kid, kind, algorithm, cast(PublicKey, public))


def _checks(operations: object) -> bool:
    return operations is None or (isinstance(operations, list) and "verify" in operations)
