"""Which characters bytes stand for: byte order mark, UTF-8, UTF-16 without a mark, Windows-1252."""

from __future__ import annotations

import codecs
import re

from archiver.adapters.extraction.source import DoubtError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_LETTER = re.compile(rb"[A-Za-z]")
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_RUN = re.compile(rb"[\x80-\xff]+")
_ODD_IN_WORD = re.compile(rb"[A-Za-z][\x80-\x89\x8b\x91\x93-\x95\x98\x99\x9b\xa1-\xb9\xbb-\xbf\xd7\xf7][a-z]")
_SAMPLE = 65_536


def marked(data: bytes) -> str:
    """Codec named by a byte order mark, or ""."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return codec
    return ""


def decode(data: bytes, declared: str = "") -> tuple[str, str]:
    """Text and the codec it was read with. What is valid UTF-8 is UTF-8, whatever is declared.

    Args:
        declared: charset named by the file itself; believed when the bytes allow it.

    Raises:
        DoubtError: no codec fits beyond doubt.
    """
    if codec := marked(data):
        return data.decode(codec, "replace"), codec.removesuffix("-sig")
    if codec := _utf16(data):
        return data.decode(codec, "replace"), codec
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _eight_bit(data, declared)


def _eight_bit(data: bytes, declared: str) -> tuple[str, str]:
    if codec := _known(declared):
        try:
            return data.decode(codec), codec
        except (UnicodeDecodeError, LookupError, ValueError):
            pass
    if western(data[:_SAMPLE]):
        return data.decode("cp1252", "replace"), "windows-1252"
    raise DoubtError("the bytes are neither UTF-8 nor clearly Western European")


def _known(declared: str) -> str:
    """Python's codec for a declared charset; "" when unknown or no text codec. Latin-1 means Windows-1252, as in browsers."""
    try:
        codec = codecs.lookup(declared.strip().strip("\"'")).name if declared else ""
    except (LookupError, ValueError):
        return ""
    if codec in ("iso8859-1", "ascii"):
        return "cp1252"
    return "" if codec.startswith(("utf-8", "utf-16", "utf-32", "utf-7")) or codec in _NOT_TEXT else codec


_NOT_TEXT = frozenset({"idna", "punycode", "undefined", "unicode-escape", "unicode_escape", "raw-unicode-escape", "mbcs"})


def western(data: bytes) -> bool:
    """True when the high bytes sit as accents and typographic signs do in Western European text."""
    if _UNDEFINED.search(data) or _BINARY.search(data):
        return False
    runs = _RUN.findall(data)
    high = sum(map(len, runs))
    letters = len(_LETTER.findall(data)) + high
    if high > 0.3 * max(letters, 1) and high > 2:
        return False
    long_runs = sum(1 for run in runs if len(run) > 2)
    odd = len(_ODD_IN_WORD.findall(data))
    return long_runs <= 0.05 * len(runs) and odd <= 0.05 * len(runs)


def _utf16(data: bytes) -> str:
    """UTF-16 without a mark: every other byte is zero far more often than chance or any 8-bit text allows."""
    sample = data[: min(len(data), 4096) & ~1]
    if len(sample) < 8 or len(data) % 2:
        return ""
    even, odd, half = sample[::2].count(0), sample[1::2].count(0), len(sample) // 2
    if odd > 0.7 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.7 * half and odd < 0.05 * half:
        return "utf-16-be"
    return ""


def looks_like_text(head: bytes) -> bool:
    """True for bytes that may be text: no control codes but the usual ones, or UTF-16."""
    return bool(marked(head)) or bool(_utf16(head)) or not _BINARY.search(head)


def sniff(head: bytes) -> str | None:
    """The beginning of a text, to look at; None for what is not text. A sequence cut at the end is no error."""
    if not looks_like_text(head):
        return None
    codec = marked(head) or _utf16(head) or "utf-8"
    text = codecs.getincrementaldecoder(codec)("replace").decode(head)
    return text if codec != "utf-8" else text.replace("\ufffd", "\u00bf")
