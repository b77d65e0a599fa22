"""What must be so after a purge, however it went: looked at in catalogue, store, index and certificate."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping

from archiver.domain.digest import of_bytes
from archiver.domain.document import Document, State
from archiver.domain.ledger import Tree
from archiver.domain.record import original_key, record_key
from archiver.ports.objects import Bucket
from archiver.ports.retention_rows import Purge
from archiver.services.verify import Verify
from retention.certificate import Item, Outcome
from retention.certificate_check import check_certificate
from retention.disposed_entry import DISPOSED
from retention.plan import ItemState
from tests.support.purges import Opened


def whole(one: Opened, before: Document) -> str:
    """What a document lacks that stays; "" when it is all there: row, bytes, record, text, and what the index knows."""
    now = one.archive.catalog.document(before.id)
    if now.state is State.DISPOSED:
        return "it is a tombstone"
    if (now.name, now.source, now.sha256, dict(now.declared)) != (
        before.name, before.source, before.sha256, dict(before.declared),
    ):  # fmt: skip
        return "its row has changed"
    if (
        before.root_id is None
        and of_bytes(_read(one, original_key(now.collection, now.retention_class, now.sha256))) != now.sha256
    ):
        return "its bytes are gone"
    if of_bytes(_read(one, record_key(now.collection, now.id))) != now.record_sha256:
        return "its record is gone"
    if now.text_key and not one.archive.objects.versions(Bucket.DELETABLE, now.text_key):
        return "its text is gone"
    if not one.archive.index.remains([now.id]):
        return "the index lost it"
    return ""


def _read(one: Opened, key: str) -> bytes:
    found = one.archive.objects.versions(Bucket.LOCKED, key)
    if not found:
        return b""
    with one.archive.objects.open(found[-1].ref) as stream:
        return stream.read()


def remains(one: Opened, before: Document) -> str:
    """What is left of a destroyed document that should not be; "" when nothing is."""
    now = one.archive.catalog.document(before.id)
    if now.state is not State.DISPOSED:
        return f"it is {now.state.value}"
    if any((now.name, now.source, now.declared, now.summary, now.text_key, now.locator)):
        return "its row tells of it"
    if one.archive.objects.versions(Bucket.LOCKED, record_key(before.collection, before.id)):
        return "its record is there"
    address = (before.collection, before.retention_class, before.sha256)
    referred = any(
        one_there.sha256 == before.sha256
        and (one_there.collection, one_there.retention_class) == address[:2]
        and one_there.root_id is None
        for one_there in one.documents().values()
    )
    if before.root_id is None and not referred and one.archive.objects.versions(Bucket.LOCKED, original_key(*address)):
        return "its bytes are there"
    if before.text_key and not one.archive.catalog.texts_in_use([before]):
        found = one.archive.objects.versions(Bucket.DELETABLE, before.text_key)
        return "its text is there" if found else ""
    return ""


def require_rules(one: Opened, purge: Purge, before: Mapping[str, Document], kept: Collection[str] = ()) -> None:
    """The rules that hold after any purge that has ended.

    Args:
        before: every document there was, by id; kept: ids of those that were held in time.
    """
    items = one.items(purge)
    gone = {key for key in before if one.archive.catalog.document(key).state is State.DISPOSED}
    executed = {key for key, item in items.items() if item.state is ItemState.EXECUTED}
    assert gone == executed, "something was destroyed outside the plan, or the plan says more than was done"
    assert not gone & set(kept), "a held document was destroyed"
    for key, document in before.items():
        problem = remains(one, document) if key in gone else whole(one, document)
        assert not problem, f"{document.name}: {problem}"
        if document.root_id:
            assert (key in gone) == (document.root_id in gone), "a member and its container parted"
    leaving = one.archive.index.remains(sorted(gone)) if gone else set()
    assert not leaving, "the index still knows a destroyed document"
    require_certificate(one, purge)
    require_sound(one)


def require_certificate(one: Opened, purge: Purge) -> None:
    """It is sound, and says what happened, item by item."""
    said: list[Item] = []
    keys = one.archive.keys
    pinned = keys.public_key(keys.signing_key_id())
    report = check_certificate(io.BytesIO(one.certificate(purge)), pinned, seen=said.append)
    assert not report.findings, report.findings
    assert report.signer_known
    became = {ItemState.EXECUTED: Outcome.EXECUTED, ItemState.WITHHELD: Outcome.WITHHELD, ItemState.FAILED: Outcome.FAILED}
    items = one.items(purge)
    assert [(each.id, each.outcome) for each in said] == [(key, became[item.state]) for key, item in items.items()]
    executed = [key for key, item in items.items() if item.state is ItemState.EXECUTED]
    entered = one.archive.ledger_rows.positions(Tree.CUSTODY, DISPOSED, executed)
    assert {each.id: each.entry for each in said if each.entry is not None} == entered


def require_sound(one: Opened) -> None:
    """`verify` finds nothing."""
    archive = one.archive
    archive.ledger.sequence()
    archive.ledger.seal()
    result = Verify(archive.catalog, archive.objects, archive.index, archive.ledger_rows, archive.keys, one.clock).run()
    assert result.sound, result.findings
