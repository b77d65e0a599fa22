"""The ledger's entries: what happened to documents, in one order that nobody can change afterwards.

An entry is a payload (canonical JSON) and a salt. The tree holds only their commitment, SHA-256(salt || payload), as the data
of a leaf: erasing payload and salt leaves the tree valid, and silent about what was in it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from archiver.errors import IntegrityError, UsageError
from retention.merkle import leaf_hash
from retention.timestamp import timestamp

SALT_BYTES = 32
PAYLOAD_LIMIT = 64 * 1024
"""Longest payload, in bytes: an entry says what happened, it does not carry documents."""

ARCHIVED = "archived"
HEARTBEAT = "heartbeat"
"""An entry about no document, appended when nothing else happened for a day: shows that the ledger was alive and silent."""

Value = str | int | bool | None | list["Value"] | dict[str, "Value"]

_KIND = re.compile(r"[a-z][a-z0-9_.-]{0,31}")
_SCALARS = frozenset({str, int, bool, type(None)})
_ENCODER = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)


class Tree(StrEnum):
    """`custody`: what happened to documents, for ever. `access`: who read what, in months that expire."""

    CUSTODY = "custody"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """Something that happened, to be entered.

    Attributes:
        kind: what, e.g. "archived"; a short lower-case word.
        document_id: to which document; "" for an event about none.
        details: JSON without floats. Names of persons only as pseudonyms.
    """

    kind: str
    document_id: str
    at: datetime
    details: Mapping[str, Value] = field(default_factory=dict)
    tree: Tree = Tree.CUSTODY


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry in its place. `payload` and `salt` are None once they were sealed (or erased)."""

    position: int
    kind: str
    document_id: str
    hash: bytes
    payload: str | None = None
    salt: bytes | None = None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """An entry as read back."""

    position: int
    event: LedgerEvent


def canonical(event: LedgerEvent) -> str:
    """The payload: JSON with sorted keys, no spaces, ASCII only (anything else as \\uXXXX), no floats.

    Raises:
        UsageError: it can't be written so, or is longer than `PAYLOAD_LIMIT`.
    """
    if not _KIND.fullmatch(event.kind):
        raise UsageError(f"a ledger entry can't be of kind {event.kind!r}", remedy="use a short lower-case word")
    if event.at.tzinfo is None:
        raise UsageError(f"the time of the {event.kind!r} entry has no zone", remedy="give a time in UTC")
    _refuse_floats(event.details, event.kind)
    payload = _ENCODER.encode(
        {"at": timestamp(event.at), "data": event.details, "document": event.document_id, "kind": event.kind, "v": 1}
    )
    if len(payload) > PAYLOAD_LIMIT:
        raise UsageError(f"the {event.kind!r} entry of {event.document_id or 'no document'} takes {len(payload)} bytes")
    return payload


def parse_payload(payload: str, tree: Tree) -> LedgerEvent:
    """The event a payload tells of. That it is what was entered is shown by its commitment, not here.

    Raises:
        IntegrityError: it is not a payload.
    """
    try:
        found = json.loads(payload)
        if found["v"] != 1:
            raise ValueError(f"version {found['v']!r} is not known")
        if not (isinstance(found["kind"], str) and isinstance(found["document"], str) and isinstance(found["data"], dict)):
            raise TypeError("a field is of another type")
        return LedgerEvent(found["kind"], found["document"], datetime.fromisoformat(found["at"]), found["data"], tree)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError(f"this is not the payload of a ledger entry: {error}") from error


def commitment(salt: bytes, payload: str) -> bytes:
    """What the tree holds of an entry: SHA-256(salt || payload), 32 bytes."""
    return hashlib.sha256(salt + payload.encode("ascii")).digest()


def entry_hash(salt: bytes, payload: str) -> bytes:
    """Leaf hash of an entry: SHA-256(0x00 || commitment)."""
    return leaf_hash(commitment(salt, payload))


def _refuse_floats(details: Mapping[str, Value], kind: str) -> None:
    for key, value in details.items():
        if type(value) not in _SCALARS or type(key) is not str:  # the walk below is for the rare nested value
            _refuse_unwritable({key: value}, kind)


def _refuse_unwritable(value: object, kind: str) -> None:
    if value is None or isinstance(value, str | int):
        return
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise UsageError(f"the details of the {kind!r} entry have a key that is not text")
        for each in value.values():
            _refuse_unwritable(each, kind)
    elif isinstance(value, list | tuple):
        for each in value:
            _refuse_unwritable(each, kind)
    else:
        raise UsageError(
            f"the details of the {kind!r} entry hold a {type(value).__name__}",
            remedy="write text, whole numbers, true, false, null, lists or mappings of these",
        )
