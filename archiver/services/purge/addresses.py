"""Where everything of a document lies in the store, and that nothing else is ever removed for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archiver.domain.document import Document
from archiver.domain.record import original_key, record_key, text_key
from archiver.errors import IntegrityError
from archiver.ports.objects import Bucket, ObjectInfo, ObjectRef
from archiver.ports.retention_rows import PurgeItem, Ref
from retention.disposal import AtStore

Place = tuple[Bucket, str]


def places_of(one: PurgeItem, document: Document | None) -> Iterator[Place]:
    """Where everything of a document lies, as its row says."""
    if document is None:
        return
    yield Bucket.LOCKED, record_key(document.collection, document.id)
    if document.text_key:
        yield Bucket.DELETABLE, document.text_key
    if one.item.root_id is None:
        yield Bucket.LOCKED, original_key(document.collection, document.retention_class, document.sha256)


def store_says(info: ObjectInfo) -> AtStore:
    """What the store says of a version, as retention takes it."""
    return AtStore(info.lock.until, info.lock.hold)


def refs_of(groups: Iterable[Sequence[ObjectInfo]]) -> list[Ref]:
    """Addresses as rows keep them."""
    return [(info.ref.bucket.value, info.ref.key, info.ref.version) for group in groups for info in group]


def ref_of(ref: Ref) -> ObjectRef:
    """An address out of a row."""
    bucket, key, version = ref
    return ObjectRef(Bucket(bucket), key, version)


def require_own(going: Sequence[PurgeItem]) -> None:
    """Addresses lie in rows, which no signature covers: each must be of the very item that names it, which the plan's root covers.

    Raises:
        IntegrityError: one is not.
    """
    for one in going:
        item = one.item
        text = text_key(item.collection, item.sha256, "") if item.sha256 else "\0"
        own = {record_key(item.collection, item.document_id), original_key(*address_of(one))}
        for _, key, _ in one.refs:
            if key not in own and not key.startswith(text):
                raise IntegrityError(
                    f"item {item.position} of the purge names {key}, which is not its own: nothing of it was removed",
                    remedy="run `minutier verify`: somebody changed the catalogue by hand",
                )


def address_of(one: PurgeItem) -> tuple[str, str, str]:
    """Collection, class and digest of its bytes."""
    return one.item.collection, one.item.retention_class, one.item.sha256
