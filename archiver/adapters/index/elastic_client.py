"""The connection to Elasticsearch, and its errors as ours."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import elastic_transport
import elasticsearch

from archiver.adapters.index.elastic_address import Address
from archiver.errors import IntegrityError, MinutierError, NotFoundError, NotPermittedError, UnreachableError, UsageError

REINDEX = "run `minutier reindex` to make the index again from the stored texts"
PATIENCE = 30.0
"""Seconds an answer may take."""

_RETRIES = 2
_AGAIN = (429, 502, 503, 504)
_COMPLEX = ("too_many_clauses", "too_many_nested_clauses", "clause", "nested depth")
_WAIT = "see whether the cluster is up and green (`minutier doctor`), then run the same again"

_ACCEPTED: set[Address] = set()
"""Who was let in before by this process. A server that is starting cannot look its users up yet and says that the password is
wrong; whoever was let in before is to come again then."""


def connect(address: Address, *, patience: float = PATIENCE) -> elasticsearch.Elasticsearch:
    """A client, safe for several threads. Nothing is sent yet.

    Raises:
        UsageError: the file of the certificate authority cannot be read.
    """
    options: dict[str, Any] = {"request_timeout": patience, "max_retries": _RETRIES, "retry_on_status": _AGAIN}
    if address.user:
        options["basic_auth"] = (address.user, address.password)
    if address.server.startswith("https"):
        options["ssl_context"] = _trust(address)
    return elasticsearch.Elasticsearch(address.server, http_compress=False, **options)


def _trust(address: Address) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=address.ca or None)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"the certificate {address.ca} of the index's server cannot be read: {error}", remedy="correct ca= in index_url"
        ) from error


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Errors of the client while it talks to `address`."""
    try:
        yield
        _ACCEPTED.add(address)
    except elasticsearch.UnsupportedProductError as error:
        raise UsageError(
            f"what answers at {address} is not Elasticsearch 9: {error}", remedy="name an Elasticsearch 9 in index_url"
        ) from error
    except elasticsearch.ApiError as error:
        raise meaning(address, error.meta.status, error.body) from error
    except elastic_transport.TlsError as error:
        raise UnreachableError(
            f"no trusted connection to the index at {address}: {error.message}",
            remedy="name the authority that signed the server's certificate: ?ca=FILE at the end of index_url",
        ) from error
    except elastic_transport.TransportError as error:
        raise UnreachableError(f"the index at {address} does not answer: {error.message}", remedy=_WAIT) from error


def meaning(address: Address, status: int, body: object) -> MinutierError:
    """What an answer that is an error means. Never that nothing was found."""
    kind, reason = told(body)
    said = f"{kind}: {reason}"[:500] if kind else f"status {status}"
    if kind == "media_type_header_exception":
        return UsageError(
            f"the server at {address} is not of Elasticsearch 9, which this program speaks",
            remedy="upgrade the server to version 9, or name another one in index_url",
        )
    if kind == "index_not_found_exception":
        return NotFoundError(f"there is no index at {address}: {reason}", remedy=REINDEX)
    if kind == "cluster_block_exception":
        return UnreachableError(f"the index at {address} is blocked: {said}", remedy="make room on its disks or lift the block")
    if status == 401 and address in _ACCEPTED:
        return UnreachableError(
            f"the index at {address} does not let in whom it let in before: {said}",
            remedy="it may be starting: run the same again later; if its password was changed, change index_url too",
        )
    if status in (401, 403):
        return NotPermittedError(
            f"the index at {address} does not permit that: {said}", remedy="give the user of index_url the role of the program"
        )
    if status == 400 and any(word in said for word in _COMPLEX):
        return UsageError(f"the query is too complex for the index: {said}", remedy="search for fewer words at once")
    if "corrupt" in said.casefold():
        return IntegrityError(f"the index at {address} is damaged: {said}", remedy=REINDEX)
    if status in (400, 404, 409):
        return IntegrityError(f"the index at {address} is not as this program makes it: {said}", remedy=REINDEX)
    return UnreachableError(f"the index at {address} cannot answer now: {said}", remedy=_WAIT)


def told(body: object) -> tuple[str, str]:
    """Type and reason of an error as the server words it, the innermost cause first; empty for none."""
    error = body.get("error", body) if isinstance(body, Mapping) else body
    if not isinstance(error, Mapping):
        return "", str(error or "")
    causes = error.get("root_cause") or [error]
    inner: Mapping[str, Any] = causes[0] if causes and isinstance(causes[0], Mapping) else error
    while isinstance(inner.get("caused_by"), Mapping):
        inner = inner["caused_by"]
    outer = str(error.get("type", ""))
    named = inner if inner.get("type") and outer in ("", "search_phase_execution_exception") else error
    return str(named.get("type", "")), str(inner.get("reason") or error.get("reason", ""))
