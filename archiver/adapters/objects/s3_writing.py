"""Writing one object: create-only, with digest and lock in the same request, so that it is never there without either."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from archiver.adapters.objects.s3_facts import checksum, digest_of, lock_headers
from archiver.adapters.objects.s3_listing import S3Listing
from archiver.adapters.objects.s3_locking import BYPASS, S3Locking
from archiver.adapters.objects.s3_multipart import Multipart
from archiver.adapters.objects.s3_times import first_lock, is_intake
from archiver.adapters.objects.s3_wire import Call, FileBody, S3Wire, version_query
from archiver.domain.digest import of_bytes
from archiver.errors import IntegrityError, MinutierError, NotFoundError, UnreachableError
from archiver.ports.clock import Clock
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectRef, PutResult

NEW = ("If-None-Match", "*")
_TAKEN = 412
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Write:
    """An object on its way: checked, its digest known. `lock` is as it was asked for."""

    bucket: Bucket
    key: str
    body: bytes | FileBody
    size: int
    sha256: str
    lock: Lock

    @classmethod
    def of(cls, bucket: Bucket, key: str, body: bytes | FileBody, lock: Lock) -> Write:
        """A write of these bytes."""
        if isinstance(body, FileBody):
            return cls(bucket, key, body, body.size, body.sha256, lock)
        return cls(bucket, key, body, len(body), of_bytes(body), lock)


class S3Writing:
    """Writes into one store. Safe from several threads and processes: of two for one key, one creates it."""

    def __init__(self, wire: S3Wire, listing: S3Listing, locking: S3Locking, multipart: Multipart, clock: Clock) -> None:
        self._wire, self._listing, self._locking, self._multipart, self._clock = wire, listing, locking, multipart, clock

    def write(self, one: Write) -> PutResult:
        """Two requests for a new object of the locked bucket, one for the other's. See the port."""
        lock = first_lock(one.key, one.lock)
        for _ in range(_TRIES):
            created = self._create(one, lock)
            if created is not None:
                return PutResult(created, created=True)
            there = self._occupant(one, lock)
            if there is not None:
                return PutResult(there, created=False)
        raise UnreachableError(f"{one.key} comes and goes while it is written", remedy="find out what else writes there")

    def _create(self, one: Write, lock: Lock) -> ObjectInfo | None:
        """None when the key is taken."""
        headers = tuple(lock_headers(lock).items())
        if one.size > self._multipart.threshold:
            assert isinstance(one.body, FileBody)
            version = self._multipart.upload(one.bucket, one.key, one.body, headers)
            confirmed = ""
        else:
            told = (NEW, ("x-amz-checksum-sha256", checksum(one.sha256)), *headers)
            call = Call("writing", "PUT", one.bucket, one.key, (), told, one.body, one.sha256, accept=(_TAKEN,))
            answer = self._wire.send(call)
            version = None if answer.status == _TAKEN else answer.headers.get("x-amz-version-id", "")
            confirmed = digest_of(answer.headers)
        if version is None:
            return None
        if not version:
            raise IntegrityError(
                f"bucket {self._wire.address.bucket(one.bucket)} keeps no versions", remedy="switch its versioning on"
            )
        return self._confirmed(one, lock, ObjectRef(one.bucket, one.key, version), confirmed)

    def _confirmed(self, one: Write, lock: Lock, ref: ObjectRef, confirmed: str) -> ObjectInfo:
        """What was written, as the store has it: read back, but for an object without a lock whose digest came with the answer."""
        wanted = ObjectInfo(ref, one.size, one.sha256, lock, is_intake(ref.key, lock))
        if one.bucket is Bucket.DELETABLE and confirmed == one.sha256:
            return wanted
        try:
            found = self._listing.head(ref)
        except NotFoundError as error:
            raise IntegrityError(f"{one.key} was written and is not there", remedy="do not use this store") from error
        if found != wanted:
            self._take_away(found)
            raise IntegrityError(
                f"{one.key} was written and is otherwise when read back: {_differences(found, wanted)}",
                remedy="run `minutier doctor`: the store may not keep locks or digests",
            )
        return found

    def _take_away(self, found: ObjectInfo) -> None:
        """As far as its lock lets it go; the error that is raised next says what is wrong with it."""
        try:
            query = (version_query(found.ref),)
            self._wire.send(Call("removing", "DELETE", found.ref.bucket, found.ref.key, query, (BYPASS,)))
        except MinutierError:
            return

    def _occupant(self, one: Write, lock: Lock) -> ObjectInfo | None:
        """What has the key, None when that is gone again. An arrival's lock that ends soon is renewed: whoever clears away
        what nobody claimed takes only what has no lock any more, so this writer can count on what it found."""
        found = self._listing.versions(one.bucket, one.key)
        if not found:
            return None
        there = found[0]
        if not (there.intake and is_intake(one.key, lock) and self._ends_soon(there.lock, lock)):
            return there
        try:
            if self._locking.extend_intake(there.ref, one.lock):
                return replace(there, lock=lock)
            return self._listing.head(there.ref)
        except NotFoundError:
            return None

    def _ends_soon(self, there: Lock, asked: Lock) -> bool:
        """Less than half of the time asked for is left."""
        now = self._clock.now()
        assert there.until is not None
        assert asked.until is not None
        return there.until - now < max((asked.until - now) / 2, timedelta(0))


def _differences(found: ObjectInfo, wanted: ObjectInfo) -> str:
    names = ("size", "sha256", "lock", "intake")
    return ", ".join(
        f"{name} {getattr(found, name)!s} for {getattr(wanted, name)!s}"
        for name in names
        if getattr(found, name) != getattr(wanted, name)
    )
