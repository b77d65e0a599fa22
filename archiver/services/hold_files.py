"""What is said of holds, as objects that can be erased: for whom and why. The ledger knows a hold by its id alone."""

from __future__ import annotations

import json
from datetime import datetime

from archiver.ports.objects import Bucket, ObjectStore, Put
from archiver.ports.retention_rows import HoldRecord
from retention.timestamp import timestamp


def hold_key(hold_id: str) -> str:
    """Where it lies what a hold is for."""
    return f"holds/{hold_id}.json"


def write_hold(objects: ObjectStore, hold: HoldRecord) -> None:
    """Keep what a hold is for, before it is placed. Safe to repeat: the first stays."""
    body = {
        "v": 1,
        "id": hold.id,
        "matter": hold.matter,
        "reason": hold.reason,
        "owner": hold.owner,
        "review": hold.review.isoformat() if hold.review else None,
        "collection": hold.collection,
        "placed_at": timestamp(hold.placed_at),
        "placed_by": hold.placed_by,
    }
    _write(objects, hold_key(hold.id), body)


def write_release(objects: ObjectStore, hold_id: str, at: datetime, by: str, reason: str, *, whole: bool) -> None:
    """Keep why a hold, or a part of it, was released. Each release is a file of its own."""
    body = {"v": 1, "hold": hold_id, "whole": whole, "reason": reason, "released_at": timestamp(at), "released_by": by}
    _write(objects, f"holds/{hold_id}/released-{at:%Y%m%dT%H%M%S%f}.json", body)


def _write(objects: ObjectStore, key: str, body: dict[str, object]) -> None:
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    objects.put([Put(Bucket.DELETABLE, key, body=text.encode("utf-8", "surrogateescape"))])
