"""Originals that a crash left in the store, unknown to the catalogue.

Where one process writes, whatever the catalogue does not know when it begins is an orphan (`drop_orphans`). Where several do,
it may be another's, between store and catalogue: there an orphan is what the catalogue does not know after its intake lock has
run out (`sweep_orphans`). Whoever finds an object in the store and means to write it down has its intake lock extended by `put`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice

from archiver.domain.record import original_key
from archiver.errors import NotFoundError, RefusedError
from archiver.ports.catalog import Catalog
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectRef, ObjectStore
from archiver.services.pages import pages

DROPPING = "dropping"
"""Mark of the catalogue: contents being removed. Between losing its lock and its bytes an orphan looks like any object."""
PAGE = 200
ORIGINALS = "originals/"

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


def sweep_orphans(catalog: Catalog, objects: ObjectStore, now: datetime) -> int:
    """Remove originals that were never written down and whose intake lock has run out; returns how many.

    Beside any number of importers, workers and other sweeps: nothing is asked to overlook a lock, so an object whose lock an
    importer extends at this moment stays. Lists all originals by name. Safe to repeat, and to be cut off anywhere.
    """
    dropped = 0
    for page in pages(objects.names(Bucket.LOCKED, ORIGINALS), PAGE):
        dropped += sum(_drop_ended(objects, ref, now) for ref in _unknown(catalog, page))
    return dropped


def _unknown(catalog: Catalog, refs: Iterable[ObjectRef]) -> list[ObjectRef]:
    keyed = {key: ref for ref in refs if (key := _key_of(ref))}
    known = catalog.contents(list(keyed))
    return [ref for key, ref in keyed.items() if key not in known]


def _drop_ended(objects: ObjectStore, ref: ObjectRef, now: datetime) -> bool:
    with suppress(NotFoundError, RefusedError):  # another sweep was here, or an importer wants it after all
        info = objects.head(ref)
        if info.intake and info.lock.until is not None and info.lock.until <= now:
            objects.delete(ref)
            return True
    return False


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
