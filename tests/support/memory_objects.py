"""An object store in memory that keeps its port's promises, and lets a test break what is stored."""

from __future__ import annotations

import builtins
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from archiver.domain.digest import of_bytes
from archiver.domain.document import LockMode
from archiver.errors import IntegrityError, MinutierError, NotFoundError, RefusedError
from archiver.ports.clock import Clock
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectRef, Put, PutResult, Staged, stronger

_RANK = {LockMode.NONE: 0, LockMode.GOVERNANCE: 1, LockMode.COMPLIANCE: 2}


@dataclass
class _Version:
    info: ObjectInfo
    body: bytes
    intake: bool


class MemoryObjects:
    """`ports.objects.ObjectStore` over a dictionary."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._versions: dict[ObjectRef, _Version] = {}
        self._staged: dict[str, bytes] = {}

    def stage(self, chunks: Iterable[bytes]) -> Staged:
        body = b"".join(chunks)
        staged = Staged(f"staged-{len(self._staged)}", len(body), of_bytes(body))
        self._staged[staged.handle] = body
        return staged

    def discard(self, staged: Staged) -> None:
        self._staged.pop(staged.handle, None)

    def put(self, group: Iterable[Put]) -> list[PutResult]:
        return [self._put(each) for each in group]

    def open(self, ref: ObjectRef, start: int = 0) -> BinaryIO:
        return io.BytesIO(self._found(ref).body[start:])

    def local_path(self, ref: ObjectRef) -> Path:
        with tempfile.NamedTemporaryFile(delete=False) as file:
            file.write(self._found(ref).body)
        return Path(file.name)

    def read_group(self, refs: Sequence[ObjectRef]) -> dict[ObjectRef, bytes]:
        """See the port."""
        found = {}
        for ref in refs:
            with suppress(NotFoundError, IntegrityError):
                found[ref] = self.open(ref).read()
        return found

    def local_paths(self, refs: Iterable[ObjectRef]) -> dict[ObjectRef, Path]:
        """See the port."""
        found = {}
        for ref in refs:
            with suppress(NotFoundError, IntegrityError):
                found[ref] = self.local_path(ref)
        return found

    def release_path(self, ref: ObjectRef) -> None:
        pass

    def head(self, ref: ObjectRef) -> ObjectInfo:
        return self._found(ref).info

    def versions(self, bucket: Bucket, key: str) -> builtins.list[ObjectInfo]:
        return [each.info for ref, each in self._versions.items() if (ref.bucket, ref.key) == (bucket, key)]

    def versions_of(self, places: Sequence[tuple[Bucket, str]]) -> dict[tuple[Bucket, str], builtins.list[ObjectInfo]]:
        return {place: self.versions(*place) for place in places}

    def list(self, bucket: Bucket, prefix: str = "") -> Iterator[ObjectInfo]:
        """In an order nobody should rely on."""
        found = [each.info for ref, each in self._versions.items() if ref.bucket is bucket and ref.key.startswith(prefix)]
        yield from reversed(found)

    def unconfirmed(self) -> Iterator[ObjectInfo]:
        yield from [each.info for each in self._versions.values() if each.intake]

    def lock(self, ref: ObjectRef, lock: Lock) -> None:
        version = self._found(ref)
        old = version.info.lock
        shorter = old.until is not None and (lock.until is None or lock.until < old.until)
        if not version.intake and (_RANK[lock.mode] < _RANK[old.mode] or shorter):
            raise RefusedError(f"the lock of {ref.key} may not become weaker")
        version.info, version.intake = replace(version.info, lock=lock), False

    def lock_group(self, locks: Iterable[tuple[ObjectRef, Lock]]) -> None:
        for ref, lock in locks:
            self.lock(ref, lock)

    def protect(self, locks: Iterable[tuple[ObjectRef, Lock]]) -> None:
        for ref, lock in locks:
            version = self._found(ref)
            self.lock(ref, lock if version.intake else stronger(version.info.lock, lock))

    def renew(self, refs: Iterable[ObjectRef], until: datetime) -> None:
        for ref in refs:
            version = self._found(ref)
            if version.intake and version.info.lock.until is not None and version.info.lock.until < until:
                version.info = replace(version.info, lock=replace(version.info.lock, until=until))

    def set_hold(self, ref: ObjectRef, on: bool) -> None:
        version = self._found(ref)
        version.info = replace(version.info, lock=replace(version.info.lock, hold=on))

    def hold_group(self, refs: Iterable[ObjectRef], on: bool) -> None:
        for ref in refs:
            self.set_hold(ref, on)

    def delete(self, ref: ObjectRef) -> None:
        lock = self._found(ref).info.lock
        if lock.hold or (lock.until is not None and lock.until > self._clock.now()):
            raise RefusedError(f"{ref.key} is locked")
        del self._versions[ref]

    def delete_group(self, refs: Sequence[ObjectRef]) -> dict[ObjectRef, MinutierError]:
        kept: dict[ObjectRef, MinutierError] = {}
        for ref in refs:
            try:
                self.delete(ref)
            except (NotFoundError, RefusedError) as error:
                kept[ref] = error
        return kept

    # -- what only a disaster or an attacker does ----------------------------------------------------------------
    def overwrite(self, bucket: Bucket, key: str, body: bytes, *, honest_digest: bool = True) -> None:
        """Replace stored bytes, with the store's own digest (an attacker who owns the store) or without (a bad disk)."""
        (info,) = self.versions(bucket, key)
        version = self._versions[info.ref]
        version.body = body
        if honest_digest:
            version.info = replace(info, size=len(body), sha256=of_bytes(body))

    def lose(self, bucket: Bucket, key: str) -> None:
        """Make an object disappear, whatever its lock."""
        for info in self.versions(bucket, key):
            del self._versions[info.ref]

    def put_on_top(self, bucket: Bucket, key: str, body: bytes) -> None:
        """Put a second version over a key."""
        self._add(Put(bucket, key, body=body), version="2")

    def body(self, bucket: Bucket, key: str) -> bytes:
        """What is stored under a key."""
        (info,) = self.versions(bucket, key)
        return self._versions[info.ref].body

    def keys(self, bucket: Bucket, prefix: str = "") -> list[str]:
        """Sorted keys."""
        return sorted(info.ref.key for info in self.list(bucket, prefix))

    def _put(self, put: Put) -> PutResult:
        if found := self.versions(put.bucket, put.key):
            return PutResult(found[-1], created=False)
        return PutResult(self._add(put, version="1"), created=True)

    def _add(self, put: Put, version: str) -> ObjectInfo:
        body = self._staged.pop(put.staged.handle) if put.staged else put.body
        info = ObjectInfo(ObjectRef(put.bucket, put.key, version), len(body), of_bytes(body), put.lock)
        intake = put.lock.mode is LockMode.GOVERNANCE and put.key.startswith("originals/")
        self._versions[info.ref] = _Version(info, body, intake)
        return info

    def _found(self, ref: ObjectRef) -> _Version:
        if ref not in self._versions:
            raise NotFoundError(f"no such version: {ref.key} {ref.version}")
        return self._versions[ref]
