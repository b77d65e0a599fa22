"""Lists of paths, one a line or NUL-separated, from a file or from standard input."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from archiver.adapters.sources.files import LocalFiles
from archiver.ports.sources import SourceEntry, SourceError

_BLOCK = 1024 * 1024


def listed(lines: Iterator[bytes], folder: str) -> Iterator[SourceEntry]:
    """An entry for every line that is not empty; relative paths are taken from `folder`."""
    files = LocalFiles()
    for number, raw in enumerate(lines, 1):
        if raw:
            yield entry_at(files, os.path.join(folder, os.fsdecode(raw)), number)


def entry_at(files: LocalFiles, path: str, number: int) -> SourceEntry:
    """The entry for one path as it is now."""
    source = os.path.normpath(path)
    try:
        return SourceEntry(source, number, stamp=files.stamp(source))
    except SourceError as error:
        return SourceEntry(source, number, problem=str(error), skip=str(error).startswith("is "))


def separated(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines of a stream. NUL separates when the first block holds one (as `find -print0` writes), else the line feed."""
    rest, mark = b"", b""
    for block in blocks:
        mark = mark or (b"\0" if b"\0" in block else b"\n")
        *whole, rest = (rest + block).split(mark)
        yield from (line.rstrip(b"\r") if mark == b"\n" else line for line in whole)
    if rest:
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

    @property
    def done(self) -> Path:
        return self.path.with_suffix(".done")

    def drain(self, stream: BinaryIO) -> None:
        """Start copying `stream`."""
        threading.Thread(target=self._copy, args=(stream,), name="list-spool", daemon=True).start()

    def _copy(self, stream: BinaryIO) -> None:
        with open(self.path, "wb") as copy:
            for block in blocks_of(stream):
                copy.write(block)
                copy.flush()
                self._advance(len(block))
            os.fsync(copy.fileno())
        self.done.touch()
        self._advance(0, ended=True)

    def _advance(self, size: int, *, ended: bool = False) -> None:
        with self._grown:
            self._size += size
            self._ended = ended
            self._grown.notify_all()

    def _wait_past(self, at: int) -> tuple[int, bool]:
        """How far the copy reaches, and whether that is all, once there is more than `at` bytes or no more to come."""
        with self._grown:
            self._grown.wait_for(lambda: self._size > at or self._ended)
            return self._size, self._ended

    def blocks(self) -> Iterator[bytes]:
        """The input so far and to come."""
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
                return

    def again(self) -> Iterator[bytes]:
        """The copy of an earlier run, from its beginning."""
        with open(self.path, "rb") as copy:
            while block := copy.read(_BLOCK):
                yield block
