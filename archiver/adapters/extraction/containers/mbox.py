"""Walker for mbox files: a message a member, kept as it is written but for its separator line."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from typing import BinaryIO

from archiver.adapters.extraction.containers.entry import DamagedError, Entry
from archiver.adapters.extraction.containers.headers import subject_of
from archiver.adapters.extraction.containers.names import from_title
from archiver.adapters.extraction.containers.slices import piece_of
from archiver.adapters.extraction.source import Source

_SEPARATOR = b"From "
_LONGEST_LINE = 64 * 1024
_HEAD = 32 * 1024


def walk(source: Source) -> Iterator[Entry]:
    """Messages in order, named by their subject.

    Raises:
        DamagedError: the file does not begin with a separator line.
    """
    with source.path.open("rb") as file:
        for index, (start, end) in enumerate(_messages(file)):
            yield Entry(index, _name(source, start, end, index), end - start, piece_of(source.path, start, end - start))


def _messages(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """(first byte after the separator line, first byte after the message), in order."""
    start, position, after_blank = -1, 0, True
    while line := file.readline(_LONGEST_LINE):
        if after_blank and line.startswith(_SEPARATOR):
            if start >= 0:
                yield start, position
            start = position + len(line)
        elif start < 0 and line.strip():
            raise DamagedError("it does not begin with a separator line")
        after_blank = line in (b"\n", b"\r\n")
        position += len(line)
    if start >= 0:
        yield start, position


def _name(source: Source, start: int, end: int, index: int) -> str:
    head = b"".join(piece_of(source.path, start, min(end - start, _HEAD))())
    message = email.message_from_bytes(head, policy=email.policy.compat32)
    return from_title(subject_of(message), f"message {index + 1}", ".eml")
