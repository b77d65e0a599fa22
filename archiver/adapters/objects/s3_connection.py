"""HTTP/1.1 as an object store speaks it, over connections that are kept.

Six or seven small requests go to the store for each document. The general clients spend about 0.8 ms of processor time on
each, most of it on headers; this spends a fifth of that. It knows what S3 needs and no more: no redirects, proxies, cookies,
compression or content that is not asked for.
"""

from __future__ import annotations

import select
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

_HEAD_LIMIT = 64 * 1024
_RECEIVE = 256 * 1024
_TOGETHER = 64 * 1024
LIMIT = 64 * 1024 * 1024
"""Bytes of an answer that are taken into memory at most; a page of a listing has 1,000 entries."""


class BrokenAnswerError(Exception):
    """What came is no answer, or not all of one."""


class Connections:
    """Connections to one server, made when needed and kept for the next request. Safe from several threads.

    Args:
        connect, read: seconds to wait for a connection, and for anything to come or go on it.
        ca: certificate authority in place of the system's.

    Raises, everywhere: OSError (`ssl.SSLError` among them), BrokenAnswerError.
    """

    def __init__(
        self, host: str, port: int, *, secure: bool, ca: Path | None, connect: float, read: float, keep: int = 64
    ) -> None:
        self._host, self._port, self._connect, self._read = host, port, connect, read
        self._tls = ssl.create_default_context(cafile=ca) if secure else None
        self._idle: deque[Connection] = deque()
        self._keep = keep

    def ask(self, head: bytes, body: Iterable[bytes], *, bodiless: bool) -> Answer:
        """Send a request and receive the head of its answer. `bodiless`: the answer has no body, as to HEAD."""
        connection = self._take()
        try:
            return connection.ask(head, body, bodiless=bodiless)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close those that are idle. Safe to repeat."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Connection:
        """The connection used last, if the server has not closed it."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._new()
            if connection.is_quiet():
                return connection
            connection.close()

    def _new(self) -> Connection:
        raw = socket.create_connection((self._host, self._port), timeout=self._connect)
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wrapped = self._tls.wrap_socket(raw, server_hostname=self._host) if self._tls else raw
        except BaseException:
            raw.close()
            raise
        wrapped.settimeout(self._read)
        return Connection(wrapped, self._leave)

    def _leave(self, connection: Connection) -> None:
        if len(self._idle) < self._keep:
            self._idle.append(connection)
        else:
            connection.close()


class Connection:
    """One connection, used by one thread at a time. `leave`: where it is kept for the next request."""

    def __init__(self, stream: socket.socket, leave: Callable[[Connection], None]) -> None:
        self._stream, self._leave = stream, leave
        self._buffer = b""

    def ask(self, head: bytes, body: Iterable[bytes], *, bodiless: bool) -> Answer:
        """See `Connections.ask`."""
        try:
            self._send(head, body)
        except (BrokenPipeError, ConnectionResetError):
            # a server that refuses a body it has not read to its end answers and closes: what it said counts
            return self._answer(bodiless, last=True)
        return self._answer(bodiless, last=False)

    def is_quiet(self) -> bool:
        """Is nothing to be read? Else the server has closed it, or said something nobody asked for."""
        poll = select.poll()
        poll.register(self._stream, select.POLLIN)
        return not self._buffer and not poll.poll(0)

    def receive(self, most: int) -> bytes:
        """At most `most` bytes, b"" when the server closed."""
        if self._buffer:
            piece, self._buffer = self._buffer[:most], self._buffer[most:]
            return piece
        return self._stream.recv(min(most, _RECEIVE))

    def line(self, limit: int = _HEAD_LIMIT) -> bytes:
        """Up to the next line's end, without it."""
        return self._until(b"\r\n", limit)

    def keep(self) -> None:
        """Leave it to the next request."""
        self._leave(self)

    def close(self) -> None:
        """Safe to repeat."""
        self._stream.close()

    def _send(self, head: bytes, body: Iterable[bytes]) -> None:
        waiting = head
        for piece in body:
            if len(waiting) + len(piece) > _TOGETHER:
                self._stream.sendall(waiting)
                waiting = piece
            else:
                waiting += piece
        self._stream.sendall(waiting)

    def _answer(self, bodiless: bool, *, last: bool) -> Answer:
        while True:
            status, headers = _parsed(self._until(b"\r\n\r\n", _HEAD_LIMIT))
            if status >= 200:
                return Answer(self, status, headers, bodiless=bodiless or status in (204, 304), last=last)

    def _until(self, end: bytes, limit: int) -> bytes:
        while (place := self._buffer.find(end)) < 0:
            if len(self._buffer) > limit:
                raise BrokenAnswerError("an answer's head does not end")
            piece = self._stream.recv(_RECEIVE)
            if not piece:
                raise BrokenAnswerError("the connection was closed without an answer")
            self._buffer += piece
        found, self._buffer = self._buffer[:place], self._buffer[place + len(end) :]
        return found


class Answer:
    """An answer. Its connection is kept once its body has been read, and lost when it is closed before.

    Attributes:
        headers: by name in small letters.
        size: bytes of the body, None when only its end will tell.
        data: the body, after `load`.
    """

    def __init__(self, connection: Connection, status: int, headers: Mapping[str, str], *, bodiless: bool, last: bool) -> None:
        self.status, self.headers = status, headers
        self._connection: Connection | None = connection
        self._chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        self._last = last or headers.get("connection", "").lower() == "close"
        self.size = 0 if bodiless else None if self._chunked else _length(headers)
        self._left = self.size
        self._in_chunk = 0
        self.data = b""
        if self.size is None and not self._chunked:
            self._last = True
        if self._left == 0:
            self._finish()

    def read(self, most: int) -> bytes:
        """At most `most` bytes, b"" at the end. Raises BrokenAnswerError when it comes too soon."""
        if self._connection is None:
            return b""
        if self._chunked:
            return self._chunk(self._connection, most)
        piece = self._connection.receive(most if self._left is None else min(most, self._left))
        if self._left is not None:
            self._left -= len(piece)
        if not piece and self._left:
            self.close()
            raise BrokenAnswerError(f"the connection was closed {self._left:,} bytes before the end")
        if not piece or self._left == 0:
            self._finish()
        return piece

    def load(self) -> None:
        """Take the whole body into `data`. Raises BrokenAnswerError when it is longer than `LIMIT`."""
        pieces, size = [], 0
        while piece := self.read(_RECEIVE):
            pieces.append(piece)
            size += len(piece)
            if size > LIMIT:
                self.close()
                raise BrokenAnswerError(f"an answer has more than {LIMIT:,} bytes")
        self.data = b"".join(pieces)

    def close(self) -> None:
        """Give up what is not read. Safe to repeat."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _chunk(self, connection: Connection, most: int) -> bytes:
        if self._in_chunk == 0:
            self._in_chunk = _chunk_size(connection.line())
            if self._in_chunk == 0:
                while connection.line():
                    pass  # trailers say nothing that is used
                self._finish()
                return b""
        piece = connection.receive(min(most, self._in_chunk))
        if not piece:
            self.close()
            raise BrokenAnswerError("the connection was closed in the middle of a body")
        self._in_chunk -= len(piece)
        if self._in_chunk == 0:
            connection.line()
        return piece

    def _finish(self) -> None:
        if self._connection is None:
            return
        if self._last:
            self.close()
        else:
            self._connection.keep()
            self._connection = None


def _parsed(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    parts = first.split(" ", 2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
        raise BrokenAnswerError(f"not an answer in HTTP: {first[:80]!r}")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if parts[0] == "HTTP/1.0":
        headers.setdefault("connection", "close")
    return int(parts[1]), headers


def _length(headers: Mapping[str, str]) -> int | None:
    told = headers.get("content-length")
    if told is None:
        return None
    if not told.isdigit():
        raise BrokenAnswerError(f"an answer's length is {told[:20]!r}")
    return int(told)


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError as error:
        raise BrokenAnswerError(f"a chunk's length is {line[:20]!r}") from error
