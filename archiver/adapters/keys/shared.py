"""Keys of an archive that several hosts share: what all of them need is in the catalogue, the key that signs stays in a file."""

from __future__ import annotations

import hashlib

from archiver.adapters.keys.embedded import KEY_BYTES, FileKeys
from archiver.errors import IntegrityError, NoArchiveError, NotFoundError, NotPermittedError, UsageError
from archiver.ports.catalog import Marks

ARCHIVE_ID = "archive_id"
_IDENTIFIER = "identifier_key"
_PUBLIC = "public_key:"


class SharedKeys:
    """Keys over the catalogue's marks and, on hosts that seal, the key files. Safe from several threads, processes and hosts.

    Args:
        files: the key files of this host; None where there are none.

    Raises:
        NoArchiveError: the catalogue holds no keys: no archive was made in it.
        UsageError: the key files are of another archive.
        IntegrityError: the catalogue's key is damaged.
    """

    def __init__(self, marks: Marks, files: FileKeys | None) -> None:
        self._marks, self._files = marks, files
        self._identifier = _identifier_in(marks)
        if files and files.identifier_key() != self._identifier:
            raise UsageError(
                f"the keys in {files.folder} (identifier key {_fingerprint(files.identifier_key())}) are not those of the archive "
                f"{marks.get_mark(ARCHIVE_ID)} in the catalogue (identifier key {_fingerprint(self._identifier)})",
                remedy="name the archive's own folder with --archive, or move these keys away; a host that only works needs none",
            )

    @classmethod
    def create(cls, marks: Marks, files: FileKeys, archive_id: str) -> SharedKeys:
        """Give a new archive its identity, once: the first to write it made the archive. Safe to repeat with the same files.

        Raises:
            UsageError: the catalogue holds another archive.
        """
        marks.keep_mark(_IDENTIFIER, files.identifier_key().hex())
        keys = cls(marks, files)
        marks.keep_mark(ARCHIVE_ID, archive_id)
        keys._publish(files)
        return keys

    @property
    def can_sign(self) -> bool:
        """See the port."""
        return self._files is not None

    def identifier_key(self) -> bytes:
        """See the port."""
        return self._identifier

    def signing_key_id(self) -> str:
        """See the port."""
        return self._signing_files().signing_key_id()

    def sign(self, message: bytes) -> bytes:
        """See the port. What a host signs with is in the catalogue before, so that every host can check it."""
        files = self._signing_files()
        self._publish(files)
        return files.sign(message)

    def public_key(self, key_id: str) -> bytes:
        """See the port."""
        written = self._marks.get_mark(_PUBLIC + key_id)
        if written is None:
            if self._files:
                return self._files.public_key(key_id)
            raise NotFoundError(f"no key {key_id[:40]!r} was ever used here", remedy="a key id is 16 hexadecimal characters")
        found = _bytes_of(written, f"public key {key_id}")
        if hashlib.sha256(found).hexdigest()[:16] != key_id:
            raise IntegrityError(f"the catalogue's public key {key_id} is not the key of its name", remedy=_RESTORE)
        return found

    def _publish(self, files: FileKeys) -> None:
        key_id = files.signing_key_id()
        if self._marks.get_mark(_PUBLIC + key_id) is None:
            self._marks.keep_mark(_PUBLIC + key_id, files.public_key(key_id).hex())

    def _signing_files(self) -> FileKeys:
        if self._files is None:
            raise NotPermittedError(
                "the signing key is not on this host",
                remedy="run it on the host where the archive was made, or copy that archive folder's `keys` to this one's",
            )
        return self._files


_RESTORE = "restore the catalogue from a backup, then run `minutier verify`"


def _identifier_in(marks: Marks) -> bytes:
    written = marks.get_mark(_IDENTIFIER)
    if written is None:
        raise NoArchiveError("the catalogue holds no archive's keys", remedy="`minutier init` makes an archive in it")
    return _bytes_of(written, "identifier key")


def _bytes_of(written: str, what: str) -> bytes:
    try:
        found = bytes.fromhex(written)
    except ValueError:
        found = b""
    if len(found) != KEY_BYTES:
        raise IntegrityError(f"the catalogue's {what} is not {KEY_BYTES} bytes", remedy=_RESTORE)
    return found


def _fingerprint(secret: bytes) -> str:
    """Enough of its digest to tell keys apart, and nothing of the key."""
    return hashlib.sha256(b"minutier identifier key" + secret).hexdigest()[:16]
