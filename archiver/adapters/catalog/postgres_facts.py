"""What a PostgreSQL server says of itself, for `doctor`."""

from __future__ import annotations

from sqlalchemy import Engine, text

from archiver.adapters.catalog.engine import read
from archiver.ports.catalog import ServedCatalog

_SETTINGS = text(
    "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'data_checksums', 'synchronous_commit')"
)
_DANGERS = {
    ("fsync", "off"): ("fsync is off: a power cut can destroy the catalogue", "set fsync = on"),
    ("full_page_writes", "off"): ("full_page_writes is off: a power cut can tear pages", "set full_page_writes = on"),
    ("data_checksums", "off"): ("data checksums are off: a damaged page is not noticed", "run pg_checksums --enable, stopped"),
    ("synchronous_commit", "off"): ("synchronous_commit is off: a crash loses what was confirmed", "set synchronous_commit = on"),
}


def served(engine: Engine) -> ServedCatalog:
    """Raises `UnreachableError` when it does not answer."""
    with read(engine) as connection:
        settings = {row.name: row.setting for row in connection.execute(_SETTINGS)}
        version = str(connection.execute(text("SHOW server_version")).scalar_one())
        time = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        replicas = int(connection.execute(text("SELECT count(*) FROM pg_stat_replication")).scalar_one())
    dangers = tuple(said for (name, value), said in _DANGERS.items() if settings.get(name) == value)
    return ServedCatalog(version.split()[0], replicas, dangers, time)
