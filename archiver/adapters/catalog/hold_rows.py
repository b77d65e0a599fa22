"""Holds, and what each of them holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError as DuplicateKeyError

from archiver.adapters.catalog.engine import read, transact, write
from archiver.adapters.catalog.insertion import add, upsert
from archiver.adapters.catalog.ledger_rows import enqueue
from archiver.adapters.catalog.numbering import after_arrivals
from archiver.adapters.catalog.retention_tables import held, holds
from archiver.adapters.catalog.rows import pieces
from archiver.adapters.catalog.tables import documents
from archiver.domain.document import State
from archiver.domain.holding import HELD
from archiver.domain.ledger import LedgerEvent
from archiver.errors import AlreadyExistsError, NotFoundError
from archiver.ports.retention_rows import HeldGrants, HoldRecord
from retention.hold import Hold

_PAGE = 1_000


class HoldRows:
    """The part of `ports.retention_rows.RetentionRows` about holds."""

    engine: Engine

    def add_hold(self, hold: HoldRecord, events: Iterable[LedgerEvent]) -> None:
        row = {name: getattr(hold, name) for name in HoldRecord.__slots__}
        try:
            with write(self.engine) as connection:
                after_arrivals(connection)
                connection.execute(insert(holds), row)
                enqueue(connection, events)
        except DuplicateKeyError as error:
            raise AlreadyExistsError(f"there is a hold {hold.id} already", remedy="choose another name") from error

    def hold(self, hold_id: str) -> HoldRecord:
        with read(self.engine) as connection:
            row = connection.execute(select(holds).where(holds.c.id == hold_id)).first()
        if row is None:
            raise NotFoundError(f"there is no hold {hold_id}", remedy="`minutier hold list` shows them")
        return _record_of(row)

    def holds(self) -> list[HoldRecord]:
        with read(self.engine) as connection:
            return [_record_of(row) for row in connection.execute(select(holds).order_by(holds.c.placed_at.desc(), holds.c.id))]

    def end_hold(self, hold_id: str, at: datetime, by: str, events: Iterable[LedgerEvent]) -> None:
        with write(self.engine) as connection:
            after_arrivals(connection)
            still = (holds.c.id == hold_id) & holds.c.released_at.is_(None)
            if connection.execute(update(holds).where(still).values(released_at=at, released_by=by)).rowcount:
                enqueue(connection, events)

    def place(self, hold_id: str, document_ids: Sequence[str], since: date, events: Iterable[LedgerEvent]) -> set[str]:
        entries = list(events)

        def hold_them(connection: Connection) -> set[str]:
            there = locked(connection, document_ids)
            rows = [{"document_id": one, "hold_id": hold_id, "since": since} for one in document_ids if one in there]
            new = {document_id for document_id, _ in add(connection, held, rows)}
            enqueue(connection, [entry for entry in entries if entry.document_id in new])
            return set(document_ids) - there

        return transact(self.engine, hold_them)

    def release(self, hold_id: str, document_ids: Sequence[str], events: Iterable[LedgerEvent]) -> None:
        entries = list(events)

        def let_go(connection: Connection) -> None:
            there: set[str] = set()
            for piece in pieces(sorted(document_ids)):
                these = (held.c.hold_id == hold_id) & held.c.document_id.in_(piece)
                there.update(connection.execute(select(held.c.document_id).where(these)).scalars())
                connection.execute(delete(held).where(these))
            enqueue(connection, [entry for entry in entries if entry.document_id in there])

        transact(self.engine, let_go)

    def holds_on(self, document_ids: Sequence[str]) -> dict[str, list[Hold]]:
        with read(self.engine) as connection:
            return holding(connection, document_ids)

    def held_by(self, hold_id: str) -> Iterator[str]:
        after = ""
        while True:
            query = select(held.c.document_id).where(held.c.hold_id == hold_id, held.c.document_id > after)
            with read(self.engine) as connection:
                page = list(connection.execute(query.order_by(held.c.document_id).limit(_PAGE)).scalars())
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1]

    def held_count(self, hold_id: str) -> int:
        query = select(func.count()).select_from(held).where(held.c.hold_id == hold_id)
        with read(self.engine) as connection:
            return int(connection.execute(query).scalar_one())

    def held_grants(self, hold_id: str) -> list[HeldGrants]:
        allowed = (documents.c.grants, documents.c.denies)
        joined = select(*allowed, func.count()).join_from(held, documents, documents.c.id == held.c.document_id)
        with read(self.engine) as connection:
            found = connection.execute(joined.where(held.c.hold_id == hold_id).group_by(*allowed)).all()
        return [HeldGrants(tuple(grants), tuple(denies), int(count)) for grants, denies, count in found]


def locked(connection: Connection, document_ids: Sequence[str]) -> set[str]:
    """Which of these documents are there, and are not being destroyed; none of them is until the transaction ends.

    Whoever places a hold and whoever destroys ask this first: of the two one comes before the other, for each document.
    """
    there: set[str] = set()
    query = select(documents.c.id, documents.c.state).order_by(documents.c.id).with_for_update()
    for piece in pieces(sorted(document_ids)):
        rows = connection.execute(query.where(documents.c.id.in_(piece))).all()
        there.update(row.id for row in rows if row.state != State.DISPOSED.value)
    return there


def holding(connection: Connection, document_ids: Sequence[str]) -> dict[str, list[Hold]]:
    """See `ports.retention_rows.RetentionRows.holds_on`."""
    found: dict[str, list[Hold]] = {}
    query = select(held.c.document_id, held.c.since, holds.c.id, holds.c.matter, holds.c.reason, holds.c.owner, holds.c.review)
    query = query.join_from(held, holds, held.c.hold_id == holds.c.id).order_by(held.c.since, holds.c.id)
    for piece in pieces(list(document_ids)):
        for row in connection.execute(query.where(held.c.document_id.in_(piece))):
            hold = Hold(row.id, row.matter, row.since, row.reason, row.owner, row.review)
            found.setdefault(row.document_id, []).append(hold)
    return found


def cover_arrivals(connection: Connection, arrived: Sequence[dict[str, Any]]) -> None:
    """Hold what arrives in a collection that is held with all that comes later. Inside the transaction that takes it in, so
    that nothing arrives between the placing of a hold and the look at what is there."""
    if not arrived:
        return
    collections = sorted({row["collection"] for row in arrived})
    standing = select(holds.c.id, holds.c.collection).where(holds.c.collection.in_(collections), holds.c.released_at.is_(None))
    for hold in connection.execute(standing).all():
        covered = [row for row in arrived if row["collection"] == hold.collection and row["root_id"] is None]
        since = [{"document_id": row["id"], "hold_id": hold.id, "since": row["received_at"].date()} for row in covered]
        upsert(connection, held, since, keep=True)
        enqueue(connection, [LedgerEvent(HELD, row["id"], row["received_at"], {"hold": hold.id}) for row in covered])


def _record_of(row: Row[Any]) -> HoldRecord:
    return HoldRecord(**{name: row._mapping[name] for name in HoldRecord.__slots__})
