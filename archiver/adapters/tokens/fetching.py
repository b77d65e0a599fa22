"""One JSON object from an issuer of tokens, bounded in time and size. No redirect is followed: an address is asked or it is not."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from archiver.adapters.deadline import ends_after
from archiver.domain.outside_address import is_protected
from archiver.errors import UnreachableError

MOST_BYTES = 256 * 1024
"""Longest answer that is read. A set of a hundred RSA keys with certificates takes less."""

Fetch = Callable[..., dict[str, Any]]


def fetch(url: str, *, seconds: float, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The JSON object at an address that nobody on the way can change.

    Args:
        seconds: for connecting, for each address of the host, and for the answer in whatever pieces; not for looking up its name.

    Raises:
        UnreachableError: no whole answer in time, or not one of these.
    """
    if not is_protected(url):
        raise _unreachable(url, "it is asked over https only, or on this very machine")
    parts, started = urlsplit(url), time.monotonic()
    connection = _connection(parts, seconds)
    try:
        connection.connect()
        with ends_after(connection, max(seconds - (time.monotonic() - started), 0.1)):
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", path, headers={"Accept": "application/json", "User-Agent": "minutier", **(headers or {})})
            with connection.getresponse() as answer:
                return _object(url, answer, answer.read(MOST_BYTES + 1))
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise _unreachable(url, "no whole answer in time" if isinstance(error, TimeoutError) else str(error)) from error
    finally:
        connection.close()


def _connection(parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, parts.port, timeout=seconds)


def _object(url: str, answer: http.client.HTTPResponse, body: bytes) -> dict[str, Any]:
    if answer.status != 200:
        raise _unreachable(url, f"it answers {answer.status}")
    if len(body) > MOST_BYTES:
        raise _unreachable(url, f"the answer is longer than {MOST_BYTES:,} bytes")
    if answer.length:
        raise http.client.IncompleteRead(body, answer.length)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _unreachable(url, "the answer is not JSON") from error
    if not isinstance(found, dict):
        raise _unreachable(url, "the answer is no JSON object")
    return found


def _unreachable(url: str, why: str) -> UnreachableError:
    return UnreachableError(
        f"{url[:200]!r} does not give what is needed to check tokens: {why[:200]}",
        remedy="see whether oidc_issuer and oidc_keys_url are right and the issuer answers; API keys are checked without it",
    )
