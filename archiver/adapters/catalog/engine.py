"""Transactions on the catalogue's database, and SQLite opened with the guarantees the archive relies on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc

from archiver.adapters.catalog.failures import lost_a_race, translated

T = TypeVar("T")

_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.5)
"""Seconds before a transaction is run again that the database ended so that another one could go on."""

_SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def sqlite_engine(path: Path, *, read_only: bool = False) -> Engine:
    """An engine on the SQLite file at `path`: WAL, `synchronous=FULL` (it is the audit record), foreign keys on.

    Transactions are begun by `write` and `read` below, since the driver would begin one only at the first write.
    """
    options = {"uri": "true"} | ({"mode": "ro"} if read_only else {})
    address = URL.create("sqlite", database=f"file:{quote(os.fsencode(path))}", query=options)
    engine = create_engine(address, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(raw: object, _record: object) -> None:
        raw.isolation_level = None  # type: ignore[attr-defined]  # we begin transactions ourselves
        cursor = raw.cursor()  # type: ignore[attr-defined]
        if not read_only:
            cursor.execute("PRAGMA journal_mode=WAL")
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000", "cache_size=-8192", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write; committed at the end, rolled back on any error."""
    with translated(engine), _transaction(engine) as connection:
        yield connection


def transact(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Run `work` in one transaction that may write, and again, a few times, when the database chose it to give way to another.

    Args:
        work: may run several times; whatever it has done is undone before it runs again.
    """
    with translated(engine):
        for pause in _PAUSES:
            try:
                with _transaction(engine) as connection:
                    return work(connection)
            except exc.DBAPIError as error:
                if not lost_a_race(error):
                    raise
            time.sleep(pause)
        with _transaction(engine) as connection:
            return work(connection)


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """One consistent view for reading."""
    with translated(engine), engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        else:
            connection.execution_options(**_SNAPSHOT)
        try:
            yield connection
        finally:
            connection.rollback()
