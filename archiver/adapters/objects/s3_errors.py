"""Turns what an S3 store answers into the archive's own errors."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.adapters.objects import s3_xml
from archiver.adapters.objects.s3_address import S3Address
from archiver.errors import (
    IntegrityError,
    MinutierError,
    NoArchiveError,
    NotFoundError,
    NotPermittedError,
    RefusedError,
    UnreachableError,
)

RETRIED = frozenset({429, 500, 502, 503, 504})
"""Statuses of a store that is busy, starting, or whose disk has a fault."""

_RETRIED_CODES = frozenset({"RequestTimeout", "SlowDown", "OperationAborted", "ConditionalRequestConflict"})
_ABSENT = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchUpload", "ObjectLockConfigurationNotFoundError"})
_DAMAGED = frozenset({"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "InvalidDigest", "IncompleteBody"})
_KEYS = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"})
_LOCKED = ("WORM protected", "object lock", "Object Lock")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is not what was asked for. `said`: the store's words."""

    status: int
    code: str
    said: str

    @property
    def passing(self) -> bool:
        """May the same request succeed a little later?"""
        return self.status in RETRIED or self.code in _RETRIED_CODES

    @property
    def locked(self) -> bool:
        """Was it refused for a lock? A plain `AccessDenied` may be one: some stores say no more."""
        return any(word in self.said for word in _LOCKED)

    @property
    def absent(self) -> bool:
        """Is there no such version? A version id of another form than the store's own names none; a delete marker has no bytes."""
        invalid = self.code == "InvalidArgument" and "version id" in self.said.lower()
        return self.code in _ABSENT or self.code == "MethodNotAllowed" or invalid or (self.status == 404 and not self.code)

    @property
    def too_late(self) -> bool:
        """Was the end of a lock not after the store's own time?"""
        return "must be in the future" in self.said


def refusal(status: int, body: bytes) -> Refusal:
    """The refusal an answer is."""
    code, said = s3_xml.error(body)
    return Refusal(status, code, said)


def error_for(found: Refusal, address: S3Address, doing: str, what: str) -> MinutierError:
    """The archive's error for a refusal met while `doing` something with `what`: a key, or a bucket."""
    where = f"the object store at {address.netloc}"
    if found.code == "NoSuchBucket":
        return NoArchiveError(f"{where} has no bucket for {what}", remedy="`minutier init` makes it; check host and prefix first")
    if "ObjectLockConfiguration" in found.said:
        return NoArchiveError(
            f"the bucket for {what} at {address.netloc} has no Object Lock", remedy="`minutier init` makes one that has"
        )
    if found.absent:
        return NotFoundError(f"no object {what}")
    if found.code == "RequestTimeTooSkewed":
        return UnreachableError(
            f"{where} refuses requests: its clock and this machine's are too far apart",
            remedy="set both by the same time source (NTP)",
        )
    if found.too_late:
        return UnreachableError(
            f"{where} takes the end of a lock for past while {doing} {what}", remedy="compare its clock with this machine's"
        )
    if found.code in _DAMAGED:
        return IntegrityError(
            f"{what} did not arrive at {where} as it was sent ({found.code})", remedy="check memory and network, then try again"
        )
    if found.locked:
        return RefusedError(f"{where} refuses {doing} {what}: {found.said}")
    return _not_allowed(found, where, doing, what)


def _not_allowed(found: Refusal, where: str, doing: str, what: str) -> MinutierError:
    if found.code in _KEYS:
        return NotPermittedError(f"{where} does not accept the key in objects_url ({found.code})", remedy="check key and secret")
    if found.status in (401, 403):
        return NotPermittedError(
            f"{where} does not allow {doing} {what} ({found.code or found.status})",
            remedy="give the key in objects_url the rights the reference lists for it",
        )
    said = f"{found.status} {found.code} {found.said}".strip()
    return UnreachableError(f"{where} failed {doing} {what}: {said}", remedy="look into the store's own log")
