"""What a file is, from its bytes; its name decides only where bytes cannot."""

from __future__ import annotations

import re
from pathlib import Path

from archiver.adapters.extraction.ole_kinds import OLE_MAGIC, ole_type
from archiver.adapters.extraction.package_kinds import package_type
from archiver.adapters.extraction.readers.charset import looks_like_text, sniff
from archiver.adapters.extraction.signatures import ISO_BRANDS, RIFF, SIGNATURES, TEXT_EXTENSIONS
from archiver.adapters.extraction.text_kinds import markup_type, message_type

EMPTY = "application/x-empty"
UNKNOWN = "application/octet-stream"
_HEAD = 16_384
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_PDF_WITHIN = 1024
_DER = (b"\x30\x80", b"\x30\x81", b"\x30\x82", b"\x30\x83", b"\x30\x84")


def media_type(path: Path, name: str) -> str:
    """Media type of the file at `path`, in Tika's spelling and without parameters; reads a few kilobytes.

    Args:
        name: as received; a hint for plain text only.
    """
    with open(path, "rb") as stream:
        head = stream.read(_HEAD)
    if not head:
        return EMPTY
    return _by_magic(head, path) or _by_content(head, name)


def extension(name: str) -> str:
    """Extension of a name: lower case, no dot, "" when there is none or it is not plain letters and digits."""
    found = re.search(r"\.([A-Za-z0-9]{1,12})$", name)
    return found.group(1).lower() if found else ""


def _by_magic(head: bytes, path: Path) -> str:
    if head.startswith(_ZIP):
        return package_type(path, head)
    if head.startswith(OLE_MAGIC):
        return ole_type(path)
    for offset, magic, kind in SIGNATURES:
        if head.startswith(magic, offset):
            return kind
    if head[:4] == b"RIFF":
        return RIFF.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return ISO_BRANDS.get(head[8:12], "video/mp4")
    if b"%PDF-" in head[:_PDF_WITHIN] and not head.startswith(_DER):
        return "application/pdf"
    return _by_structure(head)


def _by_structure(head: bytes) -> str:
    """Formats without a magic number, told by a header that checks itself."""
    if _tar_header(head):
        return "application/x-tar"
    if head[:2] == b"BM" and len(head) > 26 and int.from_bytes(head[14:18], "little") in (12, 40, 52, 56, 64, 108, 124):
        return "image/bmp"
    if head[0] == 0x78 and len(head) > 6 and int.from_bytes(head[:2], "big") % 31 == 0 and not looks_like_text(head):
        return "application/zlib"
    return ""


def _tar_header(head: bytes) -> bool:
    """True for a tar older than `ustar`: the checksum of its first header holds."""
    if len(head) < 512 or head[0] == 0:
        return False
    stored = head[148:156].split(b"\x00")[0].strip()
    if not re.fullmatch(rb"[0-7]{1,7}", stored):
        return False
    return sum(head[:148]) + 8 * 0x20 + sum(head[156:512]) == int(stored, 8)


def _by_content(head: bytes, name: str) -> str:
    text = sniff(head)
    if text is None:
        return UNKNOWN
    hint = extension(name)
    return message_type(text, hint) or markup_type(text, hint) or TEXT_EXTENSIONS.get(hint, "text/plain")
