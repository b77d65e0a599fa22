"""Turns on a shared catalogue: many at once that only add, or one that changes. The server keeps the queue, in order of arrival."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine, exc, func, select

from archiver.adapters.catalog.advisory import advisory_key
from archiver.adapters.catalog.failures import translated, where
from archiver.adapters.catalog.turns import holder
from archiver.errors import LockedError, UnreachableError

_WAITED_ENOUGH = "55P03"


@contextmanager
def waited_turn(engine: Engine, name: str, *, shared: bool, seconds: float) -> Iterator[None]:
    """Inside the lock `name`, alone or with others that share it; waited for. The server lets go when the connection ends.

    Raises:
        LockedError: its turn did not come in that time; names who is inside.
        UnreachableError: the database does not answer, or the lock was lost before the end.
    """
    key, kind = advisory_key(name), "_shared" if shared else ""
    with translated(engine):
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        _take(connection, engine, name, kind, time.monotonic() + seconds)
        yield
        with translated(engine):
            kept = connection.execute(select(getattr(func, f"pg_advisory_unlock{kind}")(key))).scalar()
        if not kept:
            raise UnreachableError(f"{where(engine)} let go of the lock {name!r} too early", remedy="run it again")
    except BaseException:
        with suppress(exc.DBAPIError):  # whatever state it is in: the lock ends with the connection
            connection.invalidate()
        raise
    finally:
        with suppress(exc.DBAPIError):
            connection.close()


def _take(connection: Connection, engine: Engine, name: str, kind: str, until: float) -> None:
    """Wait in the server's queue; it ends a wait by itself after a while, and then it is begun again."""
    while True:
        with translated(engine):
            try:
                connection.execute(select(getattr(func, f"pg_advisory_lock{kind}")(advisory_key(name))))
                return
            except exc.DBAPIError as error:
                if getattr(error.orig, "sqlstate", "") != _WAITED_ENOUGH:
                    raise
        if time.monotonic() > until:
            raise LockedError(
                f"{where(engine)} is in use: {holder(engine, name) or 'another process,'} holds the lock {name!r}",
                remedy="find out what that process waits for; then run this again, which goes on where it stopped",
            )
