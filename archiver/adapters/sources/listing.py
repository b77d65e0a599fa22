"""Lists of paths, one a line or NUL-separated, from a file or from standard input."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from archiver.adapters.sources.files import LocalFiles
from archiver.errors import UnreachableError, UsageError
from archiver.ports.sources import SourceEntry, SourceError

_BLOCK = 1024 * 1024
_PAUSE = 0.2


def listed(lines: Iterator[bytes | None], folder: str) -> Iterator[SourceEntry | None]:
    """An entry for every line that is not empty; relative paths are taken from `folder`. None: nothing came for a while."""
    files, number = LocalFiles(), 0
    for raw in lines:
        if raw is None:
            yield None
            continue
        number += 1
        if raw:
            yield entry_at(files, os.path.join(folder, os.fsdecode(raw)), number)


def entry_at(files: LocalFiles, path: str, number: int) -> SourceEntry:
    """The entry for one path as it is now."""
    source = os.path.normpath(path)
    try:
        return SourceEntry(source, number, stamp=files.stamp(source))
    except SourceError as error:
        return SourceEntry(source, number, problem=str(error), skip=str(error).startswith("is "))


def separated(blocks: Iterator[bytes], *, cut: bool = False) -> Iterator[bytes | None]:
    """Lines of a stream. NUL separates when there is one before or with the first line's end (as `find -print0` writes),
    else the line feed. None for an empty block.

    Args:
        cut: the stream ends where it was cut off: a last line without its end is no line.

    Raises:
        UsageError: a line longer than any path.
    """
    rest, mark = b"", b""
    for block in blocks:
        rest += block
        mark = mark or (b"\0" if b"\0" in rest else b"\n" if b"\n" in rest else b"")
        *whole, rest = rest.split(mark) if mark else [rest]
        yield from (line.removesuffix(b"\r") if mark == b"\n" else line for line in whole)
        if len(rest) > _BLOCK:
            raise UsageError(
                "the list holds a line of more than a million characters: it is no list of paths",
                remedy="give one path a line, or separated by NUL as `find -print0` writes them",
            )
        if not block:
            yield None
    if rest and not cut:
        yield rest


def blocks_of(stream: BinaryIO) -> Iterator[bytes]:
    """What is there, as soon as it is there."""
    while block := os.read(stream.fileno(), _BLOCK):
        yield block


class Spool:
    """Keeps a copy of standard input in the archive while it is read, so that a killed import can be resumed.

    A thread drains the input; `blocks` follows behind it. `spool.done` marks that the input was seen to its end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._grown = threading.Condition()
        self._size = 0
        self._ended = False
        self._failure: OSError | None = None

    @property
    def done(self) -> Path:
        return self.path.with_suffix(".done")

    def drain(self, stream: BinaryIO) -> None:
        """Start copying `stream`."""
        threading.Thread(target=self._copy, args=(stream,), name="list-spool", daemon=True).start()

    def _copy(self, stream: BinaryIO) -> None:
        try:
            with open(self.path, "wb") as copy:
                for block in blocks_of(stream):
                    copy.write(block)
                    copy.flush()
                    self._advance(len(block))
                os.fsync(copy.fileno())
            self.done.touch()
        except OSError as error:
            self._failure = error  # raised by `blocks`, in the thread that waits for it
        finally:
            self._advance(0, ended=True)

    def _advance(self, size: int, *, ended: bool = False) -> None:
        with self._grown:
            self._size += size
            self._ended = ended
            self._grown.notify_all()

    def _wait_past(self, at: int) -> tuple[int, bool]:
        """How far the copy reaches, and whether that is all; waits a little for more than `at` bytes."""
        with self._grown:
            self._grown.wait_for(lambda: self._size > at or self._ended, _PAUSE)
            return self._size, self._ended

    def blocks(self) -> Iterator[bytes]:
        """The input so far and to come; an empty block when nothing came for a while.

        Raises:
            UnreachableError: the input cannot be read or its copy not written.
        """
        at = 0
        while True:
            end, ended = self._wait_past(at)
            if at < end:
                with open(self.path, "rb") as copy:
                    copy.seek(at)
                    while at < end and (block := copy.read(min(_BLOCK, end - at))):
                        at += len(block)
                        yield block
            elif ended:
                self._raise_failure()
                return
            else:
                yield b""

    def _raise_failure(self) -> None:
        if self._failure:
            raise UnreachableError(
                f"the list on standard input could not be copied: {self._failure.strerror}",
                remedy="make room on the archive's disk, then give the list again",
            ) from self._failure

    def remove(self) -> None:
        """Drop the copy: every line of it has its outcome. Safe to repeat."""
        self.path.unlink(missing_ok=True)
        self.done.unlink(missing_ok=True)

    def again(self) -> Iterator[bytes]:
        """The copy of an earlier run, from its beginning; nothing when that was killed before the first block."""
        if not self.path.exists():
            return
        with open(self.path, "rb") as copy:
            while block := copy.read(_BLOCK):
                yield block
