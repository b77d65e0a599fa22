"""What stands between the net and the archive: the served archive, who may ask how often, and the seal on cursors."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from archiver.api.cursors import Cursors
from archiver.api.places import Places
from archiver.api.rates import Rates
from archiver.bootstrap.serving import Serving
from archiver.domain.caller import Caller
from archiver.errors import NotAuthenticatedError

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive

_GUESSES = "30/minute"
"""Keys and tokens that are not good, from one address."""

THREADS = 4
"""Times `api_threads`: threads that wait for parts while others answer. One caller may have all but `api_threads` of them."""
_UNPACKED = 8
"""Members that are read out of their containers, each into a file of its own, until they are sent."""


class Front:
    """One for the whole application."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        self.rates = Rates(serving.settings.api_rate)
        self.cursors = Cursors(serving.identifier_key)
        self.purpose_required = serving.settings.api_purpose == "required"
        self.writers = ThreadPoolExecutor(serving.settings.api_threads, "access-log")
        threads = serving.settings.api_threads
        self.in_hand = Places("calls of one caller", most=sys.maxsize, of_one=threads * (THREADS - 1))
        self.unpacked = Places("parts of containers", most=_UNPACKED, of_one=_UNPACKED // 2)
        self._guesses = Rates(_GUESSES)

    def authenticated(self, authorization: str, address: str) -> Caller:
        """Whoever sent this header.

        Raises:
            NotAuthenticatedError: nobody known; why is not said.
            TooManyError: this address has guessed too often.
        """
        try:
            return self.serving.callers.authenticate(authorization)
        except NotAuthenticatedError:
            self._guesses.take(address)
            raise

    def close(self) -> None:
        """Close what is served, once what was begun to be written down is. Safe to repeat."""
        self.writers.shutdown()
        self.serving.close()

    @contextmanager
    def reading(self) -> Iterator[Archive]:
        """An open archive to read from, for this thread alone."""
        with self.serving.readers.one() as archive:
            yield archive

    @contextmanager
    def changing(self) -> Iterator[Archive]:
        """An open archive to change documents in within its retention turn, whoever else writes."""
        with self.serving.changers.one() as archive:
            yield archive
