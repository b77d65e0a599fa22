"""What parent and child say to each other: length-prefixed MessagePack, decoded into typed values and nothing else.

The child has read hostile bytes, so the parent takes nothing from it but these forms, up to a size (never pickle).
Names and paths travel as bytes: they may hold what is not UTF-8.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from archiver.domain.extraction import (
    Event,
    Extraction,
    ExtractionTask,
    Finished,
    Found,
    Limits,
    Locator,
    Outcome,
    Started,
    Step,
    Unreachable,
)
from archiver.errors import IntegrityError

_LENGTH = struct.Struct("!I")
_MEBIBYTE = 1024 * 1024
_SURROGATE = re.compile("[\ud800-\udfff]")

WireLocator = tuple[tuple[str, int, bytes], ...]


class Hello(msgspec.Struct, frozen=True, array_like=True, tag=0):
    """The child has imported what it needs."""


class Failed(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """Reading ended with an error of ours; the child lives on."""

    document_id: str
    cause: Outcome
    detail: str


class Alive(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """The child waits for a server, or for its turn there: what it reads has not begun, and its time does not run."""


class _Unreachable(msgspec.Struct, frozen=True, array_like=True, tag=5):
    document_id: str
    detail: str


class _Started(msgspec.Struct, frozen=True, array_like=True, tag=1):
    document_id: str
    locator: WireLocator


class _Found(msgspec.Struct, frozen=True, array_like=True, tag=2):
    document_id: str
    locator: WireLocator
    size: int
    sha256: str
    parent_sha256: str
    extraction: Extraction
    expected: int
    failed: int


class _Finished(msgspec.Struct, frozen=True, array_like=True, tag=3):
    document_id: str


class _Task(msgspec.Struct, frozen=True, array_like=True):
    document_id: str
    path: bytes
    name: bytes
    size: int
    passwords: tuple[bytes, ...]
    poison: tuple[WireLocator, ...]


class Setup(msgspec.Struct, frozen=True, array_like=True):
    """What a child is told first, and for good.

    Attributes:
        tika_url: a Tika server to ask in place of the Tika compiled in; "" for none. It may hold a password, so it goes
            through the pipe: the command line and the environment of a process can be read by others.
        tika_patience: seconds that server may be away before a task that needs it is given back.
        shared: folder of all children of this machine that may use the same server, for the locks between them.
    """

    limits: Limits
    tika_url: str = ""
    tika_patience: float = 60.0
    shared: bytes = b""


Message = Event | Hello | Alive | Failed
_Wire = Hello | Alive | _Started | _Found | _Finished | Failed | _Unreachable

_encoder = msgspec.msgpack.Encoder()
_messages: msgspec.msgpack.Decoder[_Wire] = msgspec.msgpack.Decoder(_Wire)
_tasks = msgspec.msgpack.Decoder(_Task)
_setups = msgspec.msgpack.Decoder(Setup)


def encode_setup(setup: Setup) -> bytes:
    """A frame: the first a child is sent."""
    return _framed(_encoder.encode(setup))


def decode_setup(payload: bytes) -> Setup:
    """See `encode_setup`."""
    return _setups.decode(payload)


def encode_task(task: ExtractionTask) -> bytes:
    """A frame. The path becomes absolute: a child works in its own folder."""
    passwords = tuple(_raw(password) for password in task.passwords)
    poison = tuple(_wire(locator) for locator in task.poison)
    return _framed(
        _encoder.encode(_Task(task.document_id, _raw(str(task.path.absolute())), _raw(task.name), task.size, passwords, poison))
    )


def decode_task(payload: bytes) -> ExtractionTask:
    """See `encode_task`."""
    wire = _tasks.decode(payload)
    passwords = tuple(_text(raw) for raw in wire.passwords)
    poison = tuple(_locator(locator) for locator in wire.poison)
    return ExtractionTask(wire.document_id, Path(_text(wire.path)), _text(wire.name), wire.size, passwords, poison)


def encode_message(message: Message) -> bytes:
    """A frame. Lone surrogates in a text or in metadata become U+FFFD: they are no characters."""
    match message:
        case Started(document_id, locator):
            return _framed(_encoder.encode(_Started(document_id, _wire(locator))))
        case Found():
            return _framed(_encode_found(message))
        case Finished(document_id):
            return _framed(_encoder.encode(_Finished(document_id)))
        case Unreachable(document_id, detail):
            return _framed(_encoder.encode(_Unreachable(document_id, _clean(detail))))
        case Hello() | Alive() | Failed():
            return _framed(_encoder.encode(message))
        case _:
            raise TypeError(f"children don't say {type(message).__name__}")


def decode_message(payload: bytes) -> Message:
    """See `encode_message`.

    Raises:
        IntegrityError: these are not the bytes of a message.
    """
    try:
        wire = _messages.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"not a message of a child: {error}") from error
    match wire:
        case _Started():
            return Started(wire.document_id, _locator(wire.locator))
        case _Finished():
            return Finished(wire.document_id)
        case _Unreachable():
            return Unreachable(wire.document_id, wire.detail)
        case _Found():
            locator = _locator(wire.locator)
            return Found(
                wire.document_id, locator, wire.size, wire.sha256, wire.parent_sha256, wire.extraction, wire.expected, wire.failed
            )
        case _:
            return wire


class FrameBuffer:
    """Bytes as they come in, cut into payloads.

    Args:
        longest: bytes a payload may have.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._bytes = bytearray()

    def feed(self, data: bytes) -> None:
        """Add what was read."""
        self._bytes += data

    def payloads(self) -> Iterator[bytes]:
        """Every complete payload, each once.

        Raises:
            IntegrityError: a length beyond `longest` is announced.
        """
        start, end = 0, len(self._bytes)
        try:
            while end - start >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._bytes, start)
                if length > self._longest:
                    raise IntegrityError(f"a message of {length} bytes was announced, at most {self._longest} are taken")
                stop = start + _LENGTH.size + length
                if stop > end:
                    return
                payload = bytes(memoryview(self._bytes)[start + _LENGTH.size : stop])
                start = stop
                yield payload
        finally:
            del self._bytes[:start]


def longest_message(limits: Limits) -> int:
    """Bytes the largest honest message can have: all of the text at four bytes a character, and its metadata."""
    return min(4 * limits.text_chars + 64 * _MEBIBYTE, 2**32 - 1)


def _encode_found(found: Found) -> bytes:
    try:
        return _encoder.encode(_found_wire(found))
    except UnicodeEncodeError:
        return _encoder.encode(_found_wire(replace(found, extraction=_without_surrogates(found.extraction))))


def _found_wire(found: Found) -> _Found:
    return _Found(
        found.document_id,
        _wire(found.locator),
        found.size,
        found.sha256,
        found.parent_sha256,
        found.extraction,
        found.expected,
        found.failed,
    )


def _without_surrogates(extraction: Extraction) -> Extraction:
    return replace(
        extraction,
        reason=_clean(extraction.reason),
        text=_clean(extraction.text),
        metadata={_clean(key): [_clean(value) for value in values] for key, values in extraction.metadata.items()},
        summary={_clean(key): _clean(value) for key, value in extraction.summary.items()},
    )


def _clean(text: str) -> str:
    """Same length: spans into the text stay true."""
    return _SURROGATE.sub("\ufffd", text)


def _framed(payload: bytes) -> bytes:
    return _LENGTH.pack(len(payload)) + payload


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


def _wire(locator: Locator) -> WireLocator:
    return tuple((step.kind, step.index, _raw(step.name)) for step in locator)


def _locator(wire: WireLocator) -> Locator:
    return tuple(Step(kind, index, _text(name)) for kind, index, name in wire)
