"""Rows of work, written in the transactions that make the work necessary and removed in those that do it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, delete, exists, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from archiver.adapters.catalog.insertion import add, upsert
from archiver.adapters.catalog.rows import pieces
from archiver.adapters.catalog.tables import documents, jobs
from archiver.errors import LostClaimError
from archiver.ports.jobs import Kind, Task

Row = Mapping[str, Any]
_AT_ONCE = 10_000


class DatabaseTime(FunctionElement[int]):
    """Microseconds since 1970 by the database's clock, when the statement began."""

    type = BigInteger()
    inherit_cache = True


@compiles(DatabaseTime, "postgresql")
def _postgres_time(_element: DatabaseTime, _compiler: SQLCompiler, **_: object) -> str:
    return "(extract(epoch from statement_timestamp()) * 1000000)::bigint"


@compiles(DatabaseTime, "sqlite")
def _sqlite_time(_element: DatabaseTime, _compiler: SQLCompiler, **_: object) -> str:
    return "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000"


def database_time(connection: Connection) -> int:
    """What the database's clock says, in microseconds since 1970."""
    return int(connection.execute(select(DatabaseTime())).scalar_one())


def wait_to_be_read(connection: Connection, rows: Sequence[Row]) -> None:
    """Received originals wait to be read."""
    if rows:
        now = database_time(connection)
        add(connection, jobs, [_job(Kind.EXTRACT, row, now) for row in rows if row["state"] == "received"])


def move_on(connection: Connection, rows: Sequence[Row]) -> None:
    """Documents that are no longer merely received have been read, and the index is to be told of them.

    A row about an older state becomes one about this one, held by nobody: whoever works on the older one finishes that.
    """
    done = [row for row in rows if row["state"] != "received"]
    if not done:
        return
    remove(connection, Kind.EXTRACT, {row["id"]: None for row in done})
    now = database_time(connection)
    upsert(connection, jobs, [_job(Kind.INDEX, row, now) for row in done])


def put(connection: Connection, kind: Kind, tasks: Sequence[Task], part_of: str) -> None:
    """Rows for work that no state of a document makes; those that are there stay."""
    now = database_time(connection)
    rows = [{"id": one.document_id, "size": one.size, "batch_id": part_of, "sequence": one.place} for one in tasks]
    upsert(connection, jobs, [_job(kind, row, now) for row in rows], keep=True)


def adopt(connection: Connection) -> int:
    """Rows for received originals that have none: taken in without workers, or given up when their bytes could not be had."""
    has_one = exists().where(jobs.c.kind == Kind.EXTRACT.value, jobs.c.document_id == documents.c.id)
    waiting = select(documents).where(documents.c.state == "received", documents.c.root_id.is_(None), ~has_one)
    rows = [dict(row._mapping) for row in connection.execute(waiting.order_by(documents.c.sequence).limit(_AT_ONCE))]
    wait_to_be_read(connection, rows)
    return len(rows)


def require_claims(connection: Connection, document_ids: Iterable[str], owner: str) -> None:
    """The claims of `owner` on these originals hold until the transaction ends.

    Raises:
        LostClaimError: one of them does not.
    """
    for piece in pieces(sorted(document_ids)):
        held = select(jobs.c.document_id).where(jobs.c.kind == Kind.EXTRACT.value, jobs.c.document_id.in_(piece))
        held = held.where(jobs.c.owner == owner).order_by(jobs.c.document_id).with_for_update()
        lost = set(piece) - set(connection.execute(held).scalars())
        if lost:
            raise LostClaimError(
                f"another worker has taken on {min(lost)}" + (f" and {len(lost) - 1} more" if lost - {min(lost)} else "")
            )


def remove(connection: Connection, kind: Kind, versions: Mapping[str, int | None]) -> None:
    """Take rows away that are about these states or older ones; None: whatever state they are about. In the order of their keys."""
    for piece in pieces(sorted(versions)):
        chosen = select(jobs.c.document_id, jobs.c.version).where(jobs.c.kind == kind.value, jobs.c.document_id.in_(piece))
        found = connection.execute(chosen.order_by(jobs.c.document_id).with_for_update()).all()
        done = [row.document_id for row in found if (limit := versions[row.document_id]) is None or row.version <= limit]
        if done:
            connection.execute(delete(jobs).where(jobs.c.kind == kind.value, jobs.c.document_id.in_(done)))


def _job(kind: Kind, row: Row, now: int) -> dict[str, Any]:
    return {
        "kind": kind.value,
        "document_id": row["id"],
        "size": row["size"],
        "batch_id": row["batch_id"],
        "version": row["sequence"],
        "due_at": now,
        "announced_at": None,
        "owner": None,
        "leased_until": None,
        "deaths": 0,
    }
