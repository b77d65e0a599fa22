"""Purges: their plans, and how far each item is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, Row, case, delete, func, insert, select

from archiver.adapters.catalog.condemning import condemn
from archiver.adapters.catalog.engine import read, transact, write
from archiver.adapters.catalog.insertion import upsert
from archiver.adapters.catalog.item_rows import item_of, item_row
from archiver.adapters.catalog.ledger_rows import enqueue
from archiver.adapters.catalog.retention_tables import leaving, purge_items, purge_withheld, purges
from archiver.adapters.catalog.rows import pieces
from archiver.adapters.catalog.tables import documents
from archiver.domain.ledger import LedgerEvent
from archiver.errors import NotFoundError
from archiver.ports.retention_rows import ClassCount, Doom, GivenApproval, Purge, PurgeItem, PurgeState, Stored, WithheldDocument
from retention.plan import ItemState, PlanItem

_PAGE = 1_000


class PurgeRows:
    """The part of `ports.retention_rows.RetentionRows` about purges."""

    engine: Engine
    with_jobs: bool

    # -- plans --------------------------------------------------------------------------------------------------
    def add_items(self, purge_id: str, items: Sequence[PlanItem]) -> None:
        rows = [item_row(purge_id, PurgeItem(item)) for item in items]
        transact(self.engine, lambda connection: upsert(connection, purge_items, rows))

    def add_withheld(self, purge_id: str, documents: Sequence[WithheldDocument]) -> None:
        names = WithheldDocument.__slots__
        rows = [{name: getattr(one, name) for name in names} | {"purge_id": purge_id} for one in documents]
        transact(self.engine, lambda connection: upsert(connection, purge_withheld, rows))

    def add_purge(self, purge: Purge, events: Iterable[LedgerEvent]) -> None:
        with write(self.engine) as connection:
            connection.execute(insert(purges), _purge_row(purge))
            enqueue(connection, events)

    def discard_drafts(self) -> None:
        with write(self.engine) as connection:
            for table in (purge_items, purge_withheld):
                known = select(purges.c.id)
                drafts = select(table.c.purge_id).where(table.c.purge_id.not_in(known)).distinct()
                for draft in connection.execute(drafts).scalars().all():
                    connection.execute(delete(table).where(table.c.purge_id == draft))

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
                page = [item_of(row) for row in connection.execute(query.where(purge_items.c.position > after).limit(size))]
            yield from page
            if len(page) < size:
                return
            after, left = page[-1].item.position, None if left is None else left - len(page)

    def items_of(self, purge_id: str, document_ids: Sequence[str]) -> dict[str, PurgeItem]:
        found: dict[str, PurgeItem] = {}
        with read(self.engine) as connection:
            for piece in pieces(list(document_ids)):
                query = select(purge_items).where(purge_items.c.document_id.in_(piece), purge_items.c.purge_id == purge_id)
                found.update((row.document_id, item_of(row)) for row in connection.execute(query))
        return found

    def items_under(self, purge_id: str, root_ids: Sequence[str]) -> list[PurgeItem]:
        found: list[PurgeItem] = []
        columns = purge_items.c
        with read(self.engine) as connection:
            for piece in pieces(list(root_ids)):
                members = select(documents.c.id).where(documents.c.root_id.in_(piece))
                for chosen in (columns.document_id.in_(piece), columns.document_id.in_(members)):
                    query = select(purge_items).where(columns.purge_id == purge_id, chosen)
                    found += [item_of(row) for row in connection.execute(query)]
        return sorted(found, key=lambda one: one.item.position)

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
        originals = func.sum(case((column.root_id.is_(None), 1), else_=0))
        counts = (
            func.count(),
            originals,
            func.sum(case((column.root_id.is_(None), column.size), else_=0)),
            func.min(column.until),
            func.max(column.until),
        )
        query = _of(purge_id, states, select(column.retention_class, *counts)).group_by(column.retention_class)
        with read(self.engine) as connection:
            found = connection.execute(query.order_by(column.retention_class)).all()
        return [ClassCount(name, int(count), int(own), int(size), first, last) for name, count, own, size, first, last in found]

    def condemn(self, purge_id: str, stored: Mapping[int, Stored], doom: Doom) -> list[PurgeItem]:
        return transact(self.engine, lambda connection: condemn(connection, purge_id, stored, doom, with_jobs=self.with_jobs))

    def end_leaving(self, purge_id: str) -> None:
        open_ = select(purge_items.c.position).where(
            purge_items.c.purge_id == purge_id, purge_items.c.state.in_([ItemState.GOING.value, ItemState.FAILED.value])
        )
        with write(self.engine) as connection:
            connection.execute(delete(leaving).where(leaving.c.purge_id == purge_id, ~open_.exists()))

    def settle(self, purge_id: str, items: Sequence[PurgeItem], events: Iterable[LedgerEvent]) -> None:
        entries, rows = list(events), [item_row(purge_id, item) for item in items]
        done = [item for item in items if item.state is ItemState.EXECUTED]
        gone = sorted({key for item in done for _, key, _ in item.refs if key.startswith("originals/")})

        def write_down(connection: Connection) -> None:
            over = _executed(connection, purge_id, [item.item.position for item in items])
            gone_before = {item.item.document_id for item in items if item.item.position in over}
            upsert(connection, purge_items, [row for row in rows if row["position"] not in over])
            enqueue(connection, [entry for entry in entries if entry.document_id not in gone_before])
            for piece in pieces(gone):
                connection.execute(delete(leaving).where(leaving.c.key.in_(piece), leaving.c.purge_id == purge_id))

        transact(self.engine, write_down)


def _executed(connection: Connection, purge_id: str, positions: Sequence[int]) -> set[int]:
    """Which of these items are executed, until the transaction ends: nobody enters the end of a document twice."""
    found: set[int] = set()
    for piece in pieces(sorted(positions)):
        query = select(purge_items.c.position).where(purge_items.c.purge_id == purge_id, purge_items.c.position.in_(piece))
        rows = connection.execute(query.add_columns(purge_items.c.state).with_for_update()).all()
        found.update(row.position for row in rows if row.state == ItemState.EXECUTED.value)
    return found


def _of(purge_id: str, states: Collection[ItemState], query: Any) -> Any:
    query = query.where(purge_items.c.purge_id == purge_id)
    return query.where(purge_items.c.state.in_([state.value for state in states])) if states else query


def _purge_row(purge: Purge) -> dict[str, Any]:
    row = {name: getattr(purge, name) for name in Purge.__slots__}
    approvals = [asdict(given) for given in purge.approvals]
    return row | {"state": purge.state.value, "criteria": dict(purge.criteria), "approvals": approvals}


def _purge_of(row: Row[Any]) -> Purge:
    values = {name: row._mapping[name] for name in Purge.__slots__}
    approvals = tuple(GivenApproval(**given) for given in row.approvals)
    return Purge(**(values | {"state": PurgeState(row.state), "approvals": approvals}))
