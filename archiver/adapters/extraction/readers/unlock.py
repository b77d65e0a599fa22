"""Encrypted office files: told apart, and opened with the passwords there are."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from archiver.adapters.extraction.readers.safe_xml import parsed
from archiver.adapters.extraction.readers.zip_package import ZipPackage
from archiver.adapters.extraction.source import DoubtError, ProtectedError, Source

DEFAULT_PASSWORD = "VelvetSweatshop"  # noqa: S105  what Office uses itself for "protected" but not secret workbooks
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MANIFEST = "META-INF/manifest.xml"
_RIGHTS_MANAGED = "\tDRMContent"
_ENCRYPTION_DATA = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}encryption-data"


def is_encrypted_office(path: Path) -> bool:
    """Whether this is an OOXML or legacy office file that is encrypted; False for everything else and for what is damaged."""
    with path.open("rb") as file:
        if file.read(len(_OLE_MAGIC)) != _OLE_MAGIC:
            return False
        try:
            return _is_rights_managed(file) or bool(_office_file(file).is_encrypted())
        except DoubtError:
            return False
        except Exception:  # noqa: BLE001  the parser meets damaged files with whatever error comes; they are not its business then
            return False


@contextmanager
def unlocked(source: Source) -> Iterator[Path]:
    """A decrypted copy of an encrypted office file, removed at the end.

    Raises:
        ProtectedError: no password fits, or the kind of encryption is not known.
        DoubtError: the file is damaged, or not an office file.
    """
    descriptor, name = tempfile.mkstemp(prefix="minutier-", suffix=source.path.suffix)
    copy = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out, source.path.open("rb") as file:
            if _is_rights_managed(file):
                raise ProtectedError("the file is protected by rights management; only its issuer's server can open it")
            _decrypt(_office_file(file), (DEFAULT_PASSWORD, *source.passwords), out)
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def refuse_encrypted_odf(package: ZipPackage) -> None:
    """Raises:
    ProtectedError: parts of this OpenDocument package are encrypted.
    """
    if _MANIFEST in package:
        manifest = parsed(package.read(_MANIFEST), _MANIFEST)
        if next(manifest.iter(_ENCRYPTION_DATA), None) is not None:
            raise ProtectedError("the OpenDocument file is encrypted, and no reader here can decrypt it")


def _is_rights_managed(file: IO[bytes]) -> bool:
    import olefile

    file.seek(0)
    try:
        with olefile.OleFileIO(file) as ole:
            return bool(ole.exists(_RIGHTS_MANAGED))
    except Exception as error:
        raise DoubtError(f"not a sound compound file: {error}") from error


def _office_file(file: IO[bytes]) -> Any:
    import msoffcrypto
    from msoffcrypto.exceptions import FileFormatError

    try:
        return msoffcrypto.OfficeFile(file)
    except FileFormatError as error:
        raise DoubtError(f"not an office file: {error}") from error
    except Exception as error:
        raise DoubtError(f"the office file is damaged: {error}") from error


def _decrypt(office: Any, passwords: Sequence[str], out: IO[bytes]) -> None:
    from msoffcrypto.exceptions import DecryptionError, InvalidKeyError, ParseError

    odd = ""
    for password in dict.fromkeys(passwords):
        try:
            _load_key(office, password)
            out.seek(0)
            out.truncate()
            office.decrypt(out)
        except (InvalidKeyError, DecryptionError):
            continue
        except ParseError as error:
            raise DoubtError(f"the encryption is damaged: {error}") from error
        except Exception as error:  # noqa: BLE001  a wrong key yields noise, which fails in any way at all
            odd = f"; the last failure was: {error}"
            continue
        out.flush()
        return
    tried = len(passwords) - 1
    raise ProtectedError((f"none of {tried} passwords opens the file" if tried else "a password is needed") + odd)


def _load_key(office: Any, password: str) -> None:
    """Checked against the file's own verifier where its format has one."""
    if office.format == "ooxml":
        office.load_key(password=password, verify_password=True)
    else:
        office.load_key(password=password)
