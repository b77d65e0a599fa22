"""Names of members, from bytes in unknown encodings to text that can be turned back."""

from __future__ import annotations

import re
import unicodedata

_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]+")
_LONGEST = 120


def decoded(raw: bytes, *, dos: bool = False) -> str:
    """UTF-8 where it is UTF-8; a DOS code page for a DOS writer when that gives words; else surrogate escapes (PEP 383)."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if dos and (text := raw.decode("cp850")) == raw.decode("cp437") and _reads_as_words(text):
        return text
    return raw.decode("utf-8", "surrogateescape")


def _reads_as_words(text: str) -> bool:
    """East Asian bytes read as a DOS code page come out as box drawings, or differ between the two Western ones."""
    return all(unicodedata.category(character)[0] == "L" for character in text if ord(character) > 127)


def from_title(title: str, fallback: str, suffix: str = "") -> str:
    """A file-like name for something that has only a title, e.g. the subject of a message."""
    name = _UNSAFE.sub(" ", title).strip()[:_LONGEST].strip()
    return (name or fallback) + suffix
