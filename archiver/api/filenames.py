"""A document's name as a browser may save it: `Content-Disposition` (RFC 6266, RFC 8187), whatever the name holds."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

NAMELESS = "document"
_LONGEST = 150
_LONGEST_ENDING = 20
_UNSAFE = re.compile(r'[\x00-\x1f\x7f"*/:<>?\\|%;]')
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_ATTR_CHARS = "!#$&+-.^_`|~"


def attachment(name: str) -> str:
    """The header that has it saved, never shown: with the name in ASCII for old clients, and whole for others."""
    whole = file_name(name)
    plain = unicodedata.normalize("NFKD", whole).encode("ascii", "ignore").decode().strip()
    plain = file_name(NAMELESS + plain if plain.startswith(".") else plain)  # once more: wide signs have become plain ones
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(whole, safe=_ATTR_CHARS)}"


def file_name(name: str) -> str:
    """`name` as one that no system takes for a path, a device, a hidden file or another kind of file than it is."""
    visible = "".join("_" if unicodedata.category(sign) in _HIDDEN else sign for sign in name)
    found = _UNSAFE.sub("_", visible).strip(" .")
    found = f"_{found}" if _DEVICES.match(found) else found
    return _shortened(found) or NAMELESS


def _shortened(name: str) -> str:
    if len(name) <= _LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > _LONGEST_ENDING:
        return name[:_LONGEST]
    return stem[: _LONGEST - len(ending) - 1] + dot + ending
