"""A purge plan: what shall be destroyed, frozen by the root of a Merkle tree over it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from retention.merkle import Frontier, Growth, leaf_hash

SALT_BYTES = 32
_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode


class ItemState(StrEnum):
    """Where one item of a plan is. `going`: its destruction has begun, and will be finished."""

    PLANNED = "planned"
    GOING = "going"
    EXECUTED = "executed"
    WITHHELD = "withheld"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One document to be destroyed.

    Attributes:
        position: its place in the plan, from 0.
        root_id: the original it is a part of; None for an original.
        until: the last day it was kept; reason: why it may go, naming nobody.
        salt: 32 bytes that keep its commitment from being guessed.
    """

    position: int
    document_id: str
    root_id: str | None
    collection: str
    retention_class: str
    sha256: str
    size: int
    until: date
    reason: str
    salt: bytes

    def payload(self, purge_id: str) -> str:
        """What its leaf says: canonical JSON (sorted keys, no spaces, ASCII)."""
        said = {
            "class": self.retention_class,
            "digest": f"sha256:{self.sha256}",
            "id": self.document_id,
            "purge": purge_id,
            "reason": self.reason,
            "root": self.root_id,
            "size": self.size,
            "until": self.until.isoformat(),
        }
        return _encode(said)

    def commitment(self, purge_id: str) -> bytes:
        """SHA-256(salt || payload), 32 bytes: what plan and certificate show of it."""
        return self.committed(self.salt, self.payload(purge_id))

    @staticmethod
    def committed(salt: bytes, payload: str) -> bytes:
        """The commitment of a payload as it is written."""
        return hashlib.sha256(salt + payload.encode("ascii")).digest()


def plan_root(commitments: Iterable[bytes]) -> bytes:
    """Root (RFC 9162) over the items' commitments in the order of their positions."""
    return Growth(Frontier()).extend(leaf_hash(each) for each in commitments).frontier().root()
