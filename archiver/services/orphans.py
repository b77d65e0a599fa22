"""Originals that a crash left in the store, unknown to the catalogue: for the only writer (`intake_upkeep` for many).

Whatever the only writer finds unknown when it begins is an orphan. Where several write it may be another's, between store and
catalogue, until its intake lock has run out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

from archiver.domain.record import original_key
from archiver.ports.catalog import Catalog
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectRef, ObjectStore

DROPPING = "dropping"
"""Mark of the catalogue: contents being removed. Between losing its lock and its bytes an orphan looks like any object."""
PAGE = 200

_Key = tuple[str, str, str]


def drop_orphans(catalog: Catalog, objects: ObjectStore) -> int:
    """Remove originals that were stored and never written down: their lines are still pending and will be read again.

    For the only writer. Safe to repeat, and to be cut off anywhere; returns how many were removed.
    """
    dropped = _drop(catalog, objects, [_as_key(key) for key in json.loads(catalog.get_mark(DROPPING) or "[]")])
    arrived = (key for info in list(objects.unconfirmed()) if (key := _key_of(info.ref)))
    while page := list(islice(arrived, PAGE)):
        unknown = sorted(set(page) - catalog.contents(page).keys())
        if unknown:
            catalog.set_mark(DROPPING, json.dumps(unknown))
            dropped += _drop(catalog, objects, unknown)
    return dropped


def _drop(catalog: Catalog, objects: ObjectStore, keys: list[_Key]) -> int:
    dropped = 0
    for info in _there(objects, keys):
        if info.intake:
            objects.lock(info.ref, Lock())
        objects.delete(info.ref)
        dropped += 1
    if keys:
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
