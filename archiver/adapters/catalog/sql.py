"""The catalogue on SQLAlchemy Core: one code path for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, insert, select, update

from archiver.adapters.catalog import ledger_tables, tables
from archiver.adapters.catalog.batch_rows import BatchRows
from archiver.adapters.catalog.document_rows import DocumentRows
from archiver.adapters.catalog.engine import read, sqlite_engine, write
from archiver.adapters.catalog.insertion import upsert
from archiver.adapters.catalog.job_rows import database_time
from archiver.adapters.catalog.ledger_rows import enqueue
from archiver.adapters.catalog.schema import metadata
from archiver.adapters.catalog.turns import exclusive
from archiver.domain.ledger import LedgerEvent
from archiver.errors import NoArchiveError
from archiver.ports.catalog import PolicyVersion

SCHEMA_VERSION = "1"

__all__ = ["SqlCatalog", "create_sqlite", "ledger_tables", "open_sqlite"]


class SqlCatalog(BatchRows, DocumentRows):
    """`ports.catalog.Catalog` over an engine."""

    def __init__(self, engine: Engine, *, with_jobs: bool = False) -> None:
        self.engine, self.with_jobs = engine, with_jobs

    def add_policy(self, policy: PolicyVersion, events: Iterable[LedgerEvent]) -> None:
        row = {name: getattr(policy, name) for name in PolicyVersion.__slots__}
        with write(self.engine) as connection:
            connection.execute(insert(tables.policies), row)
            enqueue(connection, events)

    def newest_policy(self) -> PolicyVersion | None:
        query = select(tables.policies).order_by(tables.policies.c.version.desc()).limit(1)
        with read(self.engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else PolicyVersion(**row._mapping)

    def get_mark(self, key: str) -> str | None:
        with read(self.engine) as connection:
            return connection.execute(select(tables.archive.c.value).where(tables.archive.c.key == key)).scalar()

    def set_mark(self, key: str, value: str) -> None:
        with write(self.engine) as connection:
            upsert(connection, tables.archive, [{"key": key, "value": value}])

    def keep_mark(self, key: str, value: str) -> str:
        with write(self.engine) as connection:
            upsert(connection, tables.archive, [{"key": key, "value": value}], keep=True)
            return str(connection.execute(select(tables.archive.c.value).where(tables.archive.c.key == key)).scalar_one())

    def raise_mark(self, key: str, value: str) -> str:
        mark = tables.archive.c
        with write(self.engine) as connection:
            upsert(connection, tables.archive, [{"key": key, "value": value}], keep=True)
            connection.execute(update(tables.archive).where(mark.key == key, mark.value < value).values(value=value))
            return str(connection.execute(select(mark.value).where(mark.key == key)).scalar_one())

    def exclusive(self, name: str) -> AbstractContextManager[None]:
        """Hold the lock `name`, one process at a time; see `turns.exclusive`."""
        return exclusive(self.engine, name)

    def server_time(self) -> datetime:
        """The database's clock, in UTC."""
        with read(self.engine) as connection:
            return datetime.fromtimestamp(database_time(connection) / 1_000_000, UTC)

    def close(self) -> None:
        """Release the database. Safe to repeat."""
        self.engine.dispose()


def create_sqlite(path: Path) -> SqlCatalog:
    """A new catalogue file with all its tables."""
    engine = sqlite_engine(path)
    with write(engine) as connection:
        metadata.create_all(connection)
        upsert(connection, tables.archive, [{"key": "schema", "value": SCHEMA_VERSION}])
    return SqlCatalog(engine)


def open_sqlite(path: Path, *, read_only: bool = False, jobs: bool = False) -> SqlCatalog:
    """The catalogue at `path`.

    Raises:
        NoArchiveError: there is none, or it was written by a newer program.
    """
    if not path.is_file():
        raise NoArchiveError(
            f"there is no catalogue at {path}", remedy="`minutier init` makes an archive; restore a lost catalogue from a backup"
        )
    catalog = SqlCatalog(sqlite_engine(path, read_only=read_only), with_jobs=jobs)
    found = catalog.get_mark("schema")
    if found != SCHEMA_VERSION:
        raise NoArchiveError(
            f"the catalogue has schema {found}, this program knows {SCHEMA_VERSION}",
            remedy="use the program that wrote it, or a newer one",
        )
    return catalog
