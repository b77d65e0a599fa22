"""The catalogue on PostgreSQL: made, opened, upgraded."""

from __future__ import annotations

from archiver.adapters.catalog.engine import read
from archiver.adapters.catalog.failures import where
from archiver.adapters.catalog.postgres_engine import postgres_engine
from archiver.adapters.catalog.schema_version import require_current, schema_of, upgrade
from archiver.adapters.catalog.sql import SqlCatalog
from archiver.errors import AlreadyExistsError, NoArchiveError

IDENTITY = "archive_id"
"""The mark that is written last when an archive is made."""


def create_catalog(url: str) -> SqlCatalog:
    """A new catalogue in the empty database at `url`, or the one whose making was cut off.

    Raises:
        NoArchiveError: there is no such database.
        AlreadyExistsError: it holds an archive.
    """
    catalog = SqlCatalog(postgres_engine(url))
    try:
        upgrade(catalog.engine, where(catalog.engine))
        identity = catalog.get_mark(IDENTITY)
        if identity is not None:
            raise AlreadyExistsError(
                f"{where(catalog.engine)} holds the archive {identity} already",
                remedy="name an empty database in MINUTIER_CATALOG_URL",
            )
    except BaseException:
        catalog.close()
        raise
    return catalog


def open_catalog(url: str, *, read_only: bool = False, jobs: bool = False) -> SqlCatalog:
    """The catalogue in the database at `url`.

    Args:
        jobs: keep rows of work for workers; without, whoever imports does all work.

    Raises:
        NoArchiveError: there is none, or it has another schema.
        NotPermittedError: user or password is wrong.
        UnreachableError: the server does not answer.
    """
    catalog = SqlCatalog(postgres_engine(url, read_only=read_only), with_jobs=jobs)
    place = where(catalog.engine)
    try:
        with read(catalog.engine) as connection:
            found = schema_of(connection)
        if found is None:
            raise NoArchiveError(f"{place} holds no archive", remedy="`minutier init` makes one in it")
        require_current(found, place)
    except BaseException:
        catalog.close()
        raise
    return catalog


def upgrade_catalog(url: str) -> str:
    """Bring the catalogue to the current schema; the one it had. Other hosts may try at the same time.

    Raises:
        NoArchiveError: there is none, or it was written by a newer program.
    """
    engine = postgres_engine(url)
    try:
        with read(engine) as connection:
            found = schema_of(connection)
        if found is None:
            raise NoArchiveError(f"{where(engine)} holds no archive", remedy="`minutier init` makes one in it")
        return upgrade(engine, where(engine)) or found
    finally:
        engine.dispose()
