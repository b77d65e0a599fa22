"""Rows of work on SQLAlchemy Core: one code path for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, case, delete, func, or_, select, update

from archiver.adapters.catalog.engine import read, transact
from archiver.adapters.catalog.job_rows import DatabaseTime, adopt, database_time, put, remove
from archiver.adapters.catalog.rows import pieces
from archiver.adapters.catalog.tables import documents, jobs
from archiver.ports.jobs import Backlog, Claim, Due, Kind, Task

_DIED = jobs.c.deaths + case((jobs.c.owner.isnot(None), 1), else_=0)
"""Deaths once a lease that ran out is taken from its holder."""
_AT_ONCE = 10_000
_FREE = {"owner": None, "leased_until": None}


class SqlJobs:
    """`ports.jobs.Jobs` over the catalogue's engine. Safe from several threads, processes and hosts.

    A row that another transaction is changing at this moment is passed over, never waited for, by `due` and `claim`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def due(self, kind: Kind, limit: int, *, resend: timedelta, take_over: bool = True) -> list[Due]:
        return transact(self._engine, lambda connection: _announce(connection, kind, limit, _micros(resend), take_over))

    def claim(self, kind: Kind, document_ids: Sequence[str], *, owner: str, lease: timedelta) -> list[Claim]:
        def take(connection: Connection) -> dict[str, Claim]:
            claims: dict[str, Claim] = {}
            for piece in pieces(list(document_ids)):
                claims |= _claim(connection, kind, piece, owner, _micros(lease))
            return claims

        claims = transact(self._engine, take)
        return [claims[one] for one in dict.fromkeys(document_ids) if one in claims]

    def renew(self, owners: Collection[str], *, lease: timedelta) -> None:
        def hold(connection: Connection) -> None:
            mine = select(jobs.c.kind, jobs.c.document_id).where(jobs.c.owner.in_(list(owners)))
            found = connection.execute(mine.with_for_update(skip_locked=True)).all()
            for kind in {row.kind for row in found}:
                for piece in pieces([row.document_id for row in found if row.kind == kind]):
                    held = update(jobs).where(jobs.c.kind == kind, jobs.c.document_id.in_(piece), jobs.c.owner.in_(list(owners)))
                    connection.execute(held.values(leased_until=DatabaseTime() + _micros(lease)))

        if owners:
            transact(self._engine, hold)

    def adopt(self) -> int:
        return transact(self._engine, adopt)

    def release(self, kind: Kind, document_ids: Sequence[str], *, owner: str, wait: timedelta) -> None:
        def give_back(connection: Connection) -> None:
            for piece in pieces(sorted(document_ids)):
                held = and_(jobs.c.kind == kind.value, jobs.c.document_id.in_(piece), jobs.c.owner == owner)
                if _locked(connection, held):
                    again = {"announced_at": None, "due_at": DatabaseTime() + _micros(wait)}
                    connection.execute(update(jobs).where(held).values(_FREE | again))

        transact(self._engine, give_back)

    def put(self, kind: Kind, tasks: Sequence[Task], *, part_of: str) -> None:
        transact(self._engine, lambda connection: put(connection, kind, tasks, part_of))

    def withdraw(self, kind: Kind, part_of: str) -> int:
        of_it = and_(jobs.c.kind == kind.value, jobs.c.batch_id == part_of)

        def take_back(connection: Connection) -> int:
            free = select(jobs.c.document_id).where(of_it, jobs.c.owner.is_(None)).limit(_AT_ONCE)
            free = free.order_by(jobs.c.document_id).with_for_update(skip_locked=True)
            found = list(connection.execute(free).scalars())
            for piece in pieces(found):
                connection.execute(delete(jobs).where(jobs.c.kind == kind.value, jobs.c.document_id.in_(piece)))
            return len(found)

        while transact(self._engine, take_back) == _AT_ONCE:
            pass
        with read(self._engine) as connection:
            return int(connection.execute(select(func.count()).select_from(jobs).where(of_it)).scalar_one())

    def finish(self, kind: Kind, versions: Mapping[str, int]) -> None:
        transact(self._engine, lambda connection: remove(connection, kind, versions))

    def backlog(self, kind: Kind, *, batch_id: str = "") -> Backlog:
        query = select(func.count(), func.coalesce(func.sum(jobs.c.size), 0)).where(jobs.c.kind == kind.value)
        if batch_id:
            query = query.where(jobs.c.batch_id == batch_id)
        with read(self._engine) as connection:
            number, size = connection.execute(query).one()
        return Backlog(int(number), int(size))

    def indexed_up_to(self) -> int:
        # One statement, one view: numbers become visible in their order, each with its row of work.
        lowest = select(func.min(jobs.c.version) - 1).where(jobs.c.kind == Kind.INDEX.value).scalar_subquery()
        highest = select(func.max(documents.c.sequence)).scalar_subquery()
        with read(self._engine) as connection:
            return int(connection.execute(select(func.coalesce(lowest, highest, 0))).scalar_one())


def _announce(connection: Connection, kind: Kind, limit: int, resend: int, take_over: bool) -> list[Due]:
    now = database_time(connection)
    nobody = jobs.c.owner.is_(None)
    up = (
        (and_(jobs.c.owner.isnot(None), jobs.c.leased_until < now), jobs.c.leased_until),
        (and_(jobs.c.announced_at.isnot(None), nobody, jobs.c.announced_at < now - resend), jobs.c.announced_at),
        (and_(jobs.c.announced_at.is_(None), nobody, jobs.c.due_at <= now), jobs.c.due_at),
    )
    found: list[Any] = []
    for condition, since in up if take_over else up[1:]:
        if len(found) < limit:
            query = select(jobs.c.document_id, jobs.c.size, jobs.c.version, _DIED.label("deaths"))
            query = query.where(jobs.c.kind == kind.value, condition).order_by(since, jobs.c.version)
            found += connection.execute(query.limit(limit - len(found)).with_for_update(skip_locked=True))
    for piece in pieces([row.document_id for row in found]):
        chosen = update(jobs).where(jobs.c.kind == kind.value, jobs.c.document_id.in_(piece))
        connection.execute(chosen.values(_FREE | {"announced_at": now, "deaths": _DIED}))
    found.sort(key=lambda row: row.version)
    return [Due(row.document_id, row.size, alone=row.deaths > 0) for row in found]


def _claim(connection: Connection, kind: Kind, document_ids: Sequence[str], owner: str, lease: int) -> dict[str, Claim]:
    """Claims by document that was free to take."""
    now = database_time(connection)
    mine = jobs.c.owner == owner  # asked again, since the answer was lost
    free = or_(jobs.c.owner.is_(None), mine, jobs.c.leased_until < now)
    died = case((mine, jobs.c.deaths), else_=_DIED)
    query = select(jobs.c.document_id, jobs.c.batch_id, jobs.c.version, died.label("deaths"))
    query = query.where(jobs.c.kind == kind.value, jobs.c.document_id.in_(document_ids), free)
    found = connection.execute(query.with_for_update(skip_locked=True)).all()
    if found:
        taken = update(jobs).where(jobs.c.kind == kind.value, jobs.c.document_id.in_([row.document_id for row in found]))
        connection.execute(taken.values(owner=owner, leased_until=now + lease, deaths=died))
    return {row.document_id: Claim(row.document_id, row.deaths, row.batch_id, row.version) for row in found}


def _locked(connection: Connection, condition: ColumnElement[bool]) -> bool:
    """Lock rows in the order of their keys, so that no two callers wait for each other in a circle; whether there are any."""
    query = select(jobs.c.document_id).where(condition).order_by(jobs.c.kind, jobs.c.document_id).with_for_update()
    return bool(connection.execute(query).all())


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
