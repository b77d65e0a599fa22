"""Batches and their lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, and_, case, func, insert, select, update
from sqlalchemy.exc import IntegrityError as DuplicateKeyError

from archiver.adapters.catalog.engine import read, transact, write
from archiver.adapters.catalog.insertion import add, upsert
from archiver.adapters.catalog.rows import batch_of, line_of, line_row, pieces
from archiver.adapters.catalog.tables import batches, documents, lines
from archiver.domain.batch import Batch, BatchState, Line, LineState, ReportLine, Tally
from archiver.domain.extraction import Outcome
from archiver.errors import AlreadyExistsError, NotFoundError

_PAGE = 2_000


class BatchRows:
    """The part of `ports.catalog.Catalog` about batches."""

    engine: Engine

    def create_batch(self, batch: Batch) -> None:
        row = {name: getattr(batch, name) for name in ("id", "created_at", "spec", "listed", "lines")}
        try:
            with write(self.engine) as connection:
                connection.execute(insert(batches), row | {"state": batch.state.value, "finished_at": None})
        except DuplicateKeyError as error:
            raise AlreadyExistsError(
                f"there is a batch named {batch.id} already",
                remedy=f"choose another --batch name, or run `minutier batch resume {batch.id}`",
            ) from error

    def batch(self, batch_id: str) -> Batch:
        with read(self.engine) as connection:
            row = connection.execute(select(batches).where(batches.c.id == batch_id)).first()
        if row is None:
            raise NotFoundError(f"there is no batch named {batch_id}", remedy="`minutier batch list` shows them")
        return batch_of(row)

    def batches(self) -> list[Batch]:
        with read(self.engine) as connection:
            return [batch_of(row) for row in connection.execute(select(batches).order_by(batches.c.created_at.desc()))]

    def set_batch_state(self, batch_id: str, state: BatchState, *, listed: bool | None = None) -> None:
        values: dict[str, Any] = {"state": state.value}
        if listed is not None:
            values["listed"] = listed
        if state is BatchState.FINISHED:
            values["finished_at"] = datetime.now(UTC)
        with write(self.engine) as connection:
            connection.execute(update(batches).where(batches.c.id == batch_id).values(values))

    def add_lines(self, batch_id: str, new: Sequence[Line]) -> None:
        rows = [line_row(batch_id, line) for line in new]

        def write_down(connection: Connection) -> None:
            added = add(connection, lines, rows)
            settled = [row for row in rows if row["state"] != LineState.PENDING and (batch_id, row["number"]) not in added]
            upsert(connection, lines, settled)
            grown = batches.c.lines + len(added)  # last: until the end no other writer of this batch gets past here
            connection.execute(update(batches).where(batches.c.id == batch_id).values(lines=grown))

        transact(self.engine, write_down)

    def known_lines(self, batch_id: str, sources: Sequence[str]) -> dict[str, list[Line]]:
        found: dict[str, list[Line]] = {}
        with read(self.engine) as connection:
            for piece in pieces(list(sources)):
                # Joined to "": SQLite would go through the whole batch by its primary key for every piece.
                of_batch = lines.c.batch_id.concat("") == batch_id
                query = select(lines).where(of_batch, lines.c.source.in_(piece)).order_by(lines.c.number)
                for row in connection.execute(query):
                    found.setdefault(row.source, []).append(line_of(row))
        return found

    def pending_lines(self, batch_id: str, after: int, limit: int) -> list[Line]:
        query = select(lines).where(lines.c.batch_id == batch_id, lines.c.number > after, lines.c.state == "pending")
        with read(self.engine) as connection:
            return [line_of(row) for row in connection.execute(query.order_by(lines.c.number).limit(limit))]

    def last_line(self, batch_id: str) -> int:
        with read(self.engine) as connection:
            return connection.execute(select(func.max(lines.c.number)).where(lines.c.batch_id == batch_id)).scalar() or 0

    def report(self, batch_id: str, *, after: int = 0) -> Iterator[ReportLine]:
        while True:
            query = _report(batch_id).where(lines.c.number > after).order_by(lines.c.number).limit(_PAGE)
            with read(self.engine) as connection:
                page = [_report_line(row) for row in connection.execute(query)]
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].number

    def tally(self, batch_id: str) -> Tally:
        joined = lines.outerjoin(documents, documents.c.id == lines.c.document_id)
        new = and_(lines.c.state == "new", documents.c.state != "disposed")
        query = (
            select(
                lines.c.state,
                documents.c.state.label("life"),
                documents.c.outcome,
                func.count().label("number"),
                func.sum(case((new, documents.c.members), else_=0)).label("members"),
                func.sum(case((new, documents.c.members_failed), else_=0)).label("members_failed"),
                func.sum(case((new, documents.c.size), else_=0)).label("bytes"),
            )
            .select_from(joined)
            .where(lines.c.batch_id == batch_id)
            .group_by(lines.c.state, documents.c.state, documents.c.outcome)
        )
        by_outcome: dict[str, int] = {}
        members = failed = size = 0
        with read(self.engine) as connection:
            total = connection.execute(select(batches.c.lines).where(batches.c.id == batch_id)).scalar() or 0
            for row in connection.execute(query):
                name = _outcome(row.state, row.life, row.outcome)
                by_outcome[name] = by_outcome.get(name, 0) + row.number
                members, failed, size = members + (row.members or 0), failed + (row.members_failed or 0), size + (row.bytes or 0)
        return Tally(total, by_outcome, members, failed, size)


def _report(batch_id: str) -> Select[Any]:
    joined = lines.outerjoin(documents, documents.c.id == lines.c.document_id)
    return (
        select(
            lines,
            documents.c.state.label("life"),
            documents.c.outcome,
            documents.c.reason.label("document_reason"),
            documents.c.size,
            documents.c.members,
            documents.c.members_failed,
        )
        .select_from(joined)
        .where(lines.c.batch_id == batch_id)
    )


def _report_line(row: Row[Any]) -> ReportLine:
    return ReportLine(
        row.number,
        row.source,
        _outcome(row.state, row.life, row.outcome),
        row.reason or row.document_reason or "",
        row.document_id,
        Outcome(row.outcome) if row.outcome else None,
        row.size or 0,
        row.members or 0,
        row.members_failed or 0,
    )


def _outcome(state: str, life: str | None, text_outcome: str | None) -> str:
    if life == "disposed" and state != "refused":
        return "destroyed"
    if state in _SETTLED:
        return _SETTLED[state]
    if life == "received":
        return "waiting"
    if life == "quarantined":
        return "quarantined"
    name = "duplicate" if state == "duplicate" else "archived"
    return name if text_outcome == "complete" else f"{name}, {_TEXT.get(text_outcome or '', text_outcome)}"


_SETTLED = {"pending": "waiting", "failed": "failed", "skipped": "skipped", "already": "already there", "refused": "refused"}

_TEXT = {
    "partial": "partial text",
    "encrypted": "encrypted",
    "corrupt": "corrupt",
    "unsupported": "format not supported",
    "too_large": "too large to read whole",
    "too_deep": "nested too deep",
    "timeout": "reading timed out",
    "crashed": "reading crashed",
    "empty": "empty",
}
