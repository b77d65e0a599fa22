"""Originals that a crash left in the store, unknown to the catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

from archiver.domain.record import original_key
from archiver.ports.catalog import Catalog
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectStore

DROPPING = "dropping"
"""Mark of the catalogue: contents being removed. Between losing its lock and its bytes an orphan looks like any object."""
PAGE = 200

_Key = tuple[str, str, str]


def drop_orphans(catalog: Catalog, objects: ObjectStore) -> int:
    """Remove originals that were stored and never written down: their lines are still pending and will be read again.

    Safe to repeat, and to be cut off anywhere; returns how many were removed.
    """
    dropped = _drop(catalog, objects, [_as_key(key) for key in json.loads(catalog.get_mark(DROPPING) or "[]")])
    arrived = (_key_of(info) for info in list(objects.unconfirmed()))
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


def _key_of(info: ObjectInfo) -> _Key:
    _, collection, retention_class, _, sha256 = info.ref.key.split("/")
    return collection, retention_class, sha256


def _as_key(parts: list[str]) -> _Key:
    collection, retention_class, sha256 = parts
    return collection, retention_class, sha256
