"""Port: the object store. Modelled on S3 with Object Lock and versioning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

from archiver.domain.document import LockMode
from archiver.errors import MinutierError


class Bucket(StrEnum):
    """`locked`: Object Lock from birth. `deletable`: what must be erasable at any time."""

    LOCKED = "locked"
    DELETABLE = "deletable"


@dataclass(frozen=True, slots=True)
class Lock:
    """Retention of one object version. `until` is UTC with zone; None only with mode NONE."""

    mode: LockMode = LockMode.NONE
    until: datetime | None = None
    hold: bool = False


_ORDER = (LockMode.NONE, LockMode.GOVERNANCE, LockMode.COMPLIANCE)


def stronger(one: Lock, other: Lock) -> Lock:
    """The lock of what two documents share: the harder mode, the later end, held if either is."""
    untils = [until for until in (one.until, other.until) if until is not None]
    return Lock(max(one.mode, other.mode, key=_ORDER.index), max(untils, default=None), one.hold or other.hold)


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """Address of one version. Everything is read and removed by version, never by key alone."""

    bucket: Bucket
    key: str
    version: str


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What the store says of one version.

    Attributes:
        sha256: what was confirmed when it was written.
        intake: it has only the short lock of its arrival, which its final one may replace by anything.
    """

    ref: ObjectRef
    size: int
    sha256: str
    lock: Lock
    intake: bool = False


@dataclass(frozen=True, slots=True)
class Staged:
    """Bytes on their way in: streamed, hashed, not yet visible under any key."""

    handle: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Put:
    """One object of a group write: either `staged` (from `stage`) or `body`."""

    bucket: Bucket
    key: str
    staged: Staged | None = None
    body: bytes = b""
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What a store says of itself.

    Attributes:
        kind, place: for people; never with a secret in it.
        locks_by_store: locks bind whoever asks, and not this program alone.
        versioned: bytes put over others leave those as they were.
        time: the store's own clock; None when it has none, or does not say.
        redundant: does an object outlive the loss of one disk? None when the store does not say.
    """

    kind: str
    place: str
    locks_by_store: bool
    versioned: bool
    time: datetime | None = None
    redundant: bool | None = None


@dataclass(frozen=True, slots=True)
class PutResult:
    """`created` is False when the key was taken already; `info` is then what is there."""

    info: ObjectInfo
    created: bool


class ObjectStore(Protocol):
    """Write-once objects addressed by (bucket, key, version).

    A store may keep a lock some seconds longer than asked, never shorter; what it returns is the end that holds.

    Raises, everywhere: `UnreachableError` when the store or disk does not answer or is full; never "not found" for that.
    """

    def stage(self, chunks: Iterable[bytes]) -> Staged:
        """Stream bytes in, hashing them. Nothing is visible until `put`. An exception from `chunks` leaves nothing behind."""

    def discard(self, staged: Staged) -> None:
        """Drop staged bytes. Safe to repeat."""

    def put(self, group: Iterable[Put]) -> list[PutResult]:
        """Write a group, create-only; on return every object is durable and was read back with the digest it should have.

        A group is a matter of speed only: each object is written or not on its own. Staged bytes are consumed.
        Under `originals/` a GOVERNANCE lock is an intake lock. Where such an object is there already and its intake lock has
        less than half of the time asked for left, that is extended as asked: it stays until the caller has written it down.

        Raises:
            IntegrityError: what was read back is not what was sent (that object is not left behind).
        """

    def open(self, ref: ObjectRef, start: int = 0) -> BinaryIO:
        """The bytes, for reading, from the one at `start` on; none where that is not before the end.

        What is open can be read to its end whatever becomes of the store object, which may be closed meanwhile.

        Raises:
            NotFoundError: no such version.
        """

    def read_group(self, refs: Sequence[ObjectRef]) -> dict[ObjectRef, bytes]:
        """The whole bytes of small objects, many at once: a matter of speed only. What is gone or damaged is left out."""

    def local_path(self, ref: ObjectRef) -> Path:
        """A local file with exactly these bytes, for programs that need one. Not to be written to.

        A store elsewhere fetches a copy, which stays until `release_path` was called as often as this was.
        """

    def local_paths(self, refs: Iterable[ObjectRef]) -> dict[ObjectRef, Path]:
        """`local_path` for many at once: a matter of speed only. What is gone or damaged is left out; each of the others is to be
        released once for every time it was asked for."""

    def release_path(self, ref: ObjectRef) -> None:
        """The local file is needed no more. Safe to repeat; a store of local files has nothing to do."""

    def head(self, ref: ObjectRef) -> ObjectInfo:
        """What the store knows of this version.

        Raises:
            NotFoundError: no such version.
        """

    def versions(self, bucket: Bucket, key: str) -> list[ObjectInfo]:
        """Every version under the key, oldest first; empty when there is none."""

    def versions_of(self, places: Sequence[tuple[Bucket, str]]) -> dict[tuple[Bucket, str], list[ObjectInfo]]:
        """`versions` for many keys at once, an empty list for a key without any: a matter of speed only."""

    def list(self, bucket: Bucket, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every version whose key starts with `prefix`, lazily, in no promised order."""

    def unconfirmed(self) -> Iterator[ObjectInfo]:
        """Objects put with an intake lock and never given a final one: what a crash may have left without a catalogue row.

        A store elsewhere may have to list all originals for it.
        """

    def lock(self, ref: ObjectRef, lock: Lock) -> None:
        """Set the final lock. Confirms the object. Safe to repeat.

        Raises:
            RefusedError: it would shorten or weaken the lock (COMPLIANCE always; GOVERNANCE unless it is the intake lock).
            NotFoundError: no such version.
        """

    def lock_group(self, locks: Iterable[tuple[ObjectRef, Lock]]) -> None:
        """`lock` for many at once: a matter of speed only. A refusal is raised; those before it stand."""

    def protect(self, locks: Iterable[tuple[ObjectRef, Lock]]) -> None:
        """Give each object at least this lock: an intake lock is replaced, any other only becomes stronger. Confirms them.

        Raises:
            NotFoundError: no such version.
        """

    def renew(self, refs: Iterable[ObjectRef], until: datetime) -> None:
        """Extend intake locks that end before `until`; any other lock stays as it is. Confirms nothing.

        Raises:
            NotFoundError: no such version.
        """

    def set_hold(self, ref: ObjectRef, on: bool) -> None:
        """Set or release the legal hold. Any lock stays as it is, that of an arrival too."""

    def hold_group(self, refs: Iterable[ObjectRef], on: bool) -> None:
        """`set_hold` for many at once: a matter of speed only. Safe to repeat.

        Raises:
            NotFoundError: one of them is not there; some of the others may have been set.
        """

    def delete(self, ref: ObjectRef) -> None:
        """Remove one version for good.

        Raises:
            RefusedError: its lock or hold says no.
            NotFoundError: no such version. A success is never reported for something that was not there.
        """

    def delete_group(self, refs: Sequence[ObjectRef]) -> dict[ObjectRef, MinutierError]:
        """`delete` for many at once: those that were not removed, each with its RefusedError or NotFoundError.

        The others the store says are gone; who must be sure asks `versions_of` afterwards. Safe to repeat: what was removed by an
        attempt that was cut off is "not found".
        """


class Described(Protocol):
    """A store that can say what it is: for `doctor`."""

    def facts(self) -> StoreFacts:
        """What it is, and its clock."""


class Adversary(Protocol):
    """What someone tries who goes around this program, with all the rights it has: for the lock probe alone.

    Each is asked of whatever enforces the locks, without this program's own rules before it. Raises RefusedError when it refuses.
    """

    def delete_bypassing(self, ref: ObjectRef) -> None:
        """Remove a version, asking that its lock be overlooked."""

    def set_lock_bypassing(self, ref: ObjectRef, lock: Lock) -> None:
        """Set any lock, asking that the one there be overlooked."""

    def overwrite(self, bucket: Bucket, key: str, body: bytes) -> None:
        """Put other bytes under a key, whatever is there."""

    def hide(self, bucket: Bucket, key: str) -> None:
        """Remove a key without naming a version."""
