"""What a lock forbids: pure rules, the same as the triggers in `lock_schema` enforce once more."""

from __future__ import annotations

from datetime import UTC, datetime

from archiver.domain.document import LockMode
from archiver.errors import UsageError
from archiver.ports.objects import Bucket, Lock

_RANK = {LockMode.NONE: 0, LockMode.GOVERNANCE: 1, LockMode.COMPLIANCE: 2}


def checked_lock(bucket: Bucket, lock: Lock) -> Lock:
    """`lock` itself, when a store could apply it in `bucket`.

    Raises:
        UsageError: mode and date don't fit each other, the date has no zone, or the bucket knows no locks.
    """
    if (lock.mode is LockMode.NONE) != (lock.until is None):
        raise UsageError(f"a {lock.mode} lock with date {lock.until}", remedy="give a date with a mode, and none without")
    if lock.until is not None and lock.until.tzinfo is None:
        raise UsageError(f"lock date {lock.until} has no time zone", remedy="give it in UTC")
    if bucket is Bucket.DELETABLE and (lock.hold or lock.mode is not LockMode.NONE):
        raise UsageError("the deletable bucket knows no locks and no holds", remedy="put it into the locked bucket")
    return lock


def checked_future(lock: Lock, now: datetime) -> Lock:
    """`lock` itself. Raises UsageError when it would be over before it begins."""
    if lock.until is not None and lock.until <= now:
        raise UsageError(f"lock date {_day(lock.until)} is in the past", remedy="archive it without a lock: it is due already")
    return lock


def why_not_replace(old: Lock, new: Lock, *, intake: bool) -> str:
    """Why `new` may not take the place of `old`, or "". Only an intake lock may become weaker."""
    if intake:
        return ""
    if _RANK[new.mode] < _RANK[old.mode]:
        return f"its {old.mode} lock may not become {new.mode}"
    if old.until is not None and (new.until is None or new.until < old.until):
        return f"its {old.mode} lock until {_day(old.until)} may not be shortened"
    return ""


def why_not_delete(lock: Lock, now: datetime) -> str:
    """Why a version under `lock` may not be removed, or ""."""
    if lock.hold:
        return "a legal hold is on it"
    if lock.until is not None and lock.until > now:
        return f"its {lock.mode} lock runs until {_day(lock.until)}"
    return ""


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
