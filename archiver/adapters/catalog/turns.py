"""Locks for what may run only once at a time on a shared catalogue."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC

from sqlalchemy import Connection, Engine, exc, func, select, text

from archiver.adapters.catalog.advisory import advisory_key
from archiver.adapters.catalog.failures import translated, where
from archiver.errors import LockedError, UnreachableError

_HOLDER = text(
    "SELECT a.application_name, a.client_addr::text AS address, a.backend_start AS since"
    " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.database = a.datid AND a.datname = current_database()"
    " AND l.classid::bigint = :high AND l.objid::bigint = :low"
)


@contextmanager
def exclusive(engine: Engine, name: str) -> Iterator[None]:
    """Hold the lock `name` of this catalogue; the server lets go when the connection ends, however it ends.

    On SQLite nothing is held: an embedded archive has one writing process, by a lock of its own.

    Raises:
        LockedError: another process holds it.
        UnreachableError: the database does not answer, or the lock was lost before the end.
    """
    if engine.dialect.name == "sqlite":
        yield
        return
    key = advisory_key(name)
    with translated(engine):
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        with translated(engine):
            _take(connection, key, name, where(engine))
        yield
        with translated(engine):
            kept = connection.execute(select(func.pg_advisory_unlock(key))).scalar()
        if not kept:
            raise UnreachableError(f"{where(engine)} let go of the lock {name!r} too early", remedy="run it again")
    finally:
        with suppress(exc.DBAPIError):  # whatever state it is in: the lock ends with the connection
            connection.invalidate()
            connection.close()


class HeldTurn:
    """A lock that is held for long, across outages of the server, which lets go of it: `hold` takes it again."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine, self._name = engine, name
        self._connection: Connection | None = None

    def hold(self) -> None:
        """Hold the lock, or make sure that it is still held.

        Raises:
            LockedError: another process holds it.
            UnreachableError: the database does not answer.
        """
        if self._engine.dialect.name == "sqlite" or self._still_held():
            return
        with translated(self._engine):
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            try:
                _take(connection, advisory_key(self._name), self._name, where(self._engine))
            except BaseException:
                connection.invalidate()
                connection.close()
                raise
            self._connection = connection

    def close(self) -> None:
        """Let go of it. Safe to repeat."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(exc.DBAPIError):
                connection.invalidate()
                connection.close()

    def _still_held(self) -> bool:
        if self._connection is None:
            return False
        try:
            self._connection.execute(select(1))
        except exc.DBAPIError:
            self.close()
            return False
        return True


def holder(engine: Engine, name: str) -> str:
    """Who holds the lock `name` of this catalogue now, for people; "" for nobody, and always on SQLite."""
    if engine.dialect.name == "sqlite":
        return ""
    with translated(engine), engine.connect() as connection:
        return _holder_of(connection, advisory_key(name))


def _take(connection: Connection, key: int, name: str, place: str) -> None:
    said = f"minutier {name}, process {os.getpid()} on {socket.gethostname()}"
    connection.execute(select(func.set_config("application_name", said[:63], False)))
    if not connection.execute(select(func.pg_try_advisory_lock(key))).scalar():
        raise LockedError(
            f"{place} is in use: {_holder(connection, key)} holds the lock {name!r}",
            remedy="wait until it has ended, or stop it with Ctrl-C; it can be resumed",
        )


def _holder(connection: Connection, key: int) -> str:
    return _holder_of(connection, key) or "another process"


def _holder_of(connection: Connection, key: int) -> str:
    unsigned = key & 0xFFFF_FFFF_FFFF_FFFF
    row = connection.execute(_HOLDER, {"high": unsigned >> 32, "low": unsigned & 0xFFFF_FFFF}).first()
    if row is None:
        return ""
    if not row.application_name:
        return "another process"
    since = f"{row.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{row.application_name}, connected from {row.address or 'the same host'} since {since},"
