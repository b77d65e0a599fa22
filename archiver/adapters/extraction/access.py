"""Whether a Microsoft Access database is encrypted: what reads it fails on such a file without saying why."""

from __future__ import annotations

from pathlib import Path

ACCESS = "application/x-msaccess"
_ACE = b"Standard ACE DB\x00"
_PROVIDER = 0x299
"""Offset of the length of the encryption description in the first page of an .accdb file (0 when there is none)."""


def is_encrypted(path: Path) -> bool:
    """True for a database of Access 2007 or later whose first page holds an encryption description (MS-OFFCRYPTO 2.3)."""
    with open(path, "rb") as stream:
        page = stream.read(_PROVIDER + 6)
    if page[4:20] != _ACE or len(page) < _PROVIDER + 6:
        return False
    length, major, minor = (int.from_bytes(page[at : at + 2], "little") for at in (_PROVIDER, _PROVIDER + 2, _PROVIDER + 4))
    return length > 0 and major in (2, 3, 4) and minor in (2, 3, 4)
