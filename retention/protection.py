"""What the store should be told about a document: which lock, until which instant, and whether it is to be held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from retention.days import end_of_day
from retention.policy import Lock, Policy
from retention.schedule import Deadline, Facts, Standing, deadline, extended

ROLLING = timedelta(days=30)
"""How far ahead a rolling lock reaches; it is extended while the document is kept."""


@dataclass(frozen=True, slots=True)
class Protection:
    """The lock a document asks for. Whoever shares its content takes the strongest of all (`strongest`).

    Attributes:
        lock: `none`, `governance` or `compliance` (a rolling lock is a short `compliance` one).
        until: UTC; None with `none`.
        hold: a legal hold keeps it, since no date is known to lock to.
    """

    lock: Lock
    until: datetime | None
    hold: bool


def protection(policy: Policy, facts: Facts, now: datetime, *, scheduled: Deadline | None = None) -> Protection:
    """The protection of one document at `now`; `scheduled` is its deadline if known already.

    A day that has passed gives no lock: stores refuse one, and only an approved plan destroys the document anyway.
    """
    ends = scheduled if scheduled is not None else deadline(policy, facts)
    found, until = policy.retention_class(facts.retention_class), extended(facts.retain_until, ends.until)
    hold = ends.standing is not Standing.DATED
    instant = end_of_day(policy.time_zone, until) if until is not None else None
    lock = found.lock if found is not None else Lock.GOVERNANCE
    if instant is None or instant <= now or lock is Lock.NONE:
        return Protection(Lock.NONE, None, hold)
    if lock is Lock.ROLLING:
        return Protection(Lock.COMPLIANCE, min(instant, now + ROLLING), hold)
    return Protection(lock, instant, hold)


def strongest(one: Protection, other: Protection) -> Protection:
    """The protection of content that both documents refer to: the later end, the harder lock, held if either is."""
    untils = [until for until in (one.until, other.until) if until is not None]
    lock = max(one.lock, other.lock, key=(Lock.NONE, Lock.GOVERNANCE, Lock.COMPLIANCE).index)
    return Protection(lock, max(untils, default=None), one.hold or other.hold)
