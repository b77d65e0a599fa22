"""An issuer's keys, kept and looked after: asked for seldom, followed when they change, outlasting a pause of the issuer."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from archiver.adapters.tokens.key_set import IssuerKey, KeySet
from archiver.errors import UnreachableError

FRESH = 600.0
"""Seconds after which keys are asked for again: a key that the issuer took back is believed no longer."""

STALE = 3_600.0
"""Seconds for which keys are believed while the issuer does not answer. After that nobody is let in with a token."""

AGAIN = 60.0
"""Seconds between two tries for the sake of a key nobody knows: whoever makes up names of keys causes no more."""

RETRY = 10.0
"""Seconds between two tries while the issuer does not answer."""

_log = logging.getLogger("minutier.callers")


class IssuerKeys:
    """Keys by name. Safe from several threads: one asks the issuer, and the others go on with the keys that are known.

    Args:
        load: asks the issuer; raises `UnreachableError`.
        elapsed: seconds that nobody can set.
    """

    def __init__(self, load: Callable[[], KeySet], elapsed: Callable[[], float] = time.monotonic) -> None:
        self._load, self._elapsed = load, elapsed
        self._turn = threading.Lock()
        self._known: tuple[KeySet, float] | None = None
        self._tried: float | None = None
        self._failed: UnreachableError | None = None

    def find(self, kid: str | None, algorithm: str) -> IssuerKey | None:
        """The key a token names; None when the issuer has no such key, or was asked too short a while ago to be asked again.

        Raises:
            UnreachableError: no keys are known that may still be believed, and the issuer does not answer.
        """
        found = self._current().find(kid, algorithm)
        if found is None and self._since_try() >= AGAIN:
            found = self._asked(AGAIN).find(kid, algorithm)
        return found

    def _current(self) -> KeySet:
        known = self._believed()
        if known is None:
            return self._asked(RETRY)
        if self._age() < FRESH or self._since_try() < RETRY or not self._turn.acquire(blocking=False):
            return known
        try:
            self._try()
        finally:
            self._turn.release()
        return self._believed() or known

    def _asked(self, pause: float) -> KeySet:
        """The keys, asked for now unless another thread did so while this one waited for its turn."""
        with self._turn:
            if self._since_try() >= pause:
                self._try()
            known, failed = self._believed(), self._failed
        if known is None:
            raise UnreachableError(str(failed), remedy=failed.remedy if failed else "") from failed
        return known

    def _try(self) -> None:
        self._tried = self._elapsed()
        try:
            self._known, self._failed = (self._load(), self._elapsed()), None
        except UnreachableError as error:
            self._failed = error
            _log.warning("the issuer's keys cannot be asked for: %s", error)

    def _believed(self) -> KeySet | None:
        known = self._known
        return known[0] if known and self._elapsed() - known[1] < STALE else None

    def _age(self) -> float:
        return self._elapsed() - self._known[1] if self._known else STALE

    def _since_try(self) -> float:
        return self._elapsed() - self._tried if self._tried is not None else STALE
