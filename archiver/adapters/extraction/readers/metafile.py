"""Text drawn by an Enhanced Metafile ([MS-EMF]): pictures of embedded objects and older charts carry words in it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from archiver.adapters.extraction.source import DoubtError

_HEADER = struct.Struct("<II")
_SIGNATURE_AT = 40
_EXT_TEXT_OUT_A, _EXT_TEXT_OUT_W, _COMMENT, _POLY_TEXT_A, _POLY_TEXT_W, _SMALL_TEXT_OUT = 83, 84, 70, 96, 97, 108
_TEXT_AT = 36
"""Offset of the EMRTEXT object in an EXTTEXTOUT record: type, size, bounds, mode and two scales come before it."""
_EMF_PLUS = b"EMF+"


def emf_text(data: bytes) -> str:
    """Lines of text, in the order they are drawn.

    Raises:
        DoubtError: not a sound EMF, or text in a form not read here (EMF+, ANSI, lists of strings).
    """
    if data[_SIGNATURE_AT : _SIGNATURE_AT + 4] != b" EMF":
        raise DoubtError("a picture is no enhanced metafile")
    return "".join(f"{line}\n" for line in _lines(data) if line.strip())


def _lines(data: bytes) -> Iterator[str]:
    for kind, record in _records(data):
        if kind == _EXT_TEXT_OUT_W:
            yield _drawn(record)
        elif (kind == _COMMENT and record[12:16] == _EMF_PLUS) or kind in (
            _EXT_TEXT_OUT_A,
            _POLY_TEXT_A,
            _POLY_TEXT_W,
            _SMALL_TEXT_OUT,
        ):
            raise DoubtError(f"a metafile draws by records of type {kind}")


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(data):
        kind, size = _HEADER.unpack_from(data, at)
        if size < _HEADER.size or at + size > len(data):
            raise DoubtError(f"a metafile is damaged at byte {at}")
        yield kind, data[at : at + size]
        at += size


def _drawn(record: bytes) -> str:
    if len(record) < _TEXT_AT + 16:
        raise DoubtError("a metafile's text record is too short")
    count, offset = struct.unpack_from("<II", record, _TEXT_AT + 8)
    if offset + 2 * count > len(record):
        raise DoubtError("a metafile's text lies outside its record")
    return record[offset : offset + 2 * count].decode("utf-16-le", "replace")
