"""A store as S3 is, in memory, with one hole of a tester's choice."""

from __future__ import annotations

from dataclasses import replace

from archiver.domain.document import LockMode
from archiver.errors import RefusedError
from archiver.ports.clock import Clock
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectRef, Put, PutResult, stronger
from tests.support.memory_objects import MemoryObjects

HOLES = {
    "delete": "removed a locked version",
    "bypass": "removed a locked version for one who may overlook GOVERNANCE",
    "shorten": "shortened a lock",
    "downgrade": "turned COMPLIANCE into GOVERNANCE",
    "free": "took a lock away",
    "overwrite": "lost a locked version, or did not show it, when bytes were put over it",
    "hide": "lost a locked version, or did not show it, when its key was removed",
    "twice": "wrote twice under one key",
    "hold": "removed a version under legal hold",
    "hold bypassed": "removed a version under legal hold",
    "lying delete": "removed a locked version",
}
"""Each with what the probe says of it."""


class UnsoundStore(MemoryObjects):
    """Sound but for `hole`, one of `HOLES`, or "" for none."""

    def __init__(self, clock: Clock, hole: str) -> None:
        super().__init__(clock)
        self._hole = hole

    def versions(self, bucket: Bucket, key: str) -> list[ObjectInfo]:
        found = super().versions(bucket, key)
        if self._hole == "unseen" and key.startswith("canary/"):
            return found[:1]
        return [info if place == 0 else replace(info, sha256="") for place, info in enumerate(found)]

    def put(self, group: list[Put]) -> list[PutResult]:  # type: ignore[override]  # a list is all the probe gives
        if self._hole == "twice":
            return [PutResult(self._add(put, version=str(len(self._versions))), created=True) for put in group]
        return super().put(group)

    def delete(self, ref: ObjectRef) -> None:
        info = self.head(ref)
        locked = info.lock.until is not None and info.lock.until > self._clock.now()
        if (self._hole == "hold" and info.lock.hold) or (self._hole in ("delete", "lying delete") and locked):
            self.lose_version(ref)
            if self._hole == "lying delete":
                raise RefusedError("says no, and did it")
            return
        super().delete(ref)

    def delete_bypassing(self, ref: ObjectRef) -> None:
        if self._hole == ("hold bypassed" if self.head(ref).lock.hold else "bypass"):
            return self.lose_version(ref)
        return super().delete(ref)

    def set_lock_bypassing(self, ref: ObjectRef, lock: Lock) -> None:
        there = self.head(ref).lock
        hole = {LockMode.NONE: "free", there.mode: "shorten"}.get(lock.mode, "downgrade")
        if stronger(there, lock) != lock and self._hole != hole:
            raise RefusedError("it may not become weaker")
        self._versions[ref].info = replace(self.head(ref), lock=lock)

    def overwrite(self, bucket: Bucket, key: str, body: bytes) -> None:
        if self._hole == "overwrite":
            return super().overwrite(bucket, key, body)
        self.put_on_top(bucket, key, body)
        return None

    def hide(self, bucket: Bucket, key: str) -> None:
        if self._hole == "hide":
            return self.lose(bucket, key)
        return self.put_on_top(bucket, key, b"")

    def lose_version(self, ref: ObjectRef) -> None:
        """Remove it whatever its lock."""
        del self._versions[ref]
