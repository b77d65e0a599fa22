"""The point of no return of a purge, as one transaction: last judgement, tombstones, and what is to be removed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, and_, delete, select, update

from archiver.adapters.catalog.batch_traces import forget_wishes
from archiver.adapters.catalog.fact_rows import decided, happened_to, members_of
from archiver.adapters.catalog.hold_rows import holding, locked
from archiver.adapters.catalog.insertion import upsert
from archiver.adapters.catalog.item_rows import item_row
from archiver.adapters.catalog.retention_tables import decisions, held, leaving, occurrences, purge_items
from archiver.adapters.catalog.rows import document_of, pieces
from archiver.adapters.catalog.state_rows import write_states
from archiver.adapters.catalog.tables import contents, documents, jobs, lines, seen
from archiver.domain.document import Document, State
from archiver.domain.tombstone import tombstone_of
from archiver.ports.jobs import Kind
from archiver.ports.retention_rows import Doom, PurgeItem, Stored
from retention.decision import Decision
from retention.hold import Hold
from retention.plan import ItemState
from retention.schedule import Occurrence

_Address = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Locked:
    """`ports.retention_rows.Known`, inside a transaction."""

    connection: Connection
    read: dict[str, Document] = field(default_factory=dict)
    """Documents read before: nobody changes them until the end."""

    def documents(self, document_ids: Sequence[str]) -> dict[str, Document]:
        for piece in pieces([one for one in document_ids if one not in self.read]):
            for row in self.connection.execute(select(documents).where(documents.c.id.in_(piece))):
                self.read[row.id] = document_of(row)
        return {one: self.read[one] for one in document_ids if one in self.read}

    def members_of(self, root_ids: Sequence[str]) -> dict[str, list[Document]]:
        return members_of(self.connection, root_ids)

    def occurrences(self, document_ids: Sequence[str]) -> dict[str, dict[str, Occurrence]]:
        return happened_to(self.connection, document_ids)

    def holds_on(self, document_ids: Sequence[str]) -> dict[str, list[Hold]]:
        return holding(self.connection, document_ids)

    def decisions(self, document_ids: Sequence[str]) -> dict[str, Decision]:
        return decided(self.connection, document_ids)


def condemn(
    connection: Connection, purge_id: str, stored: Mapping[int, Stored], doom: Doom, *, with_jobs: bool
) -> list[PurgeItem]:
    """See `ports.retention_rows.RetentionRows.condemn`."""
    locked(connection, [one.item.item.document_id for one in stored.values()])
    stored = _not_begun(connection, purge_id, stored)
    known = _Locked(connection)
    stays = doom(known, stored)
    condemned = {position: one for position, one in stored.items() if position not in stays}
    before = known.documents([one.item.item.document_id for one in condemned.values()])
    _forget_names(connection, list(before.values()))
    tombstones = [tombstone_of(document, purge_id) for document in before.values()]
    # Numbers are given to one transaction at a time: what is asked from here on holds until this one has ended.
    top = write_states(connection, tombstones, with_jobs=with_jobs)
    forget_wishes(connection, list(before.values()))
    sequences = {str(one.id): top - len(tombstones) + place for place, one in enumerate(tombstones, 1)}
    going = _released(connection, condemned, before)
    items = [
        replace(one.item, state=ItemState.WITHHELD, why=stays[position].value)
        for position, one in stored.items()
        if position in stays
    ] + [replace(one, sequence=sequences[one.item.document_id]) for one in going]
    upsert(connection, purge_items, [item_row(purge_id, item) for item in items])
    refs = [ref for one in going for ref in one.refs if ref[1].startswith(("originals/", "texts/"))]
    upsert(connection, leaving, [{"key": key, "version": version, "purge_id": purge_id} for _, key, version in refs], keep=True)
    return sorted(items, key=lambda one: one.item.position)


def _not_begun(connection: Connection, purge_id: str, stored: Mapping[int, Stored]) -> dict[int, Stored]:
    """Without what another process, whose claim was taken for lost, has begun or settled meanwhile: that stays as it wrote it."""
    begun: set[int] = set()
    columns = purge_items.c
    for piece in pieces(sorted(stored)):
        query = select(columns.position).where(columns.purge_id == purge_id, columns.position.in_(piece))
        query = query.where(columns.state.not_in([ItemState.PLANNED.value, ItemState.FAILED.value])).with_for_update()
        begun.update(connection.execute(query).scalars())
    return {position: one for position, one in stored.items() if position not in begun}


def _released(connection: Connection, condemned: Mapping[int, Stored], before: Mapping[str, Document]) -> list[PurgeItem]:
    """The condemned with what is to be removed of each; what two of them share is named with both."""
    addresses = {_address(one) for one in condemned.values() if one.item.item.root_id is None}
    kept = {_address(one) for one in condemned.values() if one.keep_bytes}
    free = addresses - kept - _referred_to(connection, addresses)
    for (collection, retention_class), digests in _by_class(free).items():
        of_class = (contents.c.collection == collection, contents.c.retention_class == retention_class)
        for piece in pieces(digests):
            connection.execute(delete(contents).where(*of_class, contents.c.sha256.in_(piece)))
    used = texts_in_use(connection, [one for one in before.values() if one.sha256])
    items = []
    for _, one in sorted(condemned.items()):
        text = [ref for ref in one.text if ref[1] not in used]
        original = one.original if _address(one) in free and one.item.item.root_id is None else ()
        refs = [*one.record, *text, *original]
        kept_text = len(text) < len(one.text)
        shared = kept_text or (one.item.item.root_id is None and _address(one) not in free)
        items.append(replace(one.item, state=ItemState.GOING, refs=refs, shared=shared))
    return items


def _referred_to(connection: Connection, addresses: Collection[_Address]) -> set[_Address]:
    """Which of these contents an original refers to that is there."""
    column, found = documents.c, set[_Address]()
    for (collection, retention_class), digests in _by_class(addresses).items():
        query = select(column.sha256).where(column.collection == collection, column.retention_class == retention_class)
        query = query.where(column.root_id.is_(None), column.state != State.DISPOSED.value).distinct()
        for piece in pieces(digests):
            there = connection.execute(query.where(column.sha256.in_(piece))).scalars()
            found.update((collection, retention_class, sha256) for sha256 in there)
    return found


def _by_class(addresses: Iterable[_Address]) -> dict[tuple[str, str], list[str]]:
    """(collection, class) to digests, sorted."""
    found: dict[tuple[str, str], list[str]] = {}
    for collection, retention_class, sha256 in sorted(addresses):
        found.setdefault((collection, retention_class), []).append(sha256)
    return found


def texts_in_use(connection: Connection, gone: Sequence[Document]) -> set[str]:
    """Keys of texts of these documents' bytes that documents still use which are there."""
    by_collection: dict[str, set[str]] = {}
    for document in gone:
        if document.sha256:
            by_collection.setdefault(document.collection, set()).add(document.sha256)
    used: set[str] = set()
    for collection, digests in by_collection.items():
        query = select(documents.c.text_key).where(documents.c.collection == collection, documents.c.text_key != "")
        query = query.where(documents.c.state != State.DISPOSED.value)
        for piece in pieces(sorted(digests)):
            for part in (documents.c.root_id.is_(None), documents.c.root_id.isnot(None)):  # each has its index
                used.update(connection.execute(query.where(documents.c.sha256.in_(piece), part)).scalars())
    return used


def _forget_names(connection: Connection, gone: Sequence[Document]) -> None:
    """What else in the catalogue says where these documents came from, or anything about them."""
    by_collection: dict[str, list[Document]] = {}
    for document in gone:
        by_collection.setdefault(document.collection, []).append(document)
    for collection, documents_of in by_collection.items():
        for some in pieces(documents_of):
            ids, sources = [one.id for one in some], sorted({one.source for one in some})
            of_collection = and_(seen.c.collection == collection, seen.c.source.in_(sources))
            connection.execute(delete(seen).where(of_collection, seen.c.document_id.in_(ids)))
            named = and_(lines.c.source.in_(sources), lines.c.document_id.in_(ids))
            connection.execute(update(lines).where(named).values(source="", reason=""))
    for piece in pieces([document.id for document in gone]):
        for table in (occurrences, decisions, held):
            connection.execute(delete(table).where(table.c.document_id.in_(piece)))
        # What a worker of this very purge holds is the row of work of the destruction itself: it goes when that has ended.
        connection.execute(delete(jobs).where(jobs.c.document_id.in_(piece), jobs.c.kind != Kind.PURGE.value))


def _address(one: Stored) -> _Address:
    item = one.item.item
    return item.collection, item.retention_class, item.sha256
