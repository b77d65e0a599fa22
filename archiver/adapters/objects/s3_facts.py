"""What the headers of an answer say of one version."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime

from archiver.adapters.objects.s3_times import is_intake, written
from archiver.domain.document import LockMode
from archiver.ports.objects import Lock, ObjectInfo, ObjectRef

CHECKED = ("x-amz-checksum-mode", "ENABLED")
"""Header that asks for the digest."""
WHOLE = "x-amz-meta-sha256"
"""Digest of an object that came in parts: of those the store itself confirms only each part."""

_MODE, _UNTIL, _HOLD = "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date", "x-amz-object-lock-legal-hold"
_CHECKSUM = "x-amz-checksum-sha256"


def info(ref: ObjectRef, headers: Mapping[str, str]) -> ObjectInfo:
    """What a store says of a version. `sha256` is "" when it confirms none: this program never writes such a one."""
    lock = lock_of(headers)
    return ObjectInfo(ref, int(headers.get("content-length", 0)), digest_of(headers), lock, is_intake(ref.key, lock))


def lock_of(headers: Mapping[str, str]) -> Lock:
    """The lock of a version."""
    mode, until = headers.get(_MODE, ""), headers.get(_UNTIL, "")
    held = headers.get(_HOLD, "") == "ON"
    if not mode or not until:
        return Lock(hold=held)
    return Lock(LockMode(mode.lower()), datetime.fromisoformat(until), held)


def digest_of(headers: Mapping[str, str]) -> str:
    """The digest the store confirms, or ""."""
    checksum = headers.get(_CHECKSUM, "")
    if "-" in checksum:
        return headers.get(WHOLE, "")
    try:
        return base64.b64decode(checksum, validate=True).hex()
    except binascii.Error:
        return ""


def checksum(sha256: str) -> str:
    """A digest as the store writes it."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def lock_headers(lock: Lock) -> dict[str, str]:
    """A lock as it goes with a write. A hold is said only when it is on: its header, whatever it says, suppresses defaults."""
    headers: dict[str, str] = {}
    if lock.until is not None:
        headers |= {_MODE: lock.mode.value.upper(), _UNTIL: written(lock.until)}
    if lock.hold:
        headers[_HOLD] = "ON"
    return headers
