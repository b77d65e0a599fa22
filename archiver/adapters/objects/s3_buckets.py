"""The two buckets of an archive, and what can be said of the store they are in."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from email.utils import parsedate_to_datetime

from archiver.adapters.objects import s3_xml
from archiver.adapters.objects.s3_address import REGION, parse_address
from archiver.adapters.objects.s3_wire import PATIENCE, Call, S3Wire
from archiver.errors import NoArchiveError, NotFoundError, RefusedError, UnreachableError
from archiver.ports.objects import Bucket, StoreFacts

_MADE_BEFORE = 409
_VERSIONED = (
    b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>'
)


def create_buckets(url: str, *, patience: float = PATIENCE) -> None:
    """Make the buckets that are missing: both keep versions, the locked one has Object Lock from birth. Safe to repeat.

    Raises:
        RefusedError: the locked bucket exists without Object Lock, or belongs to somebody else.
    """
    with closing(S3Wire(parse_address(url), patience=patience)) as wire:
        for bucket in Bucket:
            _create(wire, bucket)
        if not lock_enabled(wire):
            name = wire.address.bucket(Bucket.LOCKED)
            raise RefusedError(
                f"bucket {name} exists without Object Lock", remedy="choose another prefix: a lock is given at birth"
            )
        for bucket in Bucket:
            if not versions_enabled(wire, bucket):
                wire.send(_about(bucket, "PUT", "versioning", _VERSIONED))


def lock_enabled(wire: S3Wire) -> bool:
    """Can versions in the locked bucket be locked?"""
    try:
        answer = wire.send(_about(Bucket.LOCKED, "GET", "object-lock"))
    except NotFoundError:
        return False
    return s3_xml.value(answer.data, "ObjectLockEnabled") == "Enabled"


def versions_enabled(wire: S3Wire, bucket: Bucket) -> bool:
    """Does every write to the bucket make a version of its own?"""
    return s3_xml.value(wire.send(_about(bucket, "GET", "versioning")).data, "Status") == "Enabled"


def server_time(wire: S3Wire) -> datetime | None:
    """The store's own time, to a second; None when it does not say."""
    told = wire.send(Call("looking up", "HEAD", Bucket.LOCKED)).headers.get("date")
    return parsedate_to_datetime(told) if told else None


def time_of(url: str) -> datetime:
    """The time that the store at `url` says it is.

    Raises:
        UnreachableError: it does not answer at once, or does not say.
    """
    with closing(S3Wire(parse_address(url), patience=0.0)) as wire:
        time = server_time(wire)
    if time is None:
        raise UnreachableError("the object store does not say what time it is")
    return time


def facts(wire: S3Wire) -> StoreFacts:
    """What can be asked of the store. It does not say on how many disks an object lies."""
    address, time = wire.address, server_time(wire)
    return StoreFacts(
        kind="S3" if address.secure else "S3, nothing encrypted on the way",
        place=f"{address.netloc}/{address.prefix}",
        locks_by_store=lock_enabled(wire),
        versioned=all(versions_enabled(wire, bucket) for bucket in Bucket),
        time=time,
    )


def _create(wire: S3Wire, bucket: Bucket) -> None:
    region = wire.address.region
    body = (
        b""
        if region == REGION
        else f"<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>".encode()
    )
    lock = (("x-amz-bucket-object-lock-enabled", "true"),) if bucket is Bucket.LOCKED else ()
    try:
        wire.send(Call("looking up", "HEAD", bucket))
    except (NoArchiveError, NotFoundError):
        wire.send(Call("making", "PUT", bucket, headers=lock, body=body, accept=(_MADE_BEFORE,)))


def _about(bucket: Bucket, method: str, what: str, body: bytes = b"") -> Call:
    return Call(
        f"asking for {what} of" if method == "GET" else f"setting {what} of", method, bucket, query=((what, ""),), body=body
    )
