"""Destruction without the ceremony: what a purge leaves in catalogue, store and ledger, for tests of what meets its tombstones."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from archiver.domain.document import Document
from archiver.domain.ledger import LedgerEvent
from archiver.domain.record import original_key, record_key
from archiver.errors import NotFoundError
from archiver.ports.catalog import Catalog
from archiver.ports.objects import Bucket, Lock, ObjectRef, ObjectStore
from archiver.ports.retention_rows import PurgeItem, Ref, Stored
from retention.plan import ItemState, PlanItem

PURGE = "20260115-test"


def condemned(catalog: Catalog, objects: ObjectStore, ids: Sequence[str], purge_id: str = PURGE) -> list[PurgeItem]:
    """These originals with their members as tombstones, the first thing of them still to be removed."""
    documents = [one for root in ids for one in (catalog.document(root), *catalog.members_of([root]).get(root, ()))]
    taken = sum(1 for _ in catalog.items(purge_id))
    stored = {place: _stored(objects, place, one) for place, one in enumerate(documents, taken)}
    catalog.add_items(purge_id, [one.item.item for one in stored.values()])
    return catalog.condemn(purge_id, stored, lambda _known, _stored: {})


def destroy(catalog: Catalog, objects: ObjectStore, ids: Sequence[str], purge_id: str = PURGE) -> list[str]:
    """Destroy these originals with their members; ids of everything destroyed."""
    going = condemned(catalog, objects, ids, purge_id)
    refs = [ObjectRef(Bucket(bucket), key, version) for item in going for bucket, key, version in item.refs]
    for ref in refs:
        info = next((one for one in objects.versions(ref.bucket, ref.key) if one.ref == ref), None)
        if info and info.lock.hold:
            objects.set_hold(ref, on=False)
        if info and info.intake:
            objects.lock(ref, Lock())
    assert not {ref: error for ref, error in objects.delete_group(refs).items() if not isinstance(error, NotFoundError)}
    now = datetime.now(UTC)
    done = [replace(one, state=ItemState.EXECUTED, at=now) for one in going]
    said = [{"purge": purge_id, "item": one.item.commitment(purge_id).hex()} for one in done]
    events = [LedgerEvent("disposed", one.item.document_id, now, details) for one, details in zip(done, said, strict=True)]
    catalog.settle(purge_id, done, events)
    catalog.end_leaving(purge_id)
    return [one.item.document_id for one in done]


def _stored(objects: ObjectStore, place: int, one: Document) -> Stored:
    item = PlanItem(
        place, one.id, one.root_id, one.collection, one.retention_class, one.sha256, one.size, one.retain_until or date.min,
        "test", secrets.token_bytes(32),
    )  # fmt: skip
    original = () if one.root_id else _refs(objects, Bucket.LOCKED, original_key(one.collection, one.retention_class, one.sha256))
    record, text = record_key(one.collection, one.id), one.text_key
    texts = _refs(objects, Bucket.DELETABLE, text) if text else ()
    return Stored(PurgeItem(item), text, _refs(objects, Bucket.LOCKED, record), texts, original)


def _refs(objects: ObjectStore, bucket: Bucket, key: str) -> tuple[Ref, ...]:
    return tuple((info.ref.bucket.value, key, info.ref.version) for info in objects.versions(bucket, key))
