"""The lock probe: does the store keep what it promises? A canary is locked, and everything a lock forbids is tried on it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from archiver.domain.document import LockMode
from archiver.errors import RefusedError, UnreachableError
from archiver.ports.clock import Clock
from archiver.ports.objects import Bucket, Lock, ObjectRef, ObjectStore, Put

SECONDS = 2


def probe(objects: ObjectStore, clock: Clock, sleep: Callable[[float], None]) -> list[str]:
    """What the store let through that a COMPLIANCE lock or a legal hold forbids; empty when it is sound. Takes about two seconds.

    Raises:
        UnreachableError: the clock stands still, and with it every lock; nothing was tried.
    """
    _require_running(clock, sleep)
    until = clock.now() + timedelta(seconds=SECONDS)
    put = Put(Bucket.LOCKED, f"canary/{uuid.uuid4().hex}", body=b"canary", lock=Lock(LockMode.COMPLIANCE, until))
    ref = objects.put([put])[0].info.ref
    let_through = _tries(objects, ref, put, until)
    objects.set_hold(ref, True)
    while clock.now() <= until:
        sleep(0.2)
    if not _refused(lambda: objects.delete(ref)):
        return [*let_through, "deleted a version under legal hold"]
    objects.set_hold(ref, False)
    objects.delete(ref)
    return let_through


def _require_running(clock: Clock, sleep: Callable[[float], None]) -> None:
    before = clock.now()
    sleep(0.2)
    if clock.now() <= before:
        raise UnreachableError(
            "not tried: the archive's time stands still until the machine's clock has caught up with it",
            remedy="check the machine's clock",
        )


def _tries(objects: ObjectStore, ref: ObjectRef, put: Put, until: datetime) -> list[str]:
    sooner = until - timedelta(seconds=1)
    tries = {
        "deleted a locked version": lambda: objects.delete(ref),
        "shortened a lock": lambda: objects.lock(ref, Lock(LockMode.COMPLIANCE, sooner)),
        "weakened a lock": lambda: objects.lock(ref, Lock(LockMode.GOVERNANCE, until)),
        "took a lock away": lambda: objects.lock(ref, Lock()),
    }
    found = [what for what, attempt in tries.items() if not _refused(attempt)]
    forged = objects.put([Put(Bucket.LOCKED, put.key, body=b"forged")])[0]
    if forged.created or objects.head(ref).sha256 != forged.info.sha256:
        found.append("put other bytes under a locked key")
    return found


def _refused(attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except RefusedError:
        return True
    return False
