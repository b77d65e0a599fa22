"""Uploads: a multipart body (RFC 7578) taken apart while it comes in, with bounds on its size, its parts and its time.

The framework's own form parser takes in whole bodies before anybody asks whose they are; this one begins when the caller is known.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from anyio import CapacityLimiter, to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from archiver.api.digests import declared_digest
from archiver.api.spool import Spool
from archiver.errors import MinutierError, TooLargeError, TooSlowError, UsageError

METADATA, FILE = "metadata", "file"
MOST_METADATA = 64 * 1024
_AT_ONCE = 1024 * 1024
"""Bytes that are written, off the loop that serves all others, in one go."""
AT_A_TIME = 64
"""Uploads in one process; of one caller half of them."""
PATIENT = 30.0
"""Seconds an upload may take whatever its pace."""
SLOWEST = 16 * 1024
"""Bytes a second that it must come to from then on, on average."""
_FORM = "send multipart/form-data with one part `metadata` (JSON) and one part `file`"


@dataclass(slots=True)
class Part:
    """One part, as far as it has come. `headers`: by name in small letters."""

    headers: dict[str, bytes] = field(default_factory=dict)
    name: str = ""
    filename: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """A whole one. `file` is checked against the digests that were declared in headers; to be closed.

    Attributes:
        filename: as the client calls it, bytes that are not UTF-8 as PEP 383 escapes; "" for none.
    """

    filename: str
    file: Spool


class Receiving:
    """One upload on its way in.

    Args:
        most: bytes of the file.
        told: is given `metadata` as soon as it is whole; what it raises ends the upload, before the file where that comes after.
    """

    def __init__(
        self, request: Request, spool: Spool, most: int, writers: CapacityLimiter, told: Callable[[bytes], None]
    ) -> None:
        self._request, self._spool, self._most, self._writers, self._told = request, spool, most, writers, told
        self._part, self._header, self._value = Part(), bytearray(), bytearray()
        self._seen: dict[str, Part] = {}
        self._metadata, self._waiting = bytearray(), bytearray()
        self._ended = False
        self._into: Callable[[bytes], None] = self._nowhere

    async def whole(self) -> Upload:
        """All of it.

        Raises:
            UsageError: it is no such body, breaks off, or has another digest than is declared.
            TooLargeError: the file has more bytes than are taken.
            TooSlowError: it comes too slowly.
            UnreachableError: there is no room for it.
        """
        parser = self._parser()
        sent = declared_digest(self._request.headers.get("content-digest", ""))
        state = hashlib.sha256() if sent else None
        async for chunk in self._paced():
            if state:
                state.update(chunk)
            try:
                parser.write(chunk)
            except FormParserError as error:
                raise UsageError(f"the body is no multipart body: {error}", remedy=_FORM) from error
            if len(self._waiting) >= _AT_ONCE:
                await self._write()
        await self._write()
        if not self._ended or set(self._seen) != {METADATA, FILE}:
            raise UsageError("the body breaks off, or a part is missing", remedy=_FORM)
        _require(state.hexdigest() if state else "", sent, "the body")
        self._require_declared(self._seen[FILE].headers)
        return Upload(self._seen[FILE].filename, self._spool)

    async def _paced(self) -> AsyncIterator[bytes]:
        began, size = time.monotonic(), 0
        try:
            async for chunk in self._request.stream():
                size += len(chunk)
                if size < (time.monotonic() - began - PATIENT) * SLOWEST:
                    raise TooSlowError(
                        f"an upload must come to {SLOWEST:,} bytes a second", remedy="send it over a faster connection"
                    )
                if size > self._most + MOST_METADATA + _AT_ONCE:
                    raise self._too_large()
                yield chunk
        except ClientDisconnect as error:
            raise UsageError("the upload broke off", remedy="send it again") from error

    async def _write(self) -> None:
        """What waits goes to the spool: a little at once, more on a thread, since a disk may be slow."""
        piece, self._waiting = bytes(self._waiting), bytearray()
        if len(piece) < _AT_ONCE and self._spool.size + len(piece) <= _AT_ONCE // 4:
            self._spool.write(piece)
        else:
            await to_thread.run_sync(self._spool.write, piece, limiter=self._writers)

    # -- what the parser tells ----------------------------------------------------------------------------------
    def _parser(self) -> MultipartParser:
        kind, options = parse_options_header(self._request.headers.get("content-type", ""))
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise UsageError("the body is not multipart/form-data", remedy=_FORM)
        try:
            return MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                    "on_header_end": self._header_ended,
                    "on_headers_finished": self._headers_ended,
                    "on_part_end": self._part_ended,
                    "on_part_data": lambda data, start, end: self._into(data[start:end]),
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise UsageError(f"the body is no multipart body: {error}", remedy=_FORM) from error

    def _begin(self) -> None:
        self._part, self._into = Part(), self._nowhere

    def _header_ended(self) -> None:
        self._part.headers[self._header.decode("latin-1").lower()] = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _headers_ended(self) -> None:
        part = self._part
        _, options = parse_options_header(part.headers.get("content-disposition", b""))
        part.name = options.get(b"name", b"").decode("utf-8", "replace")
        part.filename = options.get(b"filename", b"").decode("utf-8", "surrogateescape")
        if part.name not in (METADATA, FILE) or part.name in self._seen:
            raise UsageError("the body has another part than `metadata` and `file`, or one of them twice", remedy=_FORM)
        if part.headers.get("content-transfer-encoding", b"binary").lower() not in (b"binary", b"8bit", b"7bit"):
            raise UsageError("a part is encoded for transfer", remedy="send its bytes as they are")
        self._seen[part.name] = part
        self._into = self._to_metadata if part.name == METADATA else self._to_file

    def _part_ended(self) -> None:
        if self._part.name == METADATA:
            self._told(bytes(self._metadata))

    def _end(self) -> None:
        self._ended = True

    def _to_metadata(self, piece: bytes) -> None:
        self._metadata += piece
        if len(self._metadata) > MOST_METADATA:
            raise TooLargeError(f"`metadata` may have {MOST_METADATA:,} bytes", remedy="say less")

    def _to_file(self, piece: bytes) -> None:
        self._waiting += piece
        if self._spool.size + len(self._waiting) > self._most:
            raise self._too_large()

    def _nowhere(self, piece: bytes) -> None:
        """Bytes before a part's headers have ended: the parser gives none."""

    def _too_large(self) -> MinutierError:
        return TooLargeError(
            f"a document may have {self._most:,} bytes over HTTP",
            remedy="import it with `minutier import`, or raise api_deposit_bytes",
        )

    def _require_declared(self, headers: Mapping[str, bytes]) -> None:
        for name in ("repr-digest", "content-digest"):
            _require(self._spool.sha256, declared_digest(headers.get(name, b"").decode("latin-1")), "the file")


def _require(found: str, declared: str, what: str) -> None:
    if declared and found != declared:
        raise UsageError(
            f"{what} came with SHA-256 {found}, and {declared} is declared: nothing was stored", remedy="send it again"
        )


def require_digest(spool: Spool, declared: str) -> None:
    """Raises UsageError: the file is not the one that was declared."""
    _require(spool.sha256, declared, "the file")
