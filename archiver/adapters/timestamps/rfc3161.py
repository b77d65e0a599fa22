"""Time-stamps of an authority that speaks RFC 3161 over HTTP."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from cryptography.x509 import Certificate

from archiver.adapters.timestamps.authorities import trusted
from archiver.adapters.timestamps.posting import post
from archiver.adapters.timestamps.tokens import MOST_BYTES, checked, parsed
from archiver.errors import IntegrityError, RefusedError, UnreachableError
from archiver.ports.timestamps import GivenTime

SECONDS = 30.0
"""How long one answer may take, from the first byte sent to the last received."""

_LONGEST_TOLD = 200


class Rfc3161:
    """Time-stamps over HTTP. Safe from several threads.

    Args:
        url: the authority's address; "" for one that only checks tokens.
        ca: a PEM file with the certificates to trust; None for those of the machine.
    """

    def __init__(self, url: str, ca: Path | None, *, seconds: float = SECONDS) -> None:
        self._url, self._ca, self._seconds = url, ca, seconds

    def stamp(self, message: bytes) -> bytes:
        """See the port."""
        query, nonce = _query(message)
        trusted_now = self._roots  # read before anything is asked
        answer = parsed(post(self._url, query, seconds=self._seconds, most_bytes=MOST_BYTES))
        if answer.status != 0:
            why = "; ".join(answer.status_string)[:_LONGEST_TOLD] or f"status {answer.status}"
            raise RefusedError(
                f"the time-stamp authority gives no token: {why!r}", remedy="it must take SHA-256, a nonce and no policy of ours"
            )
        if answer.tst_info.nonce != nonce:
            raise IntegrityError("the time-stamp authority answered another query", remedy="try again; if it stays, use another")
        token = answer.time_stamp_token()
        checked(token, message, trusted_now)
        return token

    def verify(self, token: bytes, message: bytes) -> GivenTime:
        """See the port."""
        return checked(token, message, self._roots)

    @cached_property
    def _roots(self) -> list[Certificate]:
        return trusted(self._ca)


def verify(token: bytes, message: bytes, ca: Path | None = None) -> GivenTime:
    """What a token says of `message`; as `Rfc3161.verify`, for who has no archive.

    Args:
        ca: a PEM file with the certificates to trust; None for those of the machine.
    """
    return Rfc3161("", ca).verify(token, message)


def _query(message: bytes) -> tuple[bytes, int | None]:
    try:
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
    except ImportError as error:
        raise UnreachableError("what asks for time-stamps is not installed", remedy="pip install 'minutier[trust]'") from error
    query = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).build()
    return query.as_bytes(), query.nonce
