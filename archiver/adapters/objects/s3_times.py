"""Ends of locks as S3 keeps them, and how the lock of an arrival is told from a final one.

S3 has no mark for it, and one kept elsewhere would cost a request or could be lost. So the end itself tells: under
`originals/` a GOVERNANCE lock is that of an arrival exactly when the last digit of its seconds is 7. Every end is rounded
up: an arrival's to the next such second, any other to the next second that is none.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from archiver.adapters.objects.group_write import ORIGINALS
from archiver.domain.document import LockMode
from archiver.ports.objects import Lock

_DIGIT = 7
_SECOND = timedelta(seconds=1)


def intake_lock(lock: Lock) -> Lock:
    """The lock of an arrival: at most ten seconds longer than asked."""
    assert lock.until is not None
    end = _whole(lock.until)
    return Lock(lock.mode, end + _SECOND * ((_DIGIT - end.second) % 10), lock.hold)


def final_lock(key: str, lock: Lock) -> Lock:
    """`lock` as it is kept: up to two seconds longer than asked, and never taken for that of an arrival."""
    if lock.until is None:
        return lock
    rounded = Lock(lock.mode, _whole(lock.until), lock.hold)
    assert rounded.until is not None
    return Lock(lock.mode, rounded.until + _SECOND, lock.hold) if ends_as_intake(key, rounded) else rounded


def is_intake(key: str, lock: Lock) -> bool:
    """Is this the lock of an arrival, waiting for its final one? A hold is final: what is left of the other runs out under it."""
    return ends_as_intake(key, lock) and not lock.hold


def ends_as_intake(key: str, lock: Lock) -> bool:
    """Was its end set for an arrival, so that it may be replaced by any other?"""
    return (
        lock.mode is LockMode.GOVERNANCE
        and key.startswith(ORIGINALS)
        and lock.until is not None
        and (lock.until.second % 10, lock.until.microsecond) == (_DIGIT, 0)
    )


def first_lock(key: str, lock: Lock) -> Lock:
    """The lock an object is written with: a GOVERNANCE lock under `originals/` is that of an arrival."""
    arrives = lock.mode is LockMode.GOVERNANCE and key.startswith(ORIGINALS)
    return intake_lock(lock) if arrives else final_lock(key, lock)


def written(moment: datetime) -> str:
    """As it goes to the store."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _whole(moment: datetime) -> datetime:
    """The first whole second not before `moment`."""
    moment = moment.astimezone(UTC)
    return moment if not moment.microsecond else moment.replace(microsecond=0) + _SECOND
