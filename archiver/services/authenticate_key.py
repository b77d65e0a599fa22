"""A token of an API key becomes a caller: looked up anew each time, so that a key that was revoked opens nothing from then on."""

from __future__ import annotations

import hmac
import logging
import threading
from datetime import datetime, timedelta

from archiver.domain.access import Principal
from archiver.domain.api_key import NAMES, Token, digest_key
from archiver.domain.caller import Caller
from archiver.errors import NotAuthenticatedError, UnreachableError
from archiver.ports.caller_rows import ApiKey, CallerRows

NOTED_EVERY = timedelta(minutes=1)
"""How often a key's last use is written down at most."""

_NOBODY = bytes(32)
"""Compared with where there is no such key: that takes as long as with a wrong secret."""

_log = logging.getLogger("minutier.callers")


class AuthenticateKey:
    """Nothing is kept between two calls but when a key's use was noted last. Safe from several threads.

    Args:
        identifier_key: `Keys.identifier_key`.
        noting: write down when a key was used last; not on a host that only reads.
    """

    def __init__(self, rows: CallerRows, identifier_key: bytes, *, noting: bool) -> None:
        self._rows, self._key, self._noting = rows, digest_key(identifier_key), noting
        self._noted: dict[str, datetime] = {}
        self._mutex = threading.Lock()

    def caller(self, written: str, now: datetime) -> Caller:
        """Whose token this is, without the groups of break-glass grants.

        Raises:
            NotAuthenticatedError: it is no token, or of no key that is in force.
            UnreachableError: the catalogue does not answer.
        """
        token = Token.read(written)
        if token is None:
            raise NotAuthenticatedError from ValueError("an API key is cut short or mistyped")
        found = self._rows.key(token.id)
        same = hmac.compare_digest(token.digest(self._key), _NOBODY if found is None else found.digest)
        if found is None or not same or not found.valid_at(now):
            raise NotAuthenticatedError from ValueError(f"API key {token.id} is {_fault(found, same=same)}")
        self._note(found, now)
        return Caller(Principal(NAMES + found.name, found.groups), found.permissions, found.id, found.purpose)

    def _note(self, key: ApiKey, now: datetime) -> None:
        if not self._noting or not self._is_due(key, now):
            return
        try:
            self._rows.key_used(key.id, now)
        except UnreachableError as error:  # the key is good all the same; the next minute notes its use
            _log.warning("the last use of API key %s is not noted: %s", key.id, error)

    def _is_due(self, key: ApiKey, now: datetime) -> bool:
        with self._mutex:
            last = max(filter(None, (key.last_used_at, self._noted.get(key.id))), default=None)
            if last is not None and now - last < NOTED_EVERY:
                return False
            self._noted[key.id] = now
            return True


def _fault(found: ApiKey | None, *, same: bool) -> str:
    if found is None:
        return "unknown"
    if not same:
        return "shown with a wrong secret"
    return "revoked" if found.revoked_at else "expired"
