"""What the contracts of the catalogue's rows share: a database on PostgreSQL for each file, and tables of the ledger on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from archiver.adapters.catalog import ledger_tables
from archiver.adapters.catalog.engine import sqlite_engine, write
from archiver.adapters.catalog.postgres import create_catalog
from archiver.adapters.catalog.schema import metadata
from tests.support.postgres import database, empty
from tests.support.servers import server_url

LEDGER_TABLES = [
    ledger_tables.ledger_outbox,
    ledger_tables.ledger_leaves,
    ledger_tables.ledger_nodes,
    ledger_tables.ledger_state,
    ledger_tables.ledger_heads,
]


@pytest.fixture
def ledger_on_sqlite(tmp_path: Path) -> Iterator[Engine]:
    """The ledger's tables alone."""
    engine = sqlite_engine(tmp_path / "catalog.db")
    with write(engine) as connection:
        metadata.create_all(connection, LEDGER_TABLES)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def shared_catalog() -> Iterator[Engine]:
    """A whole catalogue on PostgreSQL, as the test before left it."""
    with database(server_url("postgres")) as url:
        catalog = create_catalog(url)
        yield catalog.engine
        catalog.close()


@pytest.fixture
def catalog_on_postgres(shared_catalog: Engine) -> Engine:
    """The same without any row."""
    empty(shared_catalog)
    return shared_catalog
