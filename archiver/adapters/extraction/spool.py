"""Members on their way to a reader: a temporary file, hashed while it is written, gone when it was read."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from archiver.adapters.extraction.budget import Budget, LimitError
from archiver.adapters.extraction.containers.entry import DamagedError, OversizeError, UnsupportedError, from_the_machine
from archiver.adapters.extraction.source import ProtectedError
from archiver.domain.extraction import Outcome
from archiver.errors import MinutierError

PREFIX = "minutier-member-"


@dataclass(frozen=True, slots=True)
class Spooled:
    """A member's bytes in a file.

    Attributes:
        sha256: "" when they are not all there.
        problem, reason: why not; the file then holds what could be had.
    """

    path: Path
    size: int
    sha256: str
    problem: Outcome | None = None
    reason: str = ""


@contextmanager
def spooled(chunks: Callable[[], Iterator[bytes]], budget: Budget) -> Iterator[Spooled]:
    """The member as a file with a name of our own making, removed at the end whatever happens."""
    descriptor, name = tempfile.mkstemp(prefix=PREFIX)
    try:
        with os.fdopen(descriptor, "wb") as file:
            result = _filled(file, Path(name), chunks, budget)
        yield result
    finally:
        os.unlink(name)


def _filled(file: IO[bytes], path: Path, chunks: Callable[[], Iterator[bytes]], budget: Budget) -> Spooled:
    state, size = hashlib.sha256(), 0
    problem: Outcome | None = None
    reason = ""
    try:
        with closing(decoded_pieces(chunks)) as pieces:
            for piece in pieces:
                size += len(piece)
                budget.check_member(size)
                budget.take_bytes(len(piece))
                state.update(piece)
                file.write(piece)
    except (LimitError, OversizeError, MemoryError) as error:
        problem, reason = Outcome.TOO_LARGE, str(error) or "it does not fit into memory"
    except ProtectedError as error:
        problem, reason = Outcome.ENCRYPTED, str(error)
    except UnsupportedError as error:
        problem, reason = Outcome.UNSUPPORTED, str(error)
    except DamagedError as error:
        problem, reason = Outcome.CORRUPT, str(error)
    return Spooled(path, size, "" if problem else state.hexdigest(), problem, reason)


def decoded_pieces(chunks: Callable[[], Iterator[bytes]]) -> Generator[bytes, None, None]:
    """`chunks`, with whatever else a decoder raises on hostile bytes turned into damage."""
    try:
        yield from chunks()
    except (DamagedError, OversizeError, UnsupportedError, ProtectedError, MemoryError, MinutierError):
        raise
    except Exception as error:  # decoders of ten formats raise what they like on bad data
        if from_the_machine(error):
            raise
        raise DamagedError(f"the data cannot be decoded ({type(error).__name__}: {error})") from error
