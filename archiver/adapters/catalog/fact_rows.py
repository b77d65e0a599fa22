"""What retention knows of documents: events, decisions, and which ones have come to their last day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection, Engine, and_, func, or_, select

from archiver.adapters.catalog.engine import read, transact
from archiver.adapters.catalog.insertion import upsert
from archiver.adapters.catalog.ledger_rows import enqueue
from archiver.adapters.catalog.retention_tables import decisions, occurrences
from archiver.adapters.catalog.rows import document_of, pieces
from archiver.adapters.catalog.state_rows import write_states
from archiver.adapters.catalog.tables import DUE, UNDATED, documents
from archiver.domain.document import Document, State
from archiver.domain.ledger import LedgerEvent
from retention.decision import Choice, Decision
from retention.schedule import Occurrence

_PAGE = 1_000


class FactRows:
    """The part of `ports.retention_rows.RetentionRows` about events, decisions and last days."""

    engine: Engine
    with_jobs: bool

    def occurrences(self, document_ids: Sequence[str]) -> dict[str, dict[str, Occurrence]]:
        with read(self.engine) as connection:
            return happened_to(connection, document_ids)

    def commit_occurrences(
        self, documents: Sequence[Document], happened: Mapping[str, Mapping[str, Occurrence]], events: Iterable[LedgerEvent]
    ) -> int:
        entries = list(events)

        def commit(connection: Connection) -> int:
            known = happened_to(connection, list(happened))
            rows = [
                {"document_id": one, "name": name, "day": kept.day, "recorded": kept.recorded}
                for one, by_name in happened.items()
                for name, new in by_name.items()
                if (kept := new.later(known.get(one, {}).get(name, new)))
            ]
            enqueue(connection, entries)
            upsert(connection, occurrences, rows)
            return write_states(connection, documents, with_jobs=self.with_jobs)

        return transact(self.engine, commit)

    def decisions(self, document_ids: Sequence[str]) -> dict[str, Decision]:
        with read(self.engine) as connection:
            return decided(connection, document_ids)

    def commit_decisions(
        self, documents: Sequence[Document], decided: Mapping[str, Decision], events: Iterable[LedgerEvent]
    ) -> int:
        entries = list(events)
        rows = [
            {
                "document_id": one,
                "choice": made.choice.value,
                "day": made.day,
                "by": made.by,
                "reason": made.reason,
                "reference": made.reference,
            }
            for one, made in decided.items()
        ]

        def commit(connection: Connection) -> int:
            enqueue(connection, entries)
            upsert(connection, decisions, rows)
            return write_states(connection, documents, with_jobs=self.with_jobs)

        return transact(self.engine, commit)

    def due(
        self, before: date, *, collection: str = "", retention_class: str = "", after: tuple[date, str] = (date.min, "")
    ) -> Iterator[Document]:
        column = documents.c
        query = select(documents).where(DUE, column.retain_until < before)
        for name, value in (("collection", collection), ("retention_class", retention_class)):
            query = query.where(column[name] == value) if value else query
        while True:
            later = or_(column.retain_until > after[0], and_(column.retain_until == after[0], column.id > after[1]))
            bounded = query.where(column.retain_until >= after[0], later)
            ordered = bounded.order_by(column.retain_until, column.id).limit(_PAGE)
            with read(self.engine) as connection:
                page = [document_of(row) for row in connection.execute(ordered)]
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1]
            assert last.retain_until is not None
            after = (last.retain_until, last.id)

    def undated(self, *, after: str = "") -> Iterator[Document]:
        while True:
            query = select(documents).where(UNDATED, documents.c.id > after).order_by(documents.c.id).limit(_PAGE)
            with read(self.engine) as connection:
                page = [document_of(row) for row in connection.execute(query)]
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].id

    def members_of(self, root_ids: Sequence[str]) -> dict[str, list[Document]]:
        with read(self.engine) as connection:
            return members_of(connection, root_ids)

    def live(self, *, collection: str = "", retention_class: str = "") -> int:
        query = select(func.count()).select_from(documents)
        query = query.where(documents.c.root_id.is_(None), documents.c.state != State.DISPOSED.value)
        for name, value in (("collection", collection), ("retention_class", retention_class)):
            query = query.where(documents.c[name] == value) if value else query
        with read(self.engine) as connection:
            return int(connection.execute(query).scalar_one())


def members_of(connection: Connection, root_ids: Sequence[str]) -> dict[str, list[Document]]:
    """See `ports.retention_rows.RetentionRows.members_of`."""
    found: dict[str, list[Document]] = {}
    there = documents.c.state != State.DISPOSED.value
    for piece in pieces(list(root_ids)):
        query = select(documents).where(documents.c.root_id.in_(piece), there).order_by(documents.c.id)
        for row in connection.execute(query):
            found.setdefault(row.root_id, []).append(document_of(row))
    return found


def decided(connection: Connection, document_ids: Sequence[str]) -> dict[str, Decision]:
    """See `ports.retention_rows.RetentionRows.decisions`."""
    found = {}
    for piece in pieces(list(document_ids)):
        for row in connection.execute(select(decisions).where(decisions.c.document_id.in_(piece))):
            found[row.document_id] = Decision(Choice(row.choice), row.day, row.by, row.reason, row.reference)
    return found


def happened_to(connection: Connection, document_ids: Sequence[str]) -> dict[str, dict[str, Occurrence]]:
    """See `ports.retention_rows.RetentionRows.occurrences`."""
    found: dict[str, dict[str, Occurrence]] = {}
    for piece in pieces(list(document_ids)):
        for row in connection.execute(select(occurrences).where(occurrences.c.document_id.in_(piece))):
            found.setdefault(row.document_id, {})[row.name] = Occurrence(row.day, row.recorded)
    return found
