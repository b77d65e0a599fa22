"""The ledger's rows on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from archiver.adapters.catalog import ledger_tables
from archiver.adapters.catalog.engine import sqlite_engine, write
from archiver.adapters.catalog.postgres import create_catalog
from archiver.adapters.catalog.schema import metadata
from tests.contracts.ledger_rows_suite import LedgerRowsSuite
from tests.support.postgres import database, empty
from tests.support.servers import server_url

TABLES = [
    ledger_tables.ledger_outbox,
    ledger_tables.ledger_leaves,
    ledger_tables.ledger_nodes,
    ledger_tables.ledger_state,
    ledger_tables.ledger_heads,
]


class TestOnSqlite(LedgerRowsSuite):
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[Engine]:
        engine = sqlite_engine(tmp_path / "catalog.db")
        with write(engine) as connection:
            metadata.create_all(connection, TABLES)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def shared() -> Iterator[Engine]:
    with database(server_url("postgres")) as url:
        catalog = create_catalog(url)
        yield catalog.engine
        catalog.close()


class TestOnPostgres(LedgerRowsSuite):
    @pytest.fixture
    def engine(self, shared: Engine) -> Engine:
        empty(shared)
        return shared
