"""Certificates of the time-stamp authorities that are trusted: those named, else those that the machine trusts."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import Certificate, load_pem_x509_certificates

from archiver.errors import UsageError

_REMEDY = "name a file of PEM certificates with timestamp_ca"


def trusted(ca: Path | None) -> list[Certificate]:
    """The certificates in a PEM file; without one, the machine's own.

    Raises:
        UsageError: there are none, or they can't be read.
    """
    found = _read(ca) if ca else _of_the_machine()
    if not found:
        raise UsageError("this machine trusts no authority", remedy=_REMEDY)
    return list(dict.fromkeys(found))


def reaches(leaf: Certificate, between: Sequence[Certificate], roots: Sequence[Certificate]) -> bool:
    """Whether signatures lead from `leaf` to one of `roots`. Days and purposes are not looked at."""
    waiting, seen = [leaf], {leaf}
    while waiting:
        one = waiting.pop()
        if one in roots:
            return True
        issuers = [each for each in (*between, *roots) if each not in seen and _issued(one, each)]
        seen.update(issuers)
        waiting += issuers
    return False


def _issued(one: Certificate, issuer: Certificate) -> bool:
    try:
        one.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _of_the_machine() -> list[Certificate]:
    paths = ssl.get_default_verify_paths()
    files = [Path(paths.cafile)] if paths.cafile else sorted(Path(paths.capath).glob("*.0")) if paths.capath else []
    with warnings.catch_warnings():  # some old roots have serial numbers that are not allowed any more
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return [each for file in files for each in _read(file)]


def _read(file: Path) -> list[Certificate]:
    try:
        return load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", remedy=_REMEDY) from error
    except ValueError as error:
        raise UsageError(f"{file} holds no certificates in PEM form", remedy=_REMEDY) from error
