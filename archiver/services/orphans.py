"""Originals that a crash left in the store, unknown to the catalogue: for a store of this program's own (`intake_upkeep` for others).

Whoever stores an original beside the writing process does so, and writes it down, within a shared turn: what is unknown while
the turn is held alone is an orphan. Where stores are shared it may be another's until its intake lock has run out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

from archiver.domain.record import original_key
from archiver.ports.catalog import Catalog
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectRef, ObjectStore
from archiver.services.retention_turn import Turn, no_turn

DROPPING = "dropping"
"""Mark of the catalogue: contents being removed. Between losing its lock and its bytes an orphan looks like any object."""
PAGE = 200

_Key = tuple[str, str, str]


def drop_orphans(catalog: Catalog, objects: ObjectStore, turn: Turn = no_turn) -> int:
    """Remove originals that were stored and never written down: their lines are still pending and will be read again.

    Safe to repeat, and to be cut off anywhere; returns how many were removed.

    Args:
        turn: keeps out, a page at a time, whoever takes in documents at this moment.
    """
    with turn():
        dropped = _drop_unknown(catalog, objects, [_as_key(key) for key in json.loads(catalog.get_mark(DROPPING) or "[]")])
    arrived = (key for info in list(objects.unconfirmed()) if (key := _key_of(info.ref)))
    while page := list(islice(arrived, PAGE)):
        with turn():
            dropped += _drop_unknown(catalog, objects, page)
    return dropped


def _drop_unknown(catalog: Catalog, objects: ObjectStore, keys: list[_Key]) -> int:
    """Of these, those that are nobody's. One that was being dropped when a crash came may have been taken in again since."""
    unknown = sorted(set(keys) - catalog.contents(keys).keys())
    if not unknown:
        return 0
    catalog.set_mark(DROPPING, json.dumps(unknown))
    return _drop(catalog, objects, unknown)


def _drop(catalog: Catalog, objects: ObjectStore, keys: list[_Key]) -> int:
    dropped = 0
    for info in _there(objects, keys):
        if info.intake:
            objects.lock(info.ref, Lock())
        objects.delete(info.ref)
        dropped += 1
    catalog.set_mark(DROPPING, "[]")
    return dropped


def _there(objects: ObjectStore, keys: list[_Key]) -> Iterator[ObjectInfo]:
    for key in keys:
        yield from objects.versions(Bucket.LOCKED, original_key(*key))


def _key_of(ref: ObjectRef) -> _Key | None:
    """None for a name no original has: `verify` tells of such a stranger."""
    parts = ref.key.split("/")
    return (parts[1], parts[2], parts[4]) if len(parts) == 5 else None


def _as_key(parts: list[str]) -> _Key:
    collection, retention_class, sha256 = parts
    return collection, retention_class, sha256
