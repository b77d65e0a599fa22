"""One HTTP POST to a time-stamp authority, bounded in time and size whatever the other side does."""

from __future__ import annotations

import base64
import http.client
import ssl
from urllib.parse import SplitResult, unquote, urlsplit

from archiver.adapters.deadline import ends_after
from archiver.errors import IntegrityError, RefusedError, UnreachableError

_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
_NOT_NOW = {408, 425, 429}


def post(url: str, query: bytes, *, seconds: float, most_bytes: int) -> bytes:
    """The authority's answer to a query.

    Raises:
        UnreachableError: no answer in time, or it says to come back later.
        RefusedError: it answers no to the request as a whole.
        IntegrityError: the answer is of another kind, or longer than `most_bytes`.
    """
    parts = urlsplit(url)
    connection = _connection(parts, seconds)
    try:
        connection.connect()
        with ends_after(connection, seconds):
            connection.request("POST", _path(parts), query, _headers(parts))
            with connection.getresponse() as answer:
                body = _whole(answer, most_bytes)
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = (
            "no whole answer in time" if isinstance(error, TimeoutError | http.client.HTTPException | ValueError) else str(error)
        )
        raise UnreachableError(
            f"the time-stamp authority {parts.hostname} does not answer: {why}",
            remedy="see whether timestamp_url is right; try again",
        ) from error
    finally:
        connection.close()
    _require_answer(parts, answer, body, most_bytes)
    return body


def _whole(answer: http.client.HTTPResponse, most_bytes: int) -> bytes:
    body = answer.read(most_bytes + 1)
    if answer.length and len(body) <= most_bytes:
        raise http.client.IncompleteRead(body, answer.length)
    return body


def _require_answer(parts: SplitResult, answer: http.client.HTTPResponse, body: bytes, most_bytes: int) -> None:
    said = f"the time-stamp authority {parts.hostname} answered {answer.status} {answer.reason}"[:200]
    if answer.status >= 500 or answer.status in _NOT_NOW:
        raise UnreachableError(said, remedy="try again later")
    if answer.status != 200:
        raise RefusedError(said, remedy="see whether timestamp_url is the address for RFC 3161 queries")
    if answer.headers.get_content_type() != _REPLY:
        raise IntegrityError(f"{said} with {answer.headers.get_content_type()}", remedy="see whether timestamp_url is right")
    if len(body) > most_bytes:
        raise IntegrityError(f"{said} with more than {most_bytes:,} bytes", remedy="see whether timestamp_url is right")


def _connection(parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, parts.port, timeout=seconds)


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _headers(parts: SplitResult) -> dict[str, str]:
    headers = {"Content-Type": _QUERY, "Accept": _REPLY, "User-Agent": "minutier"}
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode("utf-8")).decode("ascii")
    return headers
