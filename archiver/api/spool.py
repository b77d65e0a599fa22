"""The bytes of a deposit while they come in: small ones in memory, larger ones in a file without a name."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from archiver.errors import UnreachableError

SMALL = 256 * 1024
PIECE = 1024 * 1024


class Spool:
    """Bytes, hashed as they are written. What is in a file is gone with the process, however that ends.

    Args:
        folder: on a disk with room for them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._small = bytearray()
        self._file: BinaryIO | None = None
        self._state = hashlib.sha256()
        self._closed = False
        self.size = 0

    @property
    def sha256(self) -> str:
        """Of everything written so far, in hexadecimal."""
        return self._state.hexdigest()

    def write(self, piece: bytes) -> None:
        """Add bytes.

        Raises:
            UnreachableError: the disk is full, or does not answer.
        """
        self._state.update(piece)
        self.size += len(piece)
        if self._file is None and self.size <= SMALL:
            self._small += piece
            return
        try:
            if self._file is None:
                self._file = cast(BinaryIO, tempfile.TemporaryFile(dir=self._folder, buffering=0))  # noqa: SIM115  # `close`
                self._write_all(self._small)
                self._small = bytearray()
            self._write_all(piece)
        except OSError as error:
            raise UnreachableError(
                f"there is no room for what comes in: {error.strerror}", remedy="see to the disk of the archive's scratch folder"
            ) from error

    def chunks(self) -> Iterator[bytes]:
        """All of them, from the first on, as often as asked.

        Raises:
            ValueError: they were let go of: no bytes are not the same as none.
        """
        if self._closed:
            raise ValueError("the bytes of this deposit were let go of")
        if self._file is None:
            yield bytes(self._small)
            return
        descriptor, place = self._file.fileno(), 0
        while piece := os.pread(descriptor, PIECE, place):
            yield piece
            place += len(piece)

    def close(self) -> None:
        """Let go of them. Safe to repeat."""
        self._closed, self._small = True, bytearray()
        if self._file is not None:
            self._file.close()

    def _write_all(self, piece: bytes | bytearray) -> None:
        assert self._file is not None
        rest = memoryview(piece)
        while rest:
            rest = rest[self._file.write(rest) :]
