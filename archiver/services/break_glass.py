"""Break-glass: groups that a principal has for some hours, for a reason, given by somebody else, written down and listed."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from archiver.domain.access import Principal, group_name
from archiver.domain.api_key import NAMES as KEYS
from archiver.domain.caller import Caller
from archiver.domain.ledger import LedgerEvent, Value
from archiver.domain.persons import person_name
from archiver.domain.reasons import stated_reason
from archiver.errors import NotFoundError, RefusedError, UsageError
from archiver.ports.caller_rows import CallerRows, Grant
from archiver.ports.clock import Clock
from archiver.ports.tokens import NAMES as TOKENS
from archiver.services.register import Register

GRANTED = "break-glass-granted"
"""Kind of the ledger entry that a principal has groups for a while: id, groups, reason and end; principal and giver by pseudonym."""

ENDED = "break-glass-ended"
"""Kind of the ledger entry that a grant ended before its time."""

LONGEST = timedelta(hours=24)


class BreakGlass:
    """Gives grants and ends them. None is ever forgotten."""

    def __init__(self, rows: CallerRows, register: Register, clock: Clock) -> None:
        self._rows, self._register, self._clock = rows, register, clock

    def grant(self, principal: str, groups: Collection[str], reason: str, *, lasting: timedelta, by: str) -> Grant:
        """Give groups to a principal from now on.

        Args:
            principal: as calls are written down: `key:NAME` or `oidc:SUBJECT`.
            lasting: at most `LONGEST`.
            by: who gives it, as calls are written down, or the owner.

        Raises:
            NotFoundError: no API key of that name is in force.
            RefusedError: to oneself.
            UsageError: no such name, no group, no reason, or for too long.
        """
        name = _principal(principal)
        self._require_known(name)
        if name.casefold() == person_name(by).casefold():
            raise RefusedError("nobody breaks the glass for themselves", remedy="ask somebody else to give the grant")
        if not timedelta() < lasting <= LONGEST:
            raise UsageError(
                f"a grant lasts for {lasting}",
                remedy=f"give at most {LONGEST // timedelta(hours=1)} hours; it can be given again",
            )
        named, words, now = _groups(groups), stated_reason(reason, "the glass is broken for a reason"), self._clock.now()
        given = Grant(f"bg-{secrets.token_hex(6)}", name, named, words, by, now, now + lasting)
        details: dict[str, Value] = {
            "grant": given.id,
            "principal": self._register.enter(name),
            "groups": [*sorted(named)],
            "reason": words,
            "until": given.until.isoformat(),
            "by": self._register.enter(by),
        }
        self._rows.add_grant(given, [LedgerEvent(GRANTED, "", now, details)])
        return given

    def end(self, grant_id: str, *, by: str) -> tuple[Grant, bool]:
        """End a grant before its time; the grant, and whether it still ran. Safe to repeat.

        Raises:
            NotFoundError: there is no such grant.
        """
        found, now = self._rows.grant(grant_id), self._clock.now()
        if found is None:
            raise NotFoundError(f"there is no grant {grant_id[:40]!r}", remedy="`minutier break-glass list` shows them")
        if not found.active_at(now):
            return found, False
        details = {"grant": found.id, "principal": self._register.enter(found.principal), "by": self._register.enter(by)}
        self._rows.end_grant(found.id, now, [LedgerEvent(ENDED, "", now, details)])
        return replace(found, ended_at=now), True

    def _require_known(self, name: str) -> None:
        """Groups must not wait for whoever gets a key of that name later. Who owns a token is known to its issuer alone."""
        now = self._clock.now()
        if name.startswith(KEYS) and not any(KEYS + key.name == name and key.valid_at(now) for key in self._rows.all_keys()):
            raise NotFoundError(f"no API key {name.removeprefix(KEYS)!r} is in force", remedy="`minutier key list` shows them")

    def all(self) -> list[Grant]:
        """Every grant ever given, newest first."""
        return self._rows.grants()


def with_grants(caller: Caller, rows: CallerRows, now: datetime) -> Caller:
    """The caller with the groups of the grants that are in force for it now; the only way they are added."""
    given = rows.grants_of(caller.principal.name, now)
    if not given:
        return caller
    groups = caller.principal.groups.union(*(each.groups for each in given))
    return replace(caller, principal=Principal(caller.principal.name, groups), break_glass=tuple(each.id for each in given))


def _principal(written: str) -> str:
    name = person_name(written)
    if not name.startswith((KEYS, TOKENS)) or name in (KEYS, TOKENS):
        raise UsageError(
            f"{written[:40]!r} is nobody who calls", remedy="write key:NAME for an API key, or oidc:SUBJECT for a token's owner"
        )
    return name


def _groups(written: Collection[str]) -> frozenset[str]:
    if not written:
        raise UsageError("no group is named", remedy="a grant gives groups: name them with --groups")
    return frozenset(map(group_name, written))
