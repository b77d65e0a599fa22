"""Walker for a message saved by Outlook (.msg): its attachments. The text of the message itself is read elsewhere."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import olefile

from archiver.adapters.extraction.containers.entry import CHUNK, DamagedError, Entry, from_the_machine, unreadable
from archiver.adapters.extraction.containers.letter import Letter, Part
from archiver.adapters.extraction.source import Source
from archiver.domain.extraction import Outcome

_ATTACHMENT = "__attach_version1.0_#"
_STREAM = "__substg1.0_"
_PROPERTIES = "__properties_version1.0"
_DATA, _OBJECT = "37010102", "3701000D"
_NAMES = ("3707", "3704", "3001")
_SUBMITTED = 0x0039
_INNER_HEADER = 24
_BROKEN = (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error, OverflowError, RecursionError)

_Path = tuple[str, ...]


def walk(source: Source) -> Iterator[Entry]:
    """Attachments in the order of the file.

    Raises:
        DamagedError: it is not a compound file, or its directory is broken.
    """
    with source.path.open("rb") as file:
        try:
            compound = olefile.OleFileIO(file)
            attachments = _attachments(compound, ())
        except _BROKEN as error:
            if from_the_machine(error):
                raise
            raise DamagedError(f"the compound file is damaged: {error}") from error
        for index, place in enumerate(attachments):
            yield _entry(compound, index, place)


def _attachments(compound: Any, message: _Path) -> list[_Path]:
    """Storages of the attachments directly below the message at `message`."""
    depth = len(message)
    found = {
        tuple(path[: depth + 1])
        for path in compound.listdir(streams=True, storages=True)
        if len(path) > depth and tuple(path[:depth]) == message and path[depth].startswith(_ATTACHMENT)
    }
    return sorted(found)


def _entry(compound: Any, index: int, place: _Path) -> Entry:
    name = _text(compound, place, _NAMES) or f"attachment {index + 1}"
    if compound.exists([*place, _STREAM + _DATA]):
        return Entry(index, name, compound.get_size([*place, _STREAM + _DATA]), lambda: _content(compound, place))
    inner = (*place, _STREAM + _OBJECT)
    if compound.exists([*inner, _PROPERTIES]):
        return Entry(index, f"{name}.eml", -1, lambda: _letter(compound, inner).written())
    return unreadable(index, name, -1, Outcome.UNSUPPORTED, "an embedded object or a link, not a file")


def _content(compound: Any, place: _Path) -> Iterator[bytes]:
    data = _stream(compound, (*place, _STREAM + _DATA))
    for start in range(0, len(data), CHUNK):
        yield data[start : start + CHUNK]


def _stream(compound: Any, path: _Path) -> bytes:
    try:
        return bytes(compound.openstream(list(path)).getvalue())
    except _BROKEN as error:
        if from_the_machine(error):
            raise
        raise DamagedError(f"a stream is damaged: {error}") from error


def _text(compound: Any, place: _Path, wanted: tuple[str, ...]) -> str:
    """First of the MAPI text properties that is there, "" when none is."""
    for kind in wanted:
        if compound.exists([*place, f"{_STREAM}{kind}001F"]):
            return _stream(compound, (*place, f"{_STREAM}{kind}001F")).decode("utf-16-le", "replace").rstrip("\0")
        if compound.exists([*place, f"{_STREAM}{kind}001E"]):
            return _stream(compound, (*place, f"{_STREAM}{kind}001E")).decode("cp1252", "replace").rstrip("\0")
    return ""


def _letter(compound: Any, place: _Path) -> Letter:
    return Letter(
        headers=_text(compound, place, ("007D",)),
        subject=_text(compound, place, ("0037",)),
        sender=_text(compound, place, ("5D01", "0C1F", "0C1A")),
        to=_text(compound, place, ("0E04",)),
        sent=_submitted(compound, place),
        parts=[*_bodies(compound, place), *_inner_attachments(compound, place)],
    )


def _bodies(compound: Any, place: _Path) -> Iterator[Part]:
    plain = _text(compound, place, ("1000",)).encode("utf-8", "replace")
    if plain:
        yield Part("text/plain; charset=utf-8", "", lambda: iter([plain]))
    if compound.exists([*place, f"{_STREAM}10130102"]):
        yield Part("text/html", "", lambda: iter([_stream(compound, (*place, f"{_STREAM}10130102"))]))


def _inner_attachments(compound: Any, place: _Path) -> Iterator[Part]:
    for index, inner in enumerate(_attachments(compound, place)):
        entry = _entry(compound, index, inner)
        if entry.problem is None:
            yield Part("application/octet-stream", entry.name, entry.chunks)


def _submitted(compound: Any, place: _Path) -> datetime | None:
    """When it was sent: 100-nanosecond steps since 1601, among the fixed-size properties."""
    raw = _stream(compound, (*place, _PROPERTIES))[_INNER_HEADER:]
    for kind, tag, _, value in struct.iter_unpack("<2HLQ", raw[: len(raw) // 16 * 16]):
        if tag == _SUBMITTED and kind == 0x40 and value < 1 << 60:
            return datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=value // 10)
    return None
