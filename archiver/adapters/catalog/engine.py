"""Opening the catalogue's database with the guarantees the archive relies on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc

from archiver.errors import IntegrityError, UnreachableError


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
    with _translated(), engine.connect() as connection:
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
    with _translated(), engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        try:
            yield connection
        finally:
            connection.rollback()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except exc.OperationalError as error:
        if "no such table" in str(error.orig) or "no such column" in str(error.orig):
            raise _damaged(error) from error
        raise UnreachableError(
            f"the catalogue does not answer: {error.orig}", remedy="check disk space and permissions, then run again"
        ) from error
    except exc.DatabaseError as error:
        if isinstance(error, exc.IntegrityError):
            raise
        raise _damaged(error) from error


def _damaged(error: exc.DBAPIError) -> IntegrityError:
    return IntegrityError(
        f"the catalogue's file is damaged: {error.orig}",
        remedy="restore catalog.sqlite from a backup, then run `minutier verify`",
    )
