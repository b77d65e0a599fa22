"""Which schema a catalogue has, and bringing it to the one this program knows."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, func, inspect, select, text

from archiver.adapters.catalog.advisory import advisory_key
from archiver.adapters.catalog.engine import write
from archiver.adapters.catalog.insertion import upsert
from archiver.adapters.catalog.tables import archive
from archiver.errors import NoArchiveError

SCHEMA_VERSION = "4"
"""The newest step in `migrations`."""

_STEPS = Path(__file__).with_name("migrations")


def require_current(found: str | None, place: str) -> None:
    """Raises NoArchiveError: a catalogue with this schema is not for this program."""
    if found == SCHEMA_VERSION:
        return
    older = is_older(found)
    raise NoArchiveError(
        f"{place} has schema {found}, this program {'needs' if older else 'knows'} {SCHEMA_VERSION}",
        remedy="`minutier upgrade` brings it there" if older else "use the program that wrote it, or a newer one",
    )


def is_older(found: str | None) -> bool:
    """Whether `minutier upgrade` can make this schema the current one."""
    return found is not None and found.isdecimal() and int(found) < int(SCHEMA_VERSION)


def upgrade(engine: Engine, place: str) -> str | None:
    """Bring the catalogue to the current schema, from whatever older one, or from none; the schema it had.

    One transaction, whole or not at all. Of several hosts that do it at once one does, the others wait for it. Safe to repeat.

    Raises:
        NoArchiveError: it was written by a newer program.
    """
    with write(engine) as connection:
        if engine.dialect.name == "postgresql":
            # It may take long, and waits for its turn; what it must not wait for long is a table somebody else holds.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(select(func.pg_advisory_xact_lock(advisory_key("schema"))))
        found = schema_of(connection)
        if found != SCHEMA_VERSION:
            if found is not None and not is_older(found):
                require_current(found, place)
            _run(connection, found)
            upsert(connection, archive, [{"key": "schema", "value": SCHEMA_VERSION}])
    return found


def schema_of(connection: Connection) -> str | None:
    """The schema a catalogue says it has; None for an empty database."""
    if not inspect(connection).has_table(archive.name):
        return None
    return connection.execute(select(archive.c.value).where(archive.c.key == "schema")).scalar()


def _run(connection: Connection, found: str | None) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    config.attributes["connection"] = connection
    if found is not None and not inspect(connection).has_table("alembic_version"):
        command.stamp(config, found)  # made before there were steps
    command.upgrade(config, "head")
