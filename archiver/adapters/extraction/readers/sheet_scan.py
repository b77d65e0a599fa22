"""Parts of a workbook cut into blocks of whole items: cells are told apart without building a tree, several times as fast.

Holds for parts as nearly every program writes them: UTF-8, the usual namespace without a prefix, nothing commented out.
`UnusualError` says that only a parser can tell; no text has been given then.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import IO

from archiver.adapters.extraction.source import DoubtError

_HEAD = 64 * 1024
_BLOCK = 256 * 1024
_LARGEST = 32 * 1024 * 1024
"""Bytes of one item, and of all that follows the items."""
_DECLARED = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OPENING = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^<>]*\?>)?\s*(<(worksheet|sst) [^<>]*[^<>/]>)")
_OTHER_ENCODING = re.compile(rb"[^<]*<\?xml[^>]*encoding\s*=\s*[\"'](?!utf-8[\"'])", re.I)
_NO_CHARACTERS = bytes([*range(9), 11, 12, *range(14, 32)])
_REFERENCE = re.compile(r"&(?:#([0-9]{1,7});|#x([0-9a-fA-F]{1,6});|(lt|gt|amp|quot|apos);)?")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


class UnusualError(Exception):
    """Not as nearly every program writes it: a parser has to read it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The beginning of a part: its root's opening and closing tags, and what was read beyond the first."""

    root: bytes
    closing: bytes
    rest: bytes

    def around(self, items: bytes) -> bytes:
        """A part that holds these items only."""
        return self.root + items + self.closing


def opened(stream: IO[bytes]) -> Opened:
    """Read the beginning of a part.

    Raises:
        UnusualError: it is not written in the usual way; the stream has been read from.
    """
    head = stream.read(_HEAD)
    root = _OPENING.match(head)
    if root is None or b"<!" in head or _DECLARED not in root.group(1) or _OTHER_ENCODING.match(head):
        raise UnusualError
    return Opened(root.group(1), b"</" + root.group(2) + b">", head[root.end() :])


def blocks(stream: IO[bytes], rest: bytes, item_end: bytes, closing: bytes) -> Generator[bytes, None, bytes]:
    """Whole items, a few hundred kilobytes at a time, up to the `closing` tag of what holds them; returns all that follows.

    Args:
        rest: what was already read of the items.

    Raises:
        DoubtError: the stream ends before `closing`, or an item is too large to be one.
    """
    while (end := rest.find(closing)) < 0:
        cut = rest.rfind(item_end) + len(item_end)
        if cut >= len(item_end):
            yield rest[:cut]
            rest = rest[cut:]
        piece = stream.read(_BLOCK)
        if not piece or len(rest) > _LARGEST:
            raise DoubtError(f"no {closing.decode()} where it should be")
        rest += piece
    yield rest[:end]
    after = rest[end + len(closing) :] + stream.read(_LARGEST)
    if stream.read(1):
        raise DoubtError(f"too much after {closing.decode()}")
    return after


def decoded(block: bytes) -> str:
    """A block as text.

    Raises:
        UnusualError: bytes that are no UTF-8 or no characters of XML, another namespace, a comment or a CDATA section.
    """
    if len(block.translate(None, _NO_CHARACTERS)) != len(block) or b"xmlns" in block or b"<!" in block or b"<?" in block:
        raise UnusualError
    try:
        return block.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnusualError from error


def unescaped(text: str) -> str:
    """Character references and the five entities of XML as what they stand for.

    Raises:
        UnusualError: an entity that must have been declared, or no character of XML.
    """
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        return _NAMED[name]
    code = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else 0
    if not (code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000):
        raise UnusualError
    return chr(code)
