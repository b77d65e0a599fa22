"""API keys: made, shown once, replaced, revoked. Each step is an entry in the ledger."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from archiver.domain.access import group_name
from archiver.domain.api_key import ID_BYTES, NAMES, SECRET_BYTES, Token, digest_key
from archiver.domain.caller import Permission
from archiver.domain.ledger import LedgerEvent, Value
from archiver.domain.reasons import stated_reason
from archiver.errors import NotFoundError, RefusedError, UsageError
from archiver.ports.caller_rows import ApiKey, CallerRows
from archiver.ports.clock import Clock
from archiver.ports.keys import Keys
from archiver.services.register import Register
from retention.period import Period

CREATED = "api-key-created"
"""Kind of the ledger entry that an API key was made: id, groups, scopes and end; its principal and its maker by pseudonym."""

ROTATED = "api-key-rotated"
"""Kind of the ledger entry that an API key takes another's place: both ids, the end of each; principal and maker by pseudonym."""

REVOKED = "api-key-revoked"
"""Kind of the ledger entry that an API key opens nothing from now on."""

LONGEST = Period(months=24)
OVERLAP = Period(days=7)

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_LONGEST_PURPOSE = 200


@dataclass(frozen=True, slots=True)
class Order:
    """A key as it is asked for.

    Attributes:
        name: of the program.
        groups: what it sees, and whose collections it may hand documents into.
        expires: how long it is good; at most `LONGEST`, unless `beyond`.
        purpose: why it reads, written down with each call; "" to have each call say so.
    """

    name: str
    groups: Collection[str]
    permissions: frozenset[Permission]
    expires: Period
    purpose: str = ""
    beyond: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """A new key and its token, which is nowhere else: whoever loses it needs another."""

    key: ApiKey
    token: str

    def __repr__(self) -> str:
        return f"Made({self.key.id})"


class ApiKeys:
    """Makes keys, replaces them and revokes them. None is ever forgotten.

    Args:
        entropy: gives so many random bytes.
    """

    def __init__(
        self,
        rows: CallerRows,
        register: Register,
        keys: Keys,
        clock: Clock,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._rows, self._register, self._keys, self._clock, self._entropy = rows, register, keys, clock, entropy

    def create(self, order: Order, *, by: str) -> Made:
        """A new key.

        Raises:
            AlreadyExistsError: a key of this name was neither revoked nor rotated.
            UsageError: name, groups, purpose or length are not as they must be.
        """
        now = self._clock.now()
        name, groups = _name(order.name), frozenset(map(group_name, order.groups))
        token, expires_at = self._token(), _expiry(now, order.expires, beyond=order.beyond)
        key = ApiKey(token.id, name, self._digest(token), groups, order.permissions, _purpose(order.purpose), now, by, expires_at)
        self._rows.add_key(key, [LedgerEvent(CREATED, "", now, self._details(key, by))])
        return Made(key, token.written())

    def rotate(self, key_id: str, *, by: str, overlap: Period = OVERLAP, expires: Period | None = None) -> Made:
        """A new key in this one's place, for the same and no more; this one stays good for `overlap`, at most as long as it was.

        Args:
            expires: how long the new one is good; None for as long as the old one was when it was made.

        Raises:
            NotFoundError: there is no such key.
            RefusedError: it was revoked, or rotated already.
            UsageError: `expires` is longer than `LONGEST`.
        """
        old, now = self.key(key_id), self._clock.now()
        _require_current(old)
        ends = min(old.expires_at, _after(now, overlap))
        expires_at = _expiry(now, expires) if expires else now + (old.expires_at - old.created_at)
        token = self._token()
        new = replace(
            old, id=token.id, digest=self._digest(token), created_at=now, created_by=by, expires_at=expires_at, last_used_at=None
        )
        details = self._details(new, by) | {"replaces": old.id, "old_until": ends.isoformat()}
        self._rows.rotate_key(replace(old, expires_at=ends), new, [LedgerEvent(ROTATED, "", now, details)])
        return Made(new, token.written())

    def revoke(self, key_id: str, reason: str, *, by: str) -> tuple[ApiKey, bool]:
        """Open nothing with this key from now on; the key, and whether it was not revoked before. Safe to repeat.

        Args:
            reason: for people; kept in the ledger's erasable part.

        Raises:
            NotFoundError: there is no such key.
            UsageError: no reason.
        """
        words = stated_reason(reason, "a key is revoked for a reason")
        key, now = self.key(key_id), self._clock.now()
        if key.revoked_at is not None:
            return key, False
        details: dict[str, Value] = {
            "key": key.id,
            "principal": self._principal(key),
            "reason": words,
            "by": self._register.enter(by),
        }
        self._rows.revoke_key(key.id, now, words, [LedgerEvent(REVOKED, "", now, details)])
        return replace(key, revoked_at=now, revoked_reason=words), True

    def key(self, key_id: str) -> ApiKey:
        """The key with this id.

        Raises:
            NotFoundError: there is none.
        """
        found = self._rows.key(key_id)
        if found is None:
            raise NotFoundError(f"there is no API key {key_id[:40]!r}", remedy="`minutier key list` shows those that there are")
        return found

    def all(self) -> list[ApiKey]:
        """Every key ever made, oldest first."""
        return self._rows.all_keys()

    def _token(self) -> Token:
        return Token(self._entropy(ID_BYTES).hex(), self._entropy(SECRET_BYTES))

    def _digest(self, token: Token) -> bytes:
        return token.digest(digest_key(self._keys.identifier_key()))

    def _details(self, key: ApiKey, by: str) -> dict[str, Value]:
        return {
            "key": key.id,
            "principal": self._principal(key),
            "groups": [*sorted(key.groups)],
            "scopes": [*sorted(key.permissions)],
            "expires": key.expires_at.isoformat(),
            "by": self._register.enter(by),
        }

    def _principal(self, key: ApiKey) -> str:
        return self._register.enter(NAMES + key.name)


def _require_current(key: ApiKey) -> None:
    if key.revoked_at is not None:
        raise RefusedError(
            f"API key {key.id} was revoked on {key.revoked_at:%Y-%m-%d}, which is not taken back",
            remedy="`minutier key create` makes another",
        )
    if key.rotated_to:
        raise RefusedError(
            f"API key {key.id} was rotated already; {key.rotated_to} is in its place", remedy=f"rotate {key.rotated_to} instead"
        )


def _expiry(now: datetime, length: Period, *, beyond: bool = False) -> datetime:
    if length.is_zero:
        raise UsageError("a key that is good for no time opens nothing", remedy="write a period such as P1Y")
    ends = _after(now, length)
    if ends > _after(now, LONGEST) and not beyond:
        raise UsageError(
            f"an API key is good for at most {LONGEST}, not {length}",
            remedy="rotate it in time; `minutier key create --long-lived` makes one that is good for longer",
        )
    return ends


def _after(now: datetime, length: Period) -> datetime:
    day = length.after(now.date())
    if day is None:
        raise UsageError(f"{length} from now is beyond the calendar", remedy="write a period such as P1Y")
    return datetime.combine(day, now.timetz())


def _name(written: str) -> str:
    if not _NAME.fullmatch(written):
        raise UsageError(
            f"{written[:40]!r} is no name of an API key",
            remedy="write 1 to 64 lower-case letters, digits, and dots, hyphens or underscores between them, such as erp",
        )
    return written


def _purpose(written: str) -> str:
    words = written.strip()
    if len(words) > _LONGEST_PURPOSE or not words.isprintable():
        raise UsageError("this is no purpose", remedy=f"say it in one line of at most {_LONGEST_PURPOSE} characters")
    return words
