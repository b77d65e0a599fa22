"""A person's own key: an Ed25519 pair in two PEM files, the private one readable by its owner only."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from archiver.adapters.keys.new_file import write_new
from archiver.errors import NotFoundError, NotPermittedError, UnreachableError, UsageError
from retention.signature import key_id

PUBLIC_SUFFIX = ".pub"
_MOST_BYTES = 64 * 1024
_NEW = "`minutier key new FILE` makes one"
_OPENED = ("ENCRYPTED", "Proc-Type: 4")


@dataclass(frozen=True, slots=True)
class PersonalKey:
    """A private key that was read, and signs.

    Attributes:
        public_key: raw, 32 bytes.
        exposed: others than the file's owner can read it; "" when they cannot, else the sentence to warn with.
    """

    key_id: str
    public_key: bytes
    exposed: str
    _private: Ed25519PrivateKey

    @classmethod
    def create(cls, path: Path, passphrase: bytes | None) -> PersonalKey:
        """Make a new pair: `path` (mode 0600) and the public key beside it, `path` with `.pub` added.

        Args:
            passphrase: what the private key is encrypted with; None leaves it open.

        Raises:
            AlreadyExistsError: one of the files is there: a key is never overwritten.
            UnreachableError: they can't be written.
        """
        private = Ed25519PrivateKey.generate()
        locked = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        public = _raw(private.public_key())
        beside = path.with_name(path.name + PUBLIC_SUFFIX)
        write_new(beside, public_pem(public).encode("ascii"), 0o644)
        try:
            write_new(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked), 0o600)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        return cls(key_id(public), public, "", private)

    @classmethod
    def load(cls, path: Path, passphrase: Callable[[], bytes]) -> PersonalKey:
        """Read a private key.

        Args:
            passphrase: asked for only when the key is encrypted.

        Raises:
            NotFoundError: there is no such file.
            NotPermittedError: it is encrypted, with another passphrase.
            UsageError: it holds no Ed25519 private key.
            UnreachableError: it can't be read.
        """
        pem = _read(path)
        encrypted = any(sign in pem.decode("latin-1") for sign in _OPENED)
        private = _private_key(path, pem, passphrase() if encrypted else None)
        public = _raw(private.public_key())
        return cls(key_id(public), public, _exposed(path), private)

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature (RFC 8032), 64 bytes."""
        return self._private.sign(message)


def read_public(path: Path) -> bytes:
    """The raw public key (32 bytes) in a PEM file.

    Raises:
        NotFoundError: there is no such file.
        UsageError: it holds no Ed25519 public key.
        UnreachableError: it can't be read.
    """
    pem = _read(path)
    if b"PRIVATE KEY" in pem:
        raise UsageError(
            f"{path} holds a private key, which nobody but its owner should have",
            remedy=f"give the file {path.name}{PUBLIC_SUFFIX}",
        )
    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(f"{path} holds no public key in PEM form", remedy=_NEW) from error
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{path} holds a key that is not Ed25519", remedy=_NEW)
    return _raw(key)


def public_pem(public_key: bytes) -> str:
    """A raw public key as PEM (SubjectPublicKeyInfo)."""
    pem = Ed25519PublicKey.from_public_bytes(public_key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode("ascii")


def _private_key(path: Path, pem: bytes, passphrase: bytes | None) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=passphrase or None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if passphrase is not None:
            raise NotPermittedError(
                f"{path} does not open with this passphrase", remedy="give the one it was made with"
            ) from error
        raise UsageError(f"{path} holds no private key in PEM form", remedy=_NEW) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} holds a key that is not Ed25519", remedy=_NEW)
    return key


def _read(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            found = file.read(_MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}", remedy=_NEW) from error
    except OSError as error:
        raise UnreachableError(f"can't read {path}: {error.strerror}", remedy="name a file this user may read") from error
    if len(found) > _MOST_BYTES:
        raise UsageError(f"{path} is far too long for a key", remedy=_NEW)
    return found


def _exposed(path: Path) -> str:
    mode = stat.S_IMODE(path.stat().st_mode)
    return f"others can read {path} (mode {mode:04o}): chmod go= {path}" if mode & 0o077 else ""


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)
