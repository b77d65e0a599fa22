"""Upkeep of intake: what waits for long keeps its lock, and bytes that nobody wrote down go once theirs has run out."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import islice

from archiver.domain.document import Document
from archiver.errors import NotFoundError, RefusedError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.objects import ObjectInfo, ObjectStore
from archiver.services.intake import INTAKE_LOCK

PAGE = 200
OLD = timedelta(days=2)
"""Documents that wait for longer have their intake lock renewed: it is given for a week."""

_Key = tuple[str, str, str]


def renew_waiting(catalog: Catalog, objects: ObjectStore, clock: Clock) -> int:
    """Renew the intake lock of every original that has waited for two days; how many. Safe to repeat."""
    renewed, after, now = 0, 0, clock.now()
    while page := catalog.waiting(PAGE, after):
        after = page[-1].sequence
        old = [document for document in page if now - document.received_at > OLD]
        contents = catalog.contents([_key_of(document) for document in old])
        for content in contents.values():
            with suppress(NotFoundError):  # lost: `verify` tells; the others are renewed all the same
                objects.renew([content.ref], now + INTAKE_LOCK)
                renewed += 1
    return renewed


def remove_unclaimed(catalog: Catalog, objects: ObjectStore, clock: Clock) -> int:
    """Remove arrivals whose intake lock has run out and that no catalogue row names; how many. It lists all originals.

    Safe beside importers: whoever takes up such an object extends its lock first, and then the store itself refuses this.
    """
    now = clock.now()
    over = (info for info in objects.unconfirmed() if (info.lock.until or now) <= now and _is_original(info))
    removed = 0
    while page := list(islice(over, PAGE)):
        known = catalog.contents([_parts(info) for info in page])
        for info in page:
            removed += _parts(info) not in known and _gone(objects, info)
    return removed


def _gone(objects: ObjectStore, info: ObjectInfo) -> bool:
    try:
        objects.delete(info.ref)
    except (RefusedError, NotFoundError):  # taken up meanwhile, or removed by another host
        return False
    return True


def _key_of(document: Document) -> _Key:
    return document.collection, document.retention_class, document.sha256


def _is_original(info: ObjectInfo) -> bool:
    """Has it the name of one? `verify` tells of any other."""
    return info.ref.key.count("/") == 4


def _parts(info: ObjectInfo) -> _Key:
    _, collection, retention_class, _, sha256 = info.ref.key.split("/")
    return collection, retention_class, sha256
