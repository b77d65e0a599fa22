"""What deleted and overwritten rows left in the files of a catalogue on PostgreSQL is gone, as far as a database can do that."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Engine, exc, text

from archiver.adapters.catalog.failures import translated
from archiver.adapters.catalog.schema import metadata
from archiver.errors import NotPermittedError, UsageError
from archiver.ports.scrubbing import Scrubbed

_PAUSE = 0.5
_LONGEST_SECONDS = 86_400.0
_LOCK_MISSED, _FORBIDDEN = "55P03", "42501"

_OWNED = text("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass(:name)")
_OWN_DATABASE = text("SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()")
_NOW = text("SELECT CAST(CAST(pg_current_xact_id() AS xid) AS text)")
_HOLDERS = text(
    """
    SELECT (SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()
              AND greatest(age(backend_xmin), age(backend_xid)) >= age(CAST(:now AS xid)))
         + (SELECT count(*) FROM pg_replication_slots WHERE greatest(age(xmin), age(catalog_xmin)) >= age(CAST(:now AS xid)))
         + (SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()
              AND age(transaction) >= age(CAST(:now AS xid)))
    """
)
_AROUND = text(
    """
    SELECT current_setting('archive_mode') AS archive, (SELECT count(*) FROM pg_stat_replication) AS replicas,
           (SELECT count(*) FROM pg_replication_slots) AS slots
    """
)


def scrub_postgres(
    engine: Engine, tables: Sequence[str], *, rewrite: bool, patience: float, alive: Callable[[], None]
) -> list[Scrubbed]:
    """See `ports.scrubbing.Scrubbing`.

    Raises:
        UsageError: a table is none of the catalogue's.
    """
    names = list(tables) or sorted(metadata.tables)
    if unknown := set(names) - metadata.tables.keys():
        raise UsageError(
            f"the catalogue has no table {min(unknown)!r}", remedy=f"name some of {', '.join(sorted(metadata.tables))}"
        )
    if engine.get_execution_options().get("postgresql_readonly"):
        raise NotPermittedError("the catalogue was opened for reading only", remedy="open the archive for writing")
    with translated(engine), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            _let_it_take(connection, _LONGEST_SECONDS)
            connection.execute(text(f"SET lock_timeout = {max(1, int(patience * 1000))}"))
            free = _nobody_looks_back(connection, patience, alive)
            done = [_table(connection, name, rewrite, free, alive) for name in names]
            done.append(_statistics(connection, names, rewrite, free, alive))
            return [*done, _checkpoint(connection), _log(connection), _elsewhere(connection)]
        finally:
            connection.invalidate()  # its settings are of no use to others


def _let_it_take(connection: Connection, seconds: float) -> None:
    """Writing a table anew takes as long as it takes, and the server says nothing meanwhile."""
    from archiver.adapters.catalog.bounded_connection import BoundedConnection

    connection.execute(text("SET statement_timeout = 0"))
    driver = connection.connection.driver_connection
    assert isinstance(driver, BoundedConnection)
    driver.answer_seconds = seconds


def _nobody_looks_back(connection: Connection, patience: float, alive: Callable[[], None]) -> bool:
    """Whether everybody who could still see what was deleted has ended: what somebody may see is not removed."""
    now = connection.execute(_NOW).scalar_one()
    end = time.monotonic() + patience
    while connection.execute(_HOLDERS, {"now": now}).scalar_one():
        if time.monotonic() >= end:
            return False
        alive()
        time.sleep(_PAUSE)
    return True


def _table(connection: Connection, name: str, rewrite: bool, free: bool, alive: Callable[[], None]) -> Scrubbed:
    what = f"the table {name}, its indexes and its long values"
    how = "written anew from its living rows (VACUUM FULL)" if rewrite else "dead rows removed (VACUUM)"
    alive()
    if not connection.execute(_OWNED, {"name": name}).scalar():
        return Scrubbed(what, how, "not permitted: the program's role does not own it", clean=False)
    try:
        connection.exec_driver_sql(f"VACUUM ({'FULL' if rewrite else 'INDEX_CLEANUP ON'}) {name}")
    except exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_MISSED:
            raise
        return Scrubbed(what, how, "not done: others used it all the time", clean=False)
    if not free:
        return Scrubbed(what, how, "a transaction older than the deletion was open: dead rows may be kept for it", clean=False)
    if not rewrite:
        return Scrubbed(what, how, "unused space of its pages may hold former bytes until it is used again", clean=False)
    return Scrubbed(what, how, "holds living rows only", clean=True)


def _statistics(connection: Connection, names: Sequence[str], rewrite: bool, free: bool, alive: Callable[[], None]) -> Scrubbed:
    """The planner keeps samples of what is in columns: the most common values, and some between."""
    what, how = "samples of values that the query planner keeps", "taken anew from living rows (ANALYZE), the former ones removed"
    if not connection.execute(_OWN_DATABASE).scalar():
        return Scrubbed(what, how, "not permitted: the program's role does not own the database", clean=False)
    try:
        for name in names:
            alive()
            connection.exec_driver_sql(f"ANALYZE {name}")
        connection.exec_driver_sql(f"VACUUM ({'FULL' if rewrite else 'INDEX_CLEANUP ON'}) pg_statistic")
    except exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_MISSED:
            raise
        return Scrubbed(what, how, "not done: others used them all the time", clean=False)
    if not (free and rewrite):
        return Scrubbed(what, how, "former samples may be kept in unused space, or for an older transaction", clean=False)
    return Scrubbed(what, how, "of living rows only", clean=True)


def _checkpoint(connection: Connection) -> Scrubbed:
    """Without it the server writes the new pages, and deletes the last of the old files, within minutes."""
    what, how = "pages in the server's memory", "written to the files (CHECKPOINT)"
    try:
        connection.exec_driver_sql("CHECKPOINT")
    except exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _FORBIDDEN:
            raise
        result = "not permitted to the program's role: the server does so by itself, as checkpoint_timeout says"
        return Scrubbed(what, how, result, clean=False)
    return Scrubbed(what, how, "written", clean=True)


def _log(connection: Connection) -> Scrubbed:
    archived = connection.execute(_AROUND).one().archive != "off"
    result = "holds former rows until the server has overwritten its files"
    if archived:
        result += "; it is archived (archive_mode): the archived log holds them as long as it is kept"
    return Scrubbed("the server's write-ahead log", "not covered: no database can rewrite it", result, clean=False)


def _elsewhere(connection: Connection) -> Scrubbed:
    found = connection.execute(_AROUND).one()
    result = f"{found.replicas} replicas follow now, {found.slots} replication slots exist; they do the same a little later"
    result += "; dumps, base backups and snapshots of disks are as they were"
    return Scrubbed("replicas and backups of the database", "not covered", result, clean=not (found.replicas or found.slots))
