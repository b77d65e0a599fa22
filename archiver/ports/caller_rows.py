"""Port: what is written down of who may call from outside. Beside the catalogue, one transaction a method."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from archiver.domain.caller import Permission
from archiver.domain.ledger import LedgerEvent


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that a program calls with. All but the secret, of which there is a digest.

    Attributes:
        name: of the program, one living key each; a rotated key and the one that takes its place share it for a while.
        digest: 32 bytes, see `domain.api_key`.
        purpose: why it reads, for all its calls; "" where each call says so itself.
        rotated_to: id of the key that takes its place; "" for none.
        last_used_at: to about a minute.
    """

    id: str
    name: str
    digest: bytes = field(repr=False)
    groups: frozenset[str]
    permissions: frozenset[Permission]
    purpose: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_reason: str = ""
    rotated_to: str = ""
    last_used_at: datetime | None = None

    def valid_at(self, now: datetime) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Grant:
    """Groups that a principal has for a while, for a reason: break-glass.

    Attributes:
        principal: as `domain.caller.Caller` names it: `key:NAME` or `oidc:SUBJECT`.
        granted_by: a name; the ledger has a pseudonym.
        ended_at: before its time, by somebody; None for one that ran or runs to its end.
    """

    id: str
    principal: str
    groups: frozenset[str]
    reason: str
    granted_by: str
    granted_at: datetime
    until: datetime
    ended_at: datetime | None = None

    def active_at(self, now: datetime) -> bool:
        """Whether its groups count."""
        return self.ended_at is None and now < self.until


class CallerRows(Protocol):
    """Rows of API keys and break-glass grants. None is ever removed. Safe from several threads.

    Raises, everywhere: `UnreachableError` when the database does not answer.
    """

    def add_key(self, key: ApiKey, events: Iterable[LedgerEvent]) -> None:
        """A new key with its ledger entry.

        Raises:
            AlreadyExistsError: a key that is neither revoked nor rotated has its name, or any key its id.
        """

    def rotate_key(self, old: ApiKey, new: ApiKey, events: Iterable[LedgerEvent]) -> None:
        """`new` takes the place of the key `old`, which ends when `old.expires_at` says.

        Raises:
            AlreadyExistsError: somebody else rotated or revoked it, or took the id; nothing was written.
        """

    def revoke_key(self, key_id: str, at: datetime, reason: str, events: Iterable[LedgerEvent]) -> None:
        """Counts from the next look on. Of one that is revoked nothing changes, and nothing is entered."""

    def key(self, key_id: str) -> ApiKey | None:
        """The key with this id, whatever its state."""

    def all_keys(self) -> list[ApiKey]:
        """All that were ever made, oldest first."""

    def key_used(self, key_id: str, at: datetime) -> None:
        """Note when it was used last; an earlier moment than the one noted changes nothing."""

    def add_grant(self, grant: Grant, events: Iterable[LedgerEvent]) -> None:
        """A new grant with its ledger entry.

        Raises:
            AlreadyExistsError: the id is taken.
        """

    def end_grant(self, grant_id: str, at: datetime, events: Iterable[LedgerEvent]) -> None:
        """End it before its time. Of one that ended nothing changes, and nothing is entered."""

    def grant(self, grant_id: str) -> Grant | None:
        """The grant with this id, whatever its state."""

    def grants(self) -> list[Grant]:
        """All that were ever given, newest first."""

    def grants_of(self, principal: str, now: datetime) -> list[Grant]:
        """Those of a principal that are in force, oldest first."""
