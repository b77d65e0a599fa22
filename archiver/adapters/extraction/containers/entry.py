"""What a walker yields for each place in a container, and how it says that something cannot be read."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from archiver.adapters.extraction.source import EndedError
from archiver.domain.extraction import Outcome
from archiver.errors import UnreachableError

CHUNK = 128 * 1024
"""Bytes handed on at a time."""


class DamagedError(Exception):
    """The bytes are not what the format says. The message tells people where."""


class UnsupportedError(Exception):
    """The format is known, but this part of it cannot be read here. The message names what is missing."""


class OversizeError(Exception):
    """Reading on would need more memory than any honest file asks for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One member as its container lists it.

    Attributes:
        index: position in the container, from 0; places that are no members (folders) count too.
        name: the path written there, exactly; undecodable bytes as surrogate escapes.
        declared_size: bytes its container says it has; -1 when it does not say.
        chunks: its plain bytes, in pieces. Call it before asking the walker for the next entry, and at most once.
            Raises `DamagedError`, `UnsupportedError`, `OversizeError` or `ProtectedError`.
        problem, reason: why it cannot be read at all; `chunks` is then never called.
    """

    index: int
    name: str
    declared_size: int
    chunks: Callable[[], Iterator[bytes]]
    problem: Outcome | None = None
    reason: str = ""


def unreadable(index: int, name: str, size: int, problem: Outcome, reason: str) -> Entry:
    """An entry that is listed but has no bytes to give."""
    return Entry(index, name, size, lambda: iter(()), problem, reason)


def from_the_machine(error: BaseException) -> bool:
    """Whether an error caught while decoding is the disk's (full, failing) or a server's, not the data's: it must not read as damage."""
    if isinstance(error, UnreachableError | EndedError):
        return True
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)
