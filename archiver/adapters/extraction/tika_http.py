"""One Tika server over HTTP, by way of the package `tika`: what was answered, or in which of four ways nothing was.

Every request has a connection of its own. So a connection that is refused means that the server is away, and one that ends
says that the server's process ended while this very document was read: with connections kept open the two look alike.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qs, urlsplit

from archiver.errors import UnreachableError, UsageError

CONNECT_SECONDS = 10.0
"""Longest wait for a connection, and for room to send more."""
_PIECE = 64 * 1024
_SHORT_ANSWER = 16 * 1024 * 1024


class AwayError(Exception):
    """No connection comes about: nothing was read."""


class DroppedError(Exception):
    """The connection, or the answer, ended in the middle."""


class OvertimeError(Exception):
    """The answer was not there, whole, in time."""


class LongAnswerError(Exception):
    """The answer is longer than the longest that is taken."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is. `shown` is without user and password; `verify` is the file of the authority that signed it, or True."""

    endpoint: str
    shown: str
    verify: str | bool


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of an answer."""

    status: int
    body: bytes


def address(url: str) -> Address:
    """The parts of `http[s]://[USER:PASSWORD@]host[:port][/path][?ca=FILE]`.

    Raises:
        UsageError: it is no such URL. The message does not hold it: it may have a password in it.
    """
    try:
        parts = urlsplit(url)
        place = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise UsageError(f"tika_url is no URL: {error}", remedy="write it as http://host:9998") from error
    if parts.scheme not in ("http", "https") or not place:
        raise UsageError("tika_url names no server", remedy="write it as http://host:9998")
    path = parts.path.rstrip("/")
    authority = parse_qs(parts.query).get("ca", [""])[0]
    return Address(
        f"{parts.scheme}://{parts.netloc}{path}", f"{parts.scheme}://{place}{port}{path}", authority or parts.scheme == "https"
    )


class TikaClient:
    """Requests to one server. Safe from several threads: it holds nothing between requests."""

    def __init__(self, url: str) -> None:
        self._address = address(url)
        self._package = _package()

    @property
    def shown(self) -> str:
        """The server's address, fit for messages."""
        return self._address.shown

    def get(self, service: str, seconds: float) -> Answer:
        """What is at `service`, such as "/version". Raises as `put` does."""
        return self._call("get", service, None, {}, seconds, _SHORT_ANSWER)

    def put(self, service: str, path: Path, headers: Mapping[str, str], seconds: float, longest: int) -> Answer:
        """Send the file at `path`, in pieces, and take an answer of at most `longest` bytes within `seconds`.

        Raises:
            AwayError, DroppedError, OvertimeError, LongAnswerError: there is no answer.
            OSError: the file can't be read.
        """
        with open(path, "rb") as file:
            body = _Body(file, os.fstat(file.fileno()).st_size)
            try:
                return self._call("put", service, body, headers, seconds, longest)
            except DroppedError:
                if body.error is not None:
                    raise body.error from None
                raise

    def _call(
        self, verb: str, service: str, body: _Body | None, headers: Mapping[str, str], seconds: float, longest: int
    ) -> Answer:
        status, content = self._package.callServer(
            verb,
            self._address.endpoint,
            service,
            body,
            dict(headers),
            httpVerbs={verb: _Exchange(verb, seconds, longest)},
            rawResponse=True,
            requestOptions={"timeout": (CONNECT_SECONDS, seconds), "verify": self._address.verify},
        )
        return Answer(status, content)


class _Body:
    """A file on its way out, which remembers that it could not be read: the libraries in between call that a lost connection."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._size = file, size
        self.error: OSError | None = None

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(_PIECE):
            yield piece

    def read(self, size: int = -1) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            self.error = error
            raise


class _Exchange:
    """One request and its answer: what the package is given in place of `requests.put`, which takes an answer of any length."""

    def __init__(self, verb: str, seconds: float, longest: int) -> None:
        self._verb, self._longest = verb, longest
        self._until = time.monotonic() + seconds

    def __call__(self, url: str, body: _Body | None, **options: Any) -> _Received:
        import requests
        from urllib3.exceptions import HTTPError

        try:
            with requests.Session() as session:
                session.trust_env = False  # no proxy and no .netrc: the address is the whole of what we were told
                with session.request(self._verb, url, data=body, stream=True, allow_redirects=False, **options) as response:
                    return _Received(response.status_code, b"".join(self._pieces(response)))
        except (requests.RequestException, HTTPError) as error:
            raise _told(error) from error

    def _pieces(self, response: Any) -> Iterator[bytes]:
        taken = 0
        for piece in response.iter_content(_PIECE):
            taken += len(piece)
            if taken > self._longest:
                raise LongAnswerError(f"the answer is longer than {self._longest} bytes")
            if time.monotonic() > self._until:
                raise OvertimeError("the answer takes too long to arrive")
            yield piece


@dataclass(slots=True)
class _Received:
    """The part of a `requests.Response` that the package uses."""

    status_code: int
    content: bytes
    encoding: str = ""


def _told(error: Exception) -> Exception:
    """Which of the four it is. The libraries nest their errors, and name a wait for the answer differently in each place."""
    import requests
    from urllib3 import exceptions

    causes = list(_causes(error))
    text = str(causes[-1]) or type(error).__name__
    if any(
        isinstance(cause, exceptions.NewConnectionError | exceptions.ConnectTimeoutError | requests.exceptions.SSLError)
        for cause in causes
    ):
        return AwayError(text)
    if any(isinstance(cause, exceptions.ReadTimeoutError) for cause in causes):
        return OvertimeError(text)
    return DroppedError(text)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error`, and what is wrapped in it."""
    yield error
    inner = getattr(error, "reason", None) or next((part for part in error.args if isinstance(part, BaseException)), None)
    if isinstance(inner, BaseException):
        yield from _causes(inner)


def _package() -> Any:
    """The package `tika`, loaded so that it only ever asks: left to itself it downloads and starts a server, and writes a log."""
    os.environ.update(TIKA_CLIENT_ONLY="1", TIKA_LOG_FILE="")
    try:
        from tika import tika  # type: ignore[import-untyped]
    except ImportError as error:
        raise UnreachableError("the client of Tika servers is not installed", remedy="pip install 'minutier[server]'") from error

    tika.log.disabled = True  # it warns of each status that is not 200; what those mean is decided by who asked
    return tika
