"""The catalogue on SQLAlchemy Core: one code path for SQLite and PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, insert, select, update

from archiver.adapters.catalog import access_tables, ledger_tables, retention_tables, tables
from archiver.adapters.catalog.batch_rows import BatchRows
from archiver.adapters.catalog.document_rows import DocumentRows
from archiver.adapters.catalog.engine import read, sqlite_engine, write
from archiver.adapters.catalog.fact_rows import FactRows
from archiver.adapters.catalog.failures import translated
from archiver.adapters.catalog.hold_rows import HoldRows
from archiver.adapters.catalog.insertion import upsert
from archiver.adapters.catalog.job_rows import database_time
from archiver.adapters.catalog.ledger_rows import enqueue
from archiver.adapters.catalog.purge_rows import PurgeRows
from archiver.adapters.catalog.schema_version import is_older, require_current, schema_of, upgrade
from archiver.adapters.catalog.scrub import scrub
from archiver.adapters.catalog.signer_rows import SignerRows
from archiver.adapters.catalog.turns import HeldTurn, exclusive, holder
from archiver.adapters.catalog.waited_turn import waited_turn
from archiver.domain.ledger import LedgerEvent
from archiver.errors import NoArchiveError
from archiver.ports.catalog import PolicyVersion
from archiver.ports.scrubbing import Scrubbed

__all__ = ["SqlCatalog", "access_tables", "create_sqlite", "ledger_tables", "open_sqlite", "retention_tables", "upgrade_sqlite"]


class SqlCatalog(BatchRows, DocumentRows, FactRows, HoldRows, SignerRows, PurgeRows):
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

    def waited_turn(self, name: str, *, shared: bool, seconds: float) -> AbstractContextManager[None]:
        """Inside the lock `name`, once its turn has come; see `waited_turn`. On a server only."""
        return waited_turn(self.engine, name, shared=shared, seconds=seconds)

    def turn(self, name: str) -> HeldTurn:
        """The lock `name`, to be held through outages of the server."""
        return HeldTurn(self.engine, name)

    def holder(self, name: str) -> str:
        """Who holds the lock `name` that `exclusive` takes; "" for nobody."""
        return holder(self.engine, name)

    def server_time(self) -> datetime:
        """The database's clock, in UTC."""
        with read(self.engine) as connection:
            return datetime.fromtimestamp(database_time(connection) / 1_000_000, UTC)

    def scrub(
        self,
        tables: Sequence[str] = (),
        *,
        rewrite: bool = True,
        patience: float = 30.0,
        alive: Callable[[], None] = lambda: None,
    ) -> list[Scrubbed]:
        """See `ports.scrubbing.Scrubbing`."""
        return scrub(self.engine, tables, rewrite=rewrite, patience=patience, alive=alive)

    def close(self) -> None:
        """Release the database. Safe to repeat."""
        self.engine.dispose()


def create_sqlite(path: Path) -> SqlCatalog:
    """A new catalogue file with all its tables."""
    engine = sqlite_engine(path)
    upgrade(engine, f"the catalogue {path}")
    return SqlCatalog(engine)


def open_sqlite(path: Path, *, read_only: bool = False, jobs: bool = False) -> SqlCatalog:
    """The catalogue at `path`. One of an older schema is brought to the current one if it is opened for writing; a copy of it as
    it was stays beside it.

    Raises:
        NoArchiveError: there is none, or it has another schema.
    """
    if not path.is_file():
        raise NoArchiveError(
            f"there is no catalogue at {path}",
            remedy="`minutier init` makes an archive; `minutier rebuild` makes a lost catalogue again",
        )
    catalog = SqlCatalog(sqlite_engine(path, read_only=read_only), with_jobs=jobs)
    found = catalog.get_mark("schema")
    if is_older(found) and not read_only:
        upgrade_sqlite(path)
        found = catalog.get_mark("schema")
    try:
        require_current(found, "the catalogue")
    except NoArchiveError:
        catalog.close()
        raise
    return catalog


def is_behind(path: Path) -> bool:
    """Whether the file has an older schema than this program. Writes nothing."""
    engine = sqlite_engine(path, read_only=True)
    try:
        with read(engine) as connection:
            return is_older(schema_of(connection))
    finally:
        engine.dispose()


def upgrade_sqlite(path: Path) -> tuple[str | None, Path | None]:
    """Bring the file to the current schema: the schema it had, and where a copy of it as it was lies, if anything was done.

    Raises:
        NoArchiveError: it was written by a newer program.
        UnreachableError: there is no room for the copy; nothing was changed.
    """
    if not path.is_file():
        raise NoArchiveError(f"there is no catalogue at {path}", remedy="restore it from a backup")
    engine = sqlite_engine(path)
    try:
        with read(engine) as connection:
            found = schema_of(connection)
        copy = _copy_as_it_is(engine, path.with_name(f"{path.name}.schema-{found}")) if is_older(found) else None
        return upgrade(engine, f"the catalogue {path}"), copy
    finally:
        engine.dispose()


def settle_sqlite(path: Path) -> None:
    """Bring what lies in the file's write-ahead log into the file.

    Raises:
        IntegrityError: it is no catalogue that can be read.
    """
    engine = sqlite_engine(path)
    try:
        with translated(engine), engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        engine.dispose()


def _copy_as_it_is(engine: Engine, copy: Path) -> Path:
    draft = copy.with_name(copy.name + ".new")
    draft.unlink(missing_ok=True)
    with translated(engine), engine.connect() as connection:
        connection.exec_driver_sql("VACUUM INTO ?", (str(draft),))
    draft.chmod(0o600)
    with open(draft, "rb") as written:
        os.fsync(written.fileno())
    draft.replace(copy)
    return copy
