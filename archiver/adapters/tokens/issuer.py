"""What an issuer is asked for: its keys, and the groups of a token's owner."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from archiver.adapters.tokens.fetching import Fetch, fetch
from archiver.adapters.tokens.key_set import KeySet, read_key_set
from archiver.errors import UnreachableError

KEYS_SECONDS = 3.0
"""For each of the two questions that lead to the keys."""

OWNER_SECONDS = 2.0
"""For the questions that lead to what is known of a token's owner, together."""

REMEMBERED = 5.0
"""Seconds for which the answer about one token's owner counts, also that there was none."""

_MOST_OWNERS = 1_000
_log = logging.getLogger("minutier.callers")


class Issuer:
    """One OpenID Connect issuer. Safe from several threads.

    Args:
        name: as tokens and its discovery document say it.
        keys_url: where its keys are; "" to ask the discovery document.
        elapsed: seconds that nobody can set.
    """

    def __init__(
        self, name: str, keys_url: str = "", *, fetch: Fetch = fetch, elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        self._name, self._keys_url = name, keys_url
        self._fetch, self._elapsed = fetch, elapsed
        self._owner_url = ""
        self._owners: dict[bytes, tuple[float, Mapping[str, Any]]] = {}
        self._mutex = threading.Lock()

    def keys(self) -> KeySet:
        """The keys it has now.

        Raises:
            UnreachableError: it does not answer, or not with keys.
        """
        url = self._keys_url or self._discovered("jwks_uri", KEYS_SECONDS)
        try:
            return read_key_set(self._fetch(url, seconds=KEYS_SECONDS))
        except ValueError as error:
            raise UnreachableError(
                f"the issuer {self._name} gives no keys: {error}", remedy="see whether oidc_keys_url is right"
            ) from error

    def owner(self, token: str, subject: str) -> Mapping[str, Any]:
        """What it knows of a token's owner now (OpenID Connect Core 1.0, 5.3); nothing when it does not say so in time."""
        place = hashlib.sha256(token.encode("ascii")).digest()
        with self._mutex:
            at, known = self._owners.get(place, (0.0, {}))
            if place in self._owners and self._elapsed() - at < REMEMBERED:
                return known
        found = self._asked(token, subject)
        with self._mutex:
            if len(self._owners) >= _MOST_OWNERS:
                self._owners.clear()
            self._owners[place] = (self._elapsed(), found)
        return found

    def _asked(self, token: str, subject: str) -> Mapping[str, Any]:
        ends = self._elapsed() + OWNER_SECONDS
        try:
            self._owner_url = self._owner_url or self._discovered("userinfo_endpoint", OWNER_SECONDS)
            left = ends - self._elapsed()
            if left <= 0:
                raise UnreachableError(f"the issuer {self._name} took too long to answer")
            found = self._fetch(self._owner_url, seconds=left, headers={"Authorization": f"Bearer {token}"})
        except UnreachableError as error:
            _log.warning("nothing is known of a token's owner, who sees nothing: %s", error)
            return {}
        if found.get("sub") != subject:
            _log.warning("nothing is known of a token's owner, who sees nothing: the answer is about another")
            return {}
        return found

    def _discovered(self, what: str, seconds: float) -> str:
        url = self._name.removesuffix("/") + "/.well-known/openid-configuration"
        document = self._fetch(url, seconds=seconds)
        found = document.get(what)
        if document.get("issuer") != self._name or not isinstance(found, str):
            why = (
                f"names the issuer {str(document.get('issuer'))[:100]!r}"
                if document.get("issuer") != self._name
                else f"has no {what}"
            )
            raise UnreachableError(
                f"the discovery document of {self._name} {why}", remedy="write oidc_issuer exactly as the document names it"
            )
        return found
