"""The archive's keys in a folder only its owner can read."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from archiver.errors import AlreadyExistsError, IntegrityError, NoArchiveError, NotFoundError, NotPermittedError, UnreachableError

KEY_BYTES = 32
_IDENTIFIER = "identifier.key"
_SIGNING = "signing.pem"
_PUBLIC = "public"


class FileKeys:
    """Keys over a folder: `identifier.key` (32 bytes), `signing.pem` (Ed25519, PKCS#8), `public/<key id>.pub` (32 bytes).

    The folder has mode 0700, private files 0600. Read once, when first asked for.

    Raises:
        NoArchiveError: no keys there.
        NotPermittedError: others than the owner can read them.
        IntegrityError: a file does not hold what it should.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        _require_private(folder)
        self._identifier = _private_bytes(folder / _IDENTIFIER)
        if len(self._identifier) != KEY_BYTES:
            raise IntegrityError(f"{folder / _IDENTIFIER} is not {KEY_BYTES} bytes long", remedy="restore it from a backup")
        self._signing = _signing_key(folder / _SIGNING)
        self._public = self._signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @classmethod
    def create(cls, folder: Path) -> FileKeys:
        """Make the keys of a new archive, durably.

        Raises:
            AlreadyExistsError: there are keys: they are never replaced.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            (folder / _PUBLIC).mkdir(mode=0o700, exist_ok=True)
            if (folder / _IDENTIFIER).exists():
                raise FileExistsError(folder / _IDENTIFIER)
            _make_signing_key(folder)
            _write_once(folder / _IDENTIFIER, secrets.token_bytes(KEY_BYTES), 0o600)
        except FileExistsError as error:
            raise AlreadyExistsError(
                f"there are keys in {folder}", remedy="keep them: an archive's keys are never replaced"
            ) from error
        except OSError as error:
            raise UnreachableError(
                f"can't write keys in {folder}: {error.strerror}", remedy="check disk and permissions"
            ) from error
        return cls(folder)

    @property
    def can_sign(self) -> bool:
        """See the port: the key is in the folder."""
        return True

    def identifier_key(self) -> bytes:
        """See the port."""
        return self._identifier

    def signing_key_id(self) -> str:
        """See the port."""
        return _key_id(self._public)

    def sign(self, message: bytes) -> bytes:
        """See the port."""
        return self._signing.sign(message)

    def public_key(self, key_id: str) -> bytes:
        """See the port."""
        if key_id == self.signing_key_id():
            return self._public
        if len(key_id) != 16 or not set(key_id) <= set("0123456789abcdef"):
            raise NotFoundError(f"not a key id: {key_id[:40]!r}", remedy="a key id is 16 hexadecimal characters")
        path = self.folder / _PUBLIC / f"{key_id}.pub"
        try:
            found = path.read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError(f"no key {key_id} was ever used here") from error
        except OSError as error:
            raise UnreachableError(f"can't read {path}: {error.strerror}", remedy="check disk and permissions") from error
        if len(found) != KEY_BYTES or _key_id(found) != key_id:
            raise IntegrityError(f"{path} does not hold the key of its name", remedy="restore it from a backup")
        return found


def _make_signing_key(folder: Path) -> None:
    """The signing key, or the one that a creation cut off before its end has made; never a second one."""
    with contextlib.suppress(FileExistsError):
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write_once(folder / _SIGNING, pem, 0o600)
    public = _signing_key(folder / _SIGNING).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    with contextlib.suppress(FileExistsError):
        _write_once(folder / _PUBLIC / f"{_key_id(public)}.pub", public, 0o644)


def _key_id(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def _signing_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(_private_bytes(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise IntegrityError(f"{path} holds no readable private key", remedy="restore it from a backup") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise IntegrityError(f"{path} holds a key that is not Ed25519", remedy="restore it from a backup")
    return key


def _private_bytes(path: Path) -> bytes:
    _require_private(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreachableError(f"can't read {path}: {error.strerror}", remedy="check disk and permissions") from error


def _require_private(path: Path) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError as error:
        raise NoArchiveError(f"no keys at {path}", remedy="make an archive with `minutier init`, or restore its keys") from error
    except OSError as error:
        raise UnreachableError(f"can't look at {path}: {error.strerror}", remedy="check disk and permissions") from error
    if mode & 0o077:
        raise NotPermittedError(f"others can read {path} (mode {mode:04o})", remedy=f"chmod go= {path}")


def _write_once(path: Path, content: bytes, mode: int) -> None:
    """A new file, whole or not at all, durable. Raises FileExistsError."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(fresh, path)
    finally:
        fresh.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
