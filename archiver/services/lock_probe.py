"""The lock probe: does the store keep what it promises? Canaries are locked, and everything a lock forbids is tried on them.

What is tried goes around this program's own rules, with all the rights the archive has (`ports.objects.Adversary`). An attempt
is judged by what it did, whatever the store said of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from archiver.domain.document import LockMode
from archiver.errors import MinutierError, NotFoundError, NotPermittedError, RefusedError, UnreachableError
from archiver.ports.clock import Clock
from archiver.ports.objects import Adversary, Bucket, Lock, ObjectInfo, ObjectRef, ObjectStore, Put, stronger

SECONDS = 3
PREFIX = "canary/"
_BODY, _FORGED = b"canary", b"forged"
_SECOND = timedelta(seconds=1)
_STAMP = "%Y%m%dT%H%M%S"
_LEFT_BEHIND = timedelta(minutes=1)
_PATIENCE = 50


class ProbedStore(ObjectStore, Adversary, Protocol):
    """A store that lets everything be tried on it."""


def probe(objects: ProbedStore, clock: Clock, sleep: Callable[[float], None]) -> list[str]:
    """What the store let through that a COMPLIANCE lock or a legal hold forbids; empty when it is sound. Takes about four seconds.

    Nothing of it stays in the store, but for what the store keeps from being removed. Safe beside other work and other probes.

    Raises:
        UnreachableError: the clock stands still, and with it every lock, or the store's runs otherwise.
    """
    _require_running(clock, sleep)
    _clear_left_behind(objects, clock.now() - _LEFT_BEHIND)
    canaries = _Canaries(objects, clock.now() + timedelta(seconds=SECONDS))
    try:
        let_through = [what for what, harm in _ATTEMPTS.items() if harm(canaries)]
        held = canaries.put()
        objects.set_hold(held.ref, True)
        while clock.now() <= canaries.ends:
            sleep(0.2)
        if not _survives(objects, held, objects.delete) or not _survives(objects, held, objects.delete_bypassing):
            let_through.append("removed a version under legal hold")
    finally:
        canaries.clear(clock, sleep)
    return let_through


class _Canaries:
    """Locked objects, one for each attempt: what one breaks is not in the way of the next."""

    def __init__(self, objects: ProbedStore, until: datetime) -> None:
        self.objects, self.ends = objects, until
        self._asked = Lock(LockMode.COMPLIANCE, until)
        self._keys: list[str] = []

    def put(self) -> ObjectInfo:
        """A new one, locked until the end that all of them have."""
        self._keys.append(f"{PREFIX}{self.ends:{_STAMP}}-{uuid.uuid4().hex}")
        info = self.objects.put([Put(Bucket.LOCKED, self._keys[-1], body=_BODY, lock=self._asked)])[0].info
        self.ends = max(self.ends, info.lock.until or self.ends)
        return info

    def clear(self, clock: Clock, sleep: Callable[[float], None]) -> None:
        """Remove all, and everything that was put over them, once their locks have ended."""
        tries = 0
        while left := [info for key in self._keys for info in self.objects.versions(Bucket.LOCKED, key)]:
            for info in left:
                _remove(self.objects, info)
            if clock.now() > self.ends and (tries := tries + 1) > _PATIENCE:
                raise UnreachableError(
                    f"{len(left)} canaries can't be removed after their locks have ended",
                    remedy="compare the store's clock with this machine's; the next probe removes them",
                )
            if clock.now() <= self.ends or tries:
                sleep(0.2)


def _removed(canaries: _Canaries) -> bool:
    return not _survives(canaries.objects, canaries.put(), canaries.objects.delete)


def _removed_bypassing(canaries: _Canaries) -> bool:
    return not _survives(canaries.objects, canaries.put(), canaries.objects.delete_bypassing)


def _shortened(canaries: _Canaries) -> bool:
    return _weakened(canaries, lambda lock: replace(lock, until=lock.until - _SECOND if lock.until else None))


def _downgraded(canaries: _Canaries) -> bool:
    return _weakened(canaries, lambda lock: replace(lock, mode=LockMode.GOVERNANCE))


def _freed(canaries: _Canaries) -> bool:
    return _weakened(canaries, lambda _: Lock())


def _overwritten(canaries: _Canaries) -> bool:
    """Bytes put over a locked version may lie on top of it, in plain sight; it must be there and be what is read."""
    objects, info = canaries.objects, canaries.put()
    taken = _attempt(lambda: objects.overwrite(Bucket.LOCKED, info.ref.key, _FORGED))
    return not _reads(objects, info) or (taken and not _shows_more(objects, info))


def _hidden(canaries: _Canaries) -> bool:
    """A key that is removed may be marked so, in plain sight; the version must be there."""
    objects, info = canaries.objects, canaries.put()
    taken = _attempt(lambda: objects.hide(Bucket.LOCKED, info.ref.key))
    return not _reads(objects, info) or (taken and not _shows_more(objects, info))


def _written_twice(canaries: _Canaries) -> bool:
    objects, info = canaries.objects, canaries.put()
    (again,) = objects.put([Put(Bucket.LOCKED, info.ref.key, body=_FORGED)])
    return again.created or again.info.ref != info.ref or not _reads(objects, info)


_ATTEMPTS: dict[str, Callable[[_Canaries], bool]] = {
    "removed a locked version": _removed,
    "removed a locked version for one who may overlook GOVERNANCE": _removed_bypassing,
    "shortened a lock": _shortened,
    "turned COMPLIANCE into GOVERNANCE": _downgraded,
    "took a lock away": _freed,
    "lost a locked version, or did not show it, when bytes were put over it": _overwritten,
    "lost a locked version, or did not show it, when its key was removed": _hidden,
    "wrote twice under one key": _written_twice,
}


def _weakened(canaries: _Canaries, change: Callable[[Lock], Lock]) -> bool:
    objects, info = canaries.objects, canaries.put()
    _attempt(lambda: objects.set_lock_bypassing(info.ref, change(info.lock)))
    now = objects.head(info.ref).lock
    return stronger(now, info.lock) != now


def _survives(objects: ProbedStore, info: ObjectInfo, attempt: Callable[[ObjectRef], None]) -> bool:
    _attempt(lambda: attempt(info.ref))
    return _reads(objects, info)


def _attempt(attempt: Callable[[], None]) -> bool:
    """Whether the store says that it did it."""
    try:
        attempt()
    except (RefusedError, NotPermittedError, NotFoundError):
        return False
    return True


def _reads(objects: ProbedStore, info: ObjectInfo) -> bool:
    """Is the version there, with its bytes and its digest?"""
    try:
        with objects.open(info.ref) as stream:
            return stream.read() == _BODY and objects.head(info.ref).sha256 == info.sha256
    except MinutierError as error:
        if error.retryable:
            raise
        return False


def _shows_more(objects: ProbedStore, info: ObjectInfo) -> bool:
    """Are what is on top and what lies beneath both to be seen, and told apart?"""
    first, *others = objects.versions(Bucket.LOCKED, info.ref.key)
    return first.ref == info.ref and bool(others) and not any(other.sha256 for other in others)


def _remove(objects: ProbedStore, info: ObjectInfo) -> None:
    with suppress(RefusedError, NotFoundError):
        if info.lock.hold:
            objects.set_hold(info.ref, False)
        objects.delete(info.ref)


def _clear_left_behind(objects: ProbedStore, before: datetime) -> None:
    """Canaries of a probe that was killed: their names say when they should have gone."""
    for info in list(objects.list(Bucket.LOCKED, PREFIX)):
        if info.ref.key.removeprefix(PREFIX) < f"{before:{_STAMP}}":
            _remove(objects, info)


def _require_running(clock: Clock, sleep: Callable[[float], None]) -> None:
    before = clock.now()
    sleep(0.2)
    if clock.now() <= before:
        raise UnreachableError(
            "not tried: the archive's time stands still until the machine's clock has caught up with it",
            remedy="check the machine's clock",
        )
