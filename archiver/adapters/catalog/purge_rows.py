"""Purges: their plans, how far each item is, and what remains of a destroyed document."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, delete, func, insert, select, update

from archiver.adapters.catalog.engine import read, transact, write
from archiver.adapters.catalog.insertion import upsert
from archiver.adapters.catalog.ledger_rows import enqueue
from archiver.adapters.catalog.retention_tables import decisions, held, occurrences, purge_items, purge_withheld, purges
from archiver.adapters.catalog.rows import pieces
from archiver.adapters.catalog.state_rows import write_states
from archiver.adapters.catalog.tables import contents, documents, jobs, lines, seen
from archiver.domain.document import Document, State
from archiver.domain.ledger import LedgerEvent
from archiver.errors import NotFoundError
from archiver.ports.retention_rows import ClassCount, Purge, PurgeItem, PurgeState, WithheldDocument
from retention.plan import ItemState, PlanItem

_PAGE = 1_000


class PurgeRows:
    """The part of `ports.retention_rows.RetentionRows` about purges."""

    engine: Engine
    with_jobs: bool

    # -- plans --------------------------------------------------------------------------------------------------
    def add_items(self, purge_id: str, items: Sequence[PlanItem]) -> None:
        rows = [_item_row(purge_id, PurgeItem(item)) for item in items]
        transact(self.engine, lambda connection: upsert(connection, purge_items, rows))

    def add_withheld(self, purge_id: str, documents: Sequence[WithheldDocument]) -> None:
        names = WithheldDocument.__slots__
        rows = [{name: getattr(one, name) for name in names} | {"purge_id": purge_id} for one in documents]
        transact(self.engine, lambda connection: upsert(connection, purge_withheld, rows))

    def add_purge(self, purge: Purge, events: Iterable[LedgerEvent]) -> None:
        with write(self.engine) as connection:
            connection.execute(insert(purges), _purge_row(purge))
            enqueue(connection, events)

    def discard_draft(self, purge_id: str) -> None:
        with write(self.engine) as connection:
            if connection.execute(select(purges.c.id).where(purges.c.id == purge_id)).first() is None:
                connection.execute(delete(purge_items).where(purge_items.c.purge_id == purge_id))
                connection.execute(delete(purge_withheld).where(purge_withheld.c.purge_id == purge_id))

    def purge(self, purge_id: str) -> Purge:
        with read(self.engine) as connection:
            row = connection.execute(select(purges).where(purges.c.id == purge_id)).first()
        if row is None:
            raise NotFoundError(f"there is no purge {purge_id}", remedy="`minutier purge list` shows them")
        return _purge_of(row)

    def purges(self) -> list[Purge]:
        with read(self.engine) as connection:
            return [_purge_of(row) for row in connection.execute(select(purges).order_by(purges.c.made_at.desc(), purges.c.id))]

    def set_purge(self, purge: Purge, events: Iterable[LedgerEvent]) -> None:
        with write(self.engine) as connection:
            upsert(connection, purges, [_purge_row(purge)])
            enqueue(connection, events)

    # -- items --------------------------------------------------------------------------------------------------
    def items(self, purge_id: str, *, states: Collection[ItemState] = (), after: int = -1, limit: int = 0) -> Iterator[PurgeItem]:
        query = _of(purge_id, states, select(purge_items)).order_by(purge_items.c.position)
        left = limit or None
        while left is None or left > 0:
            size = _PAGE if left is None else min(_PAGE, left)
            with read(self.engine) as connection:
                page = [_item_of(row) for row in connection.execute(query.where(purge_items.c.position > after).limit(size))]
            yield from page
            if len(page) < size:
                return
            after, left = page[-1].item.position, None if left is None else left - len(page)

    def withheld(self, purge_id: str) -> Iterator[WithheldDocument]:
        after = ""
        while True:
            query = select(purge_withheld).where(purge_withheld.c.purge_id == purge_id, purge_withheld.c.document_id > after)
            with read(self.engine) as connection:
                page = connection.execute(query.order_by(purge_withheld.c.document_id).limit(_PAGE)).all()
            for row in page:
                yield WithheldDocument(**{name: row._mapping[name] for name in WithheldDocument.__slots__})
            if len(page) < _PAGE:
                return
            after = page[-1].document_id

    def class_counts(self, purge_id: str, *, states: Collection[ItemState] = ()) -> list[ClassCount]:
        column = purge_items.c
        counts = (func.count(), func.sum(column.size), func.min(column.until), func.max(column.until))
        query = _of(purge_id, states, select(column.retention_class, *counts)).group_by(column.retention_class)
        with read(self.engine) as connection:
            return [ClassCount(*row) for row in connection.execute(query.order_by(column.retention_class))]

    def begin_items(self, purge_id: str, items: Sequence[PurgeItem]) -> None:
        rows = [_item_row(purge_id, item) for item in items]
        transact(self.engine, lambda connection: upsert(connection, purge_items, rows))

    def commit_disposed(
        self, purge_id: str, items: Sequence[PurgeItem], tombstones: Sequence[Document], events: Iterable[LedgerEvent]
    ) -> int:
        entries, rows = list(events), [_item_row(purge_id, item) for item in items]
        ids = [one.id for one in tombstones]

        def commit(connection: Connection) -> int:
            _forget_names(connection, ids)
            upsert(connection, purge_items, rows)
            enqueue(connection, entries)
            top = write_states(connection, tombstones, with_jobs=self.with_jobs)
            _forget_contents(connection, tombstones)
            return top

        return transact(self.engine, commit)


def _forget_names(connection: Connection, ids: Sequence[str]) -> None:
    """What else in the catalogue says where these documents came from, or anything about them; before their rows are emptied."""
    for piece in pieces(ids):
        named = connection.execute(
            select(documents.c.id, documents.c.collection, documents.c.source).where(documents.c.id.in_(piece))
        )
        for document_id, collection, source in named.all():
            at = and_(seen.c.collection == collection, seen.c.source == source, seen.c.document_id == document_id)
            connection.execute(delete(seen).where(at))
            of_document = and_(lines.c.source == source, lines.c.document_id == document_id)
            connection.execute(update(lines).where(of_document).values(source="", reason=""))
        for table in (occurrences, decisions, held, jobs):
            connection.execute(delete(table).where(table.c.document_id.in_(piece)))


def _forget_contents(connection: Connection, tombstones: Sequence[Document]) -> None:
    """Contents that no document refers to any more."""
    for collection, retention_class, sha256 in {(one.collection, one.retention_class, one.sha256) for one in tombstones}:
        at = and_(contents.c.collection == collection, contents.c.retention_class == retention_class, contents.c.sha256 == sha256)
        refers = and_(
            documents.c.sha256 == sha256,
            documents.c.collection == collection,
            documents.c.retention_class == retention_class,
            documents.c.root_id.is_(None),
            documents.c.state != State.DISPOSED.value,
        )
        connection.execute(delete(contents).where(at, ~select(documents.c.id).where(refers).exists()))


def _of(purge_id: str, states: Collection[ItemState], query: Any) -> Any:
    query = query.where(purge_items.c.purge_id == purge_id)
    return query.where(purge_items.c.state.in_([state.value for state in states])) if states else query


def _item_row(purge_id: str, one: PurgeItem) -> dict[str, Any]:
    row = {name: getattr(one.item, name) for name in PlanItem.__slots__}
    row["salt"] = one.item.salt.hex()
    return row | {
        "purge_id": purge_id,
        "state": one.state.value,
        "why": one.why,
        "shared": one.shared,
        "at": one.at,
        "refs": [list(ref) for ref in one.refs],
    }


def _item_of(row: Row[Any]) -> PurgeItem:
    values = {name: row._mapping[name] for name in PlanItem.__slots__}
    values["salt"] = bytes.fromhex(row.salt)
    return PurgeItem(PlanItem(**values), ItemState(row.state), row.why, row.shared, row.at, row.refs)


def _purge_row(purge: Purge) -> dict[str, Any]:
    row = {name: getattr(purge, name) for name in Purge.__slots__}
    return row | {"state": purge.state.value, "criteria": dict(purge.criteria), "visa": dict(purge.visa)}


def _purge_of(row: Row[Any]) -> Purge:
    values = {name: row._mapping[name] for name in Purge.__slots__}
    return Purge(**(values | {"state": PurgeState(row.state)}))
