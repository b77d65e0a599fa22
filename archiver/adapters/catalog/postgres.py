"""The catalogue on PostgreSQL: made and opened."""

from __future__ import annotations

from archiver.adapters.catalog.engine import write
from archiver.adapters.catalog.insertion import upsert
from archiver.adapters.catalog.postgres_engine import postgres_engine
from archiver.adapters.catalog.schema import metadata
from archiver.adapters.catalog.sql import SCHEMA_VERSION, SqlCatalog
from archiver.adapters.catalog.tables import archive


def create_catalog(url: str) -> SqlCatalog:
    """A new catalogue in the empty database at `url`.

    Raises:
        AlreadyExistsError: there is one.
    """
    engine = postgres_engine(url)
    with write(engine) as connection:
        metadata.create_all(connection)
        upsert(connection, archive, [{"key": "schema", "value": SCHEMA_VERSION}])
    return SqlCatalog(engine)


def open_catalog(url: str, *, read_only: bool = False, jobs: bool = False) -> SqlCatalog:
    """The catalogue in the database at `url`.

    Args:
        jobs: keep rows of work for workers; without, whoever imports does all work.

    Raises:
        NoArchiveError: there is none.
    """
    return SqlCatalog(postgres_engine(url, read_only=read_only), with_jobs=jobs)
