"""Tombstones at work: what they say to whoever brings a destroyed document again, and when it is archived again all the same."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from archiver.domain.document import Document, State
from archiver.domain.ledger import LedgerEvent, Value
from archiver.domain.record import record_key
from archiver.errors import NotFoundError, RefusedError
from archiver.ports.catalog import Catalog
from archiver.ports.objects import Bucket, ObjectStore

AGAIN = "again"
"""Kind of the ledger entry that a document was archived again after its destruction, by decision: which one it was, and why."""


def refusal(catalog: Catalog, destroyed: Document) -> str:
    """Why a line that names a destroyed document is not archived."""
    return (
        f"destroyed{_on(catalog, destroyed.purge_id)} by purge {destroyed.purge_id}; not archived again unless --again says why"
    )


def archived_again(document: Document, destroyed: Document, reason: str) -> LedgerEvent:
    """The ledger entry of a new life. The reason lies where payloads can be erased."""
    details: dict[str, Value] = {"before": destroyed.id, "purge": destroyed.purge_id, "life": document.life, "reason": reason}
    return LedgerEvent(AGAIN, document.id, document.received_at, details)


def remove_revived(catalog: Catalog, objects: ObjectStore, written: Sequence[Document]) -> int:
    """Remove records and texts that were written for documents which turned out to be destroyed meanwhile; how many objects.

    A text that other bytes' documents use stays. What the store refuses to remove is a record that `verify` names.
    """
    known = catalog.documents([one.id for one in written])
    gone = [one for one in written if one.id in known and known[one.id].state is State.DISPOSED]
    keys = {(Bucket.LOCKED, record_key(one.collection, one.id)) for one in gone}
    texts = {one.text_key: one for one in gone if one.text_key}
    used = catalog.texts_in_use(list(texts.values()))
    keys |= {(Bucket.DELETABLE, key) for key in texts if key not in used}
    removed = 0
    for bucket, key in sorted(keys):
        for info in objects.versions(bucket, key):
            with suppress(NotFoundError, RefusedError):
                objects.delete(info.ref)
                removed += 1
    return removed


def _on(catalog: Catalog, purge_id: str) -> str:
    with suppress(NotFoundError):
        purge = catalog.purge(purge_id)
        if day := purge.ended_at or purge.started_at:
            return f" on {day:%Y-%m-%d}"
    return ""
