"""The object store on S3 with Object Lock: MinIO, or any store that keeps its promises (`minutier doctor` tries them)."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from archiver.adapters.objects import s3_buckets
from archiver.adapters.objects.group_write import ORIGINALS
from archiver.adapters.objects.lock_rules import checked_future, checked_lock, why_not_delete
from archiver.adapters.objects.object_key import checked_key, checked_prefix
from archiver.adapters.objects.s3_address import parse_address
from archiver.adapters.objects.s3_buckets import create_buckets, time_of
from archiver.adapters.objects.s3_copies import Copies
from archiver.adapters.objects.s3_facts import checksum
from archiver.adapters.objects.s3_listing import S3Listing
from archiver.adapters.objects.s3_locking import BYPASS, S3Locking
from archiver.adapters.objects.s3_multipart import PART, SINGLE, Multipart
from archiver.adapters.objects.s3_reading import open_version
from archiver.adapters.objects.s3_scratch import Scratch
from archiver.adapters.objects.s3_wire import PATIENCE, Call, S3Wire, version_query
from archiver.adapters.objects.s3_writing import S3Writing, Write
from archiver.adapters.objects.spread import Spread
from archiver.domain.digest import of_bytes
from archiver.errors import IntegrityError, MinutierError, NotFoundError, NotPermittedError, RefusedError
from archiver.ports.clock import Clock
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectRef, Put, PutResult, Staged, StoreFacts, stronger

__all__ = ["S3Store", "create_buckets", "time_of"]

THREADS = 16


class S3Store:
    """ObjectStore over two buckets. Safe from several threads, and from any number of processes on any number of hosts.

    An end of a lock is kept up to two seconds longer than asked, that of an arrival up to ten (`s3_times` says why); one that
    has passed counts as none. `lock_group` and `protect` may go on after a refusal with what comes later.
    An `ObjectInfo` whose `sha256` is "" is not what was once confirmed: a delete marker, a version put over another, or
    one without a digest. Opening it asks the store nothing.

    Args:
        url: see `s3_address`.
        scratch: folder on this host for bytes on their way in and for local copies.
        read_only: never writes to the store.
        patience: seconds during which a request is repeated while the store is in trouble.
        single, part: bytes that go in one request, and bytes of a part of what is larger.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        scratch: Path,
        read_only: bool = False,
        patience: float = PATIENCE,
        threads: int = THREADS,
        single: int = SINGLE,
        part: int = PART,
    ) -> None:
        self._clock, self._read_only = clock, read_only
        self._wire = S3Wire(parse_address(url), patience=patience, connections=threads * 4)
        self._spread = Spread(threads)
        self._scratch = Scratch(scratch)
        self._copies = Copies(self.open, self._scratch.new_path)
        self._listing = S3Listing(self._wire, self._spread)
        self._locking = S3Locking(self._wire, self._listing, clock)
        multipart = Multipart(self._wire, single, part)
        self._writing = S3Writing(self._wire, self._listing, self._locking, multipart, clock)

    def stage(self, chunks: Iterable[bytes]) -> Staged:
        """See the port. Into a local file."""
        self._require_writer()
        return self._scratch.stage(chunks)

    def discard(self, staged: Staged) -> None:
        """See the port."""
        self._scratch.drop(staged)

    def put(self, group: Iterable[Put]) -> list[PutResult]:
        """See the port. Keys, locks and handles are checked before anything is written; many requests go at once."""
        self._require_writer()
        puts = list(group)
        try:
            now = self._clock.now()
            first: dict[tuple[Bucket, str], Write] = {}
            for put in puts:
                first.setdefault((put.bucket, put.key), self._checked(put, now))
            done = dict(zip(first, self._spread.each(self._writing.write, list(first.values())), strict=True))
        finally:
            for put in puts:
                if put.staged is not None:
                    self._scratch.drop(put.staged)
        return [self._result(done, (put.bucket, put.key)) for put in puts]

    def open(self, ref: ObjectRef, start: int = 0) -> BinaryIO:
        """See the port. The digest of the whole is checked before the last bytes are handed out: reading may raise
        IntegrityError. Only what comes after `start` is asked for."""
        checked_key(ref.key)
        return open_version(self._wire, ref, start)

    def read_group(self, refs: Sequence[ObjectRef]) -> dict[ObjectRef, bytes]:
        """See the port: several are fetched at once."""
        return dict(one for one in self._spread.each(self._whole, list(dict.fromkeys(refs))) if one is not None)

    def _whole(self, ref: ObjectRef) -> tuple[ObjectRef, bytes] | None:
        try:
            with self.open(ref) as stream:
                return ref, stream.read()
        except (NotFoundError, IntegrityError):
            return None

    def local_path(self, ref: ObjectRef) -> Path:
        """See the port: a copy, shared by all in this process who ask for it at once."""
        return self._copies.take(ref)

    def local_paths(self, refs: Iterable[ObjectRef]) -> dict[ObjectRef, Path]:
        """See the port: several are fetched at once. When the store does not answer for one, none is kept."""
        wanted = list(refs)
        found_in_turn = self._spread.each(self._copy, wanted)
        taken = dict(zip(wanted, found_in_turn, strict=True))
        paths = {ref: found for ref, found in taken.items() if isinstance(found, Path)}
        for found in taken.values():
            if isinstance(found, MinutierError) and not isinstance(found, NotFoundError | IntegrityError):
                for ref, one in zip(wanted, found_in_turn, strict=True):
                    if isinstance(one, Path):
                        self._copies.give_back(ref)
                raise found
        return paths

    def release_path(self, ref: ObjectRef) -> None:
        """See the port."""
        self._copies.give_back(ref)

    def head(self, ref: ObjectRef) -> ObjectInfo:
        """See the port. It does not look for versions on top: `versions` and `list` do."""
        checked_key(ref.key)
        return self._listing.head(ref)

    def versions(self, bucket: Bucket, key: str) -> builtins.list[ObjectInfo]:
        """See the port."""
        return self._listing.versions(bucket, checked_key(key))

    def versions_of(self, places: Sequence[tuple[Bucket, str]]) -> dict[tuple[Bucket, str], builtins.list[ObjectInfo]]:
        """See the port. Several keys at once."""
        return dict(zip(places, self._spread.each(lambda place: self.versions(*place), places), strict=True))

    def list(self, bucket: Bucket, prefix: str = "") -> Iterator[ObjectInfo]:
        """See the port. One request for each version, besides those of the listing."""
        return self._listing.below(bucket, checked_prefix(prefix))

    def unconfirmed(self) -> Iterator[ObjectInfo]:
        """See the port. This lists all originals: a matter of minutes for millions."""
        return self._listing.unconfirmed(ORIGINALS)

    def lock(self, ref: ObjectRef, lock: Lock) -> None:
        """See the port."""
        self._require_writer()
        self._locking.lock(ref, lock)

    def lock_group(self, locks: Iterable[tuple[ObjectRef, Lock]]) -> None:
        """See the port. Several versions at once; those for one version in the order given."""
        self._require_writer()
        groups: dict[ObjectRef, list[Lock]] = {}
        for ref, lock in locks:
            groups.setdefault(ref, []).append(lock)
        self._spread.each(self._lock_in_turn, list(groups.items()))

    def protect(self, locks: Iterable[tuple[ObjectRef, Lock]]) -> None:
        """See the port."""
        self._require_writer()
        wanted: dict[ObjectRef, Lock] = {}
        for ref, lock in locks:
            wanted[ref] = stronger(wanted[ref], lock) if ref in wanted else lock
        self._spread.each(lambda pair: self._locking.protect(*pair), list(wanted.items()))

    def renew(self, refs: Iterable[ObjectRef], until: datetime) -> None:
        """See the port."""
        self._require_writer()
        self._spread.each(lambda ref: self._locking.renew(ref, until), list(dict.fromkeys(refs)))

    def set_hold(self, ref: ObjectRef, on: bool) -> None:
        """See the port."""
        self._require_writer()
        self._locking.set_hold(ref, on)

    def hold_group(self, refs: Iterable[ObjectRef], on: bool) -> None:
        """See the port. One request each, several at once."""
        self._require_writer()
        self._spread.each(lambda ref: self._locking.set_hold(ref, on), list(dict.fromkeys(refs)))

    def delete(self, ref: ObjectRef) -> None:
        """See the port. Looked for before and after: a store says the same of what it removed and what it never had."""
        self._require_writer()
        self._remove(ref)
        if self._is_there(ref):
            raise IntegrityError(f"the store says that it removed {ref.key}, and it is there", remedy="do not use this store")

    def _remove(self, ref: ObjectRef) -> None:
        lock = self._lock_of(ref)
        try:
            self._wire.send(Call("removing", "DELETE", ref.bucket, ref.key, (version_query(ref),)))
        except RefusedError as error:
            why = why_not_delete(lock, self._clock.now()) or str(error)
            raise RefusedError(f"{ref.key} stays: {why}") from error
        except NotPermittedError as error:
            if why := why_not_delete(lock, self._clock.now()):
                raise RefusedError(f"{ref.key} stays: {why}") from error
            raise

    def delete_group(self, refs: Sequence[ObjectRef]) -> dict[ObjectRef, MinutierError]:
        """See the port. Several versions at once, each by a request of its own: an answer about many has errors in its body."""
        self._require_writer()
        found = self._spread.each(self._removed, refs)
        return {ref: error for ref, error in zip(refs, found, strict=True) if error is not None}

    def facts(self) -> StoreFacts:
        """See `ports.objects.Described`."""
        return s3_buckets.facts(self._wire)

    def delete_bypassing(self, ref: ObjectRef) -> None:
        """See `ports.objects.Adversary`."""
        self._require_writer()
        self._wire.send(Call("removing", "DELETE", ref.bucket, ref.key, (version_query(ref),), (BYPASS,)))

    def set_lock_bypassing(self, ref: ObjectRef, lock: Lock) -> None:
        """See `ports.objects.Adversary`."""
        self._require_writer()
        self._locking.set_retention(ref, lock, bypass=True)

    def overwrite(self, bucket: Bucket, key: str, body: bytes) -> None:
        """See `ports.objects.Adversary`."""
        self._require_writer()
        told = (("x-amz-checksum-sha256", checksum(of_bytes(body))),)
        self._wire.send(Call("writing", "PUT", bucket, checked_key(key), headers=told, body=body))

    def hide(self, bucket: Bucket, key: str) -> None:
        """See `ports.objects.Adversary`."""
        self._require_writer()
        self._wire.send(Call("removing", "DELETE", bucket, checked_key(key)))

    def close(self) -> None:
        """Release threads, connections and the scratch folder. Safe to repeat."""
        self._spread.close()
        self._scratch.close()
        self._wire.close()

    def _removed(self, ref: ObjectRef) -> MinutierError | None:
        try:
            self._remove(ref)
        except (NotFoundError, RefusedError) as error:
            return error
        return None

    def _copy(self, ref: ObjectRef) -> Path | MinutierError:
        try:
            return self._copies.take(ref)
        except MinutierError as error:
            return error

    def _checked(self, put: Put, now: datetime) -> Write:
        checked_key(put.key)
        checked_future(checked_lock(put.bucket, put.lock), now)
        body = put.body if put.staged is None else self._scratch.body(put.staged, put.key)
        return Write.of(put.bucket, put.key, body, put.lock)

    def _result(self, done: dict[tuple[Bucket, str], PutResult], at: tuple[Bucket, str]) -> PutResult:
        """The first of a key gets what happened; of any later one it was there before."""
        found = done[at]
        done[at] = PutResult(found.info, created=False)
        return found

    def _lock_in_turn(self, group: tuple[ObjectRef, Sequence[Lock]]) -> None:
        for lock in group[1]:
            self._locking.lock(group[0], lock)

    def _lock_of(self, ref: ObjectRef) -> Lock:
        """The lock of what is there: a version, or a delete marker, which has none. Raises NotFoundError."""
        checked_key(ref.key)
        try:
            return self._listing.head(ref).lock
        except NotFoundError:
            if not self._is_marker(ref):
                raise
            return Lock()

    def _is_marker(self, ref: ObjectRef) -> bool:
        return any(info.ref == ref for info in self._listing.versions(ref.bucket, ref.key))

    def _is_there(self, ref: ObjectRef) -> bool:
        try:
            self._listing.head(ref)
        except NotFoundError:
            return False
        return True

    def _require_writer(self) -> None:
        if self._read_only:
            raise NotPermittedError("the object store was opened for reading only")
