"""A file-like view of bytes that arrive in pieces, for formats that are read front to back."""

from __future__ import annotations

import io
from collections.abc import Iterator

from archiver.adapters.extraction.containers.entry import CHUNK, DamagedError, OversizeError

HEADER_LIMIT = 16 * 1024 * 1024
"""No honest header (tar PAX record, long name) is larger; a hostile one is read into memory whole."""

PADDING_LIMIT = 16 * 1024 * 1024


class Forward(io.RawIOBase):
    """Reads a sequence of chunks as a file that can only be moved forward.

    Satisfies what `tarfile` needs: `read`, `tell` and `seek` to a later place.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = memoryview(b"")
        self._position = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Exactly `size` bytes, fewer only at the end.

        Raises:
            OversizeError: more than `HEADER_LIMIT` were asked for at once.
        """
        if size < 0 or size > HEADER_LIMIT:
            raise OversizeError(f"a single part claims {size} bytes")
        parts: list[bytes] = []
        while size > 0 and (part := self._part(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move forward to `offset` by reading up to it; stops short at the end of the data."""
        if whence != io.SEEK_SET or offset < self._position:
            raise DamagedError(f"the data would have to be read backwards at byte {self._position}")
        while self._position < offset and self._part(offset - self._position):
            pass
        return self._position

    def take(self, size: int) -> Iterator[bytes]:
        """The next `size` bytes, in pieces.

        Raises:
            DamagedError: the data ends before.
        """
        while size > 0:
            part = self._part(min(size, CHUNK))
            if not part:
                raise DamagedError(f"the data ends {size} bytes early, at byte {self._position}")
            size -= len(part)
            yield part

    def finish(self) -> None:
        """Read what follows the last member, so that a checksum at the end of a compressed stream is verified.

        More than `PADDING_LIMIT` is not padding, and left alone.
        """
        end = self._position + PADDING_LIMIT
        while self._position < end and self._part(CHUNK):
            pass

    def _part(self, size: int) -> bytes:
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        part, self._rest = bytes(self._rest[:size]), self._rest[size:]
        self._position += len(part)
        return part
