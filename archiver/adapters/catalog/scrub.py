"""What deleted and overwritten rows left in the files of an embedded catalogue is gone.

`secure_delete` is on for every connection that writes and overwrites what is deleted with zeros, but not the copies that the
splitting of a page leaves in its unused space: of a hundred emptied rows one or two were still in the file in tests. Writing the
file anew (VACUUM) leaves only what is in living rows. Until the write-ahead log is emptied after it, the former pages are there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

from archiver.adapters.catalog.failures import translated
from archiver.adapters.catalog.postgres_scrub import scrub_postgres
from archiver.errors import NotPermittedError
from archiver.ports.scrubbing import Scrubbed

_PAUSE = 0.2
_ANEW = "written anew from its living rows (VACUUM)"
_FREED = "deleted bytes were overwritten with zeros when they were deleted (secure_delete)"


def scrub(engine: Engine, tables: Sequence[str], *, rewrite: bool, patience: float, alive: Callable[[], None]) -> list[Scrubbed]:
    """See `ports.scrubbing.Scrubbing`."""
    if engine.dialect.name == "postgresql":
        return scrub_postgres(engine, tables, rewrite=rewrite, patience=patience, alive=alive)
    if engine.url.query.get("mode") == "ro":
        raise NotPermittedError("the catalogue was opened for reading only", remedy="open the archive for writing")
    with translated(engine), _outside_transactions(engine) as connection:
        path = Path(connection.exec_driver_sql("SELECT file FROM pragma_database_list WHERE name = 'main'").scalar_one())
        if rewrite:
            connection.exec_driver_sql("VACUUM")
        held = not _emptied(connection, patience, alive)
    return [_file(rewrite), _log(held), _copies(path)]


def copies_beside(path: Path) -> list[Path]:
    """Files beside a catalogue that hold it as it once was: kept by an upgrade, or left half written by one."""
    living = {path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}-journal"}
    return sorted(one for one in path.parent.glob(f"{path.name}?*") if one.name not in living)


@contextmanager
def _outside_transactions(engine: Engine) -> Iterator[Connection]:
    """A connection of its own, closed at the end: settings made on it last no longer."""
    with engine.connect() as connection:
        try:
            yield connection
        finally:
            connection.invalidate()


def _emptied(connection: Connection, patience: float, alive: Callable[[], None]) -> bool:
    """Whether everything went from the log to the file and the log was cut to nothing, before patience ended."""
    connection.exec_driver_sql("PRAGMA busy_timeout=200")
    end = time.monotonic() + patience
    while connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]:
        if time.monotonic() >= end:
            return False
        alive()
        time.sleep(_PAUSE)
    return True


def _file(rewrite: bool) -> Scrubbed:
    if rewrite:
        return Scrubbed("the catalogue's file", _ANEW, "holds living rows only", clean=True)
    result = "copies that the splitting of a page left in unused space may be there until the file is written anew"
    return Scrubbed("the catalogue's file", _FREED, result, clean=False)


def _log(held: bool) -> Scrubbed:
    what, how = "the catalogue's write-ahead log", "written to the file and cut to nothing (checkpoint)"
    if held:
        return Scrubbed(what, how, "a reader held it: former pages are in it, and in the file, until it is cut", clean=False)
    return Scrubbed(what, how, "empty", clean=True)


def _copies(path: Path) -> Scrubbed:
    found = [one.name for one in copies_beside(path)]
    result = f"not touched: {', '.join(found)}; delete them when they are needed no more" if found else "there are none"
    return Scrubbed("copies of the catalogue kept by an upgrade beside it", "looked for by name", result, clean=not found)
