"""Setting locks and holds. The store keeps a lock from shrinking; it is asked to look away only for the lock of an arrival."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import RLock

from archiver.adapters.objects import s3_xml
from archiver.adapters.objects.lock_rules import checked_future, checked_lock, why_not_replace
from archiver.adapters.objects.s3_facts import checksum
from archiver.adapters.objects.s3_listing import S3Listing
from archiver.adapters.objects.s3_times import ends_as_intake, final_lock, intake_lock
from archiver.adapters.objects.s3_wire import Call, S3Wire, version_query
from archiver.domain.digest import of_bytes
from archiver.domain.document import LockMode
from archiver.errors import RefusedError, UnreachableError
from archiver.ports.clock import Clock
from archiver.ports.objects import Lock, ObjectInfo, ObjectRef, stronger

_TRIES = 5
_STRIPES = 64
BYPASS = ("x-amz-bypass-governance-retention", "true")


class S3Locking:
    """Locks of versions in one store. Safe from several threads and processes, but for what `_replace` says."""

    def __init__(self, wire: S3Wire, listing: S3Listing, clock: Clock) -> None:
        self._wire, self._listing, self._clock = wire, listing, clock
        self._mutexes = [RLock() for _ in range(_STRIPES)]

    def lock(self, ref: ObjectRef, lock: Lock) -> None:
        """Set a final lock. Two requests. See the port."""
        wanted = final_lock(ref.key, checked_lock(ref.bucket, lock))

        def decide(old: ObjectInfo) -> Lock | None:
            new = Lock(wanted.mode, wanted.until, wanted.hold or old.lock.hold)
            intake = ends_as_intake(ref.key, old.lock)
            if new == old.lock and not intake:
                return None
            checked_future(new, self._clock.now())
            if why := why_not_replace(old.lock, new, intake=intake):
                raise RefusedError(f"{ref.key}: {why}", remedy="a lock can only be kept or extended")
            return new

        self._replace(ref, decide)

    def protect(self, ref: ObjectRef, lock: Lock) -> None:
        """At least this lock. On an arrival one request for a hold or a GOVERNANCE lock, two for COMPLIANCE or none. See the port.

        Under a hold what is left of an arrival's lock stays: it ends within days, and to take it away would cost a request.
        """
        wanted = final_lock(ref.key, checked_lock(ref.bucket, lock))

        def decide(old: ObjectInfo) -> Lock | None:
            new = self._at_least(old, wanted)
            return None if new == old.lock and not ends_as_intake(ref.key, old.lock) else new

        with self._mutex(ref):
            if wanted.hold:
                self.set_hold(ref, on=True)
            if wanted == Lock(hold=True) or (wanted.mode is LockMode.GOVERNANCE and self._extended(ref, wanted)):
                return
            self._replace(ref, decide)

    def renew(self, ref: ObjectRef, until: datetime) -> None:
        """Extend the lock of an arrival; any other stays. Two requests."""
        new = intake_lock(Lock(LockMode.GOVERNANCE, until))
        assert new.until is not None
        with self._mutex(ref):
            old = self._listing.head(ref)
            if old.intake and old.lock.until is not None and old.lock.until < new.until:
                self._extended(ref, new)

    def extend_intake(self, ref: ObjectRef, lock: Lock) -> bool:
        """One request; False when a final lock was set meanwhile. Raises NotFoundError."""
        return self._extended(ref, intake_lock(lock))

    def set_hold(self, ref: ObjectRef, on: bool) -> None:
        """One request. See the port."""
        checked_lock(ref.bucket, Lock(hold=on))
        self._set(ref, "legal-hold", s3_xml.hold(on))

    def set_retention(self, ref: ObjectRef, lock: Lock, *, bypass: bool) -> None:
        """Ask the store, and let it decide. Raises RefusedError, NotFoundError."""
        self._set(ref, "retention", s3_xml.retention(lock), bypass=bypass)

    def _extended(self, ref: ObjectRef, lock: Lock) -> bool:
        """Whether the store took a longer lock of the same mode: it decides in one step, so nobody can come between."""
        try:
            self.set_retention(ref, lock, bypass=False)
        except (RefusedError, UnreachableError) as error:
            if isinstance(error, UnreachableError) and not _is_late(lock, self._clock):
                raise
            return False
        return True

    def _replace(self, ref: ObjectRef, decide: Callable[[ObjectInfo], Lock | None]) -> None:
        """Look, decide, set, and once more when the store refuses because the lock was changed between.

        Between look and set another process may give the same version a GOVERNANCE lock; where this one replaces the lock
        of an arrival or hardens a GOVERNANCE lock, that other end is then lost. A COMPLIANCE lock or a hold never is.
        """
        with self._mutex(ref):
            for last in range(_TRIES, 0, -1):
                old = self._listing.head(ref)
                new = decide(old)
                if new is None:
                    return
                try:
                    self._set_all(ref, old, new)
                    return
                except RefusedError:
                    if last == 1 or self._listing.head(ref).lock == old.lock:
                        raise

    def _mutex(self, ref: ObjectRef) -> RLock:
        return self._mutexes[hash(ref) % _STRIPES]

    def _set_all(self, ref: ObjectRef, old: ObjectInfo, new: Lock) -> None:
        """The hold first: then nothing is free for a moment."""
        if new.hold and not old.lock.hold:
            self.set_hold(ref, on=True)
        if (new.mode, new.until) != (old.lock.mode, old.lock.until):
            hardened = (old.lock.mode, new.mode) == (LockMode.GOVERNANCE, LockMode.COMPLIANCE)
            self.set_retention(ref, new, bypass=hardened or ends_as_intake(ref.key, old.lock))

    def _at_least(self, old: ObjectInfo, wanted: Lock) -> Lock:
        """What `wanted` makes of the lock there. A store refuses an end that has passed: such a lock adds nothing."""
        base = Lock(hold=old.lock.hold) if ends_as_intake(old.ref.key, old.lock) else old.lock
        new = final_lock(old.ref.key, stronger(base, wanted))
        return Lock(base.mode, base.until, new.hold) if _is_late(new, self._clock) else new

    def _set(self, ref: ObjectRef, what: str, body: bytes, *, bypass: bool = False) -> None:
        headers = (("x-amz-checksum-sha256", checksum(of_bytes(body))), *((BYPASS,) if bypass else ()))
        query = ((what, ""), version_query(ref))
        doing = "setting the hold of" if what == "legal-hold" else "setting the lock of"
        self._wire.send(Call(doing, "PUT", ref.bucket, ref.key, query, headers, body))


def _is_late(lock: Lock, clock: Clock) -> bool:
    return lock.until is not None and lock.until <= clock.now()
