"""The ledger's rows on each database: PostgreSQL where `MINUTIER_TEST_POSTGRES` names one to be used up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from archiver.adapters.catalog import ledger_tables
from archiver.adapters.catalog.engine import sqlite_engine, write
from archiver.adapters.catalog.schema import metadata
from tests.contracts.ledger_rows_suite import LedgerRowsSuite

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


class TestOnPostgres(LedgerRowsSuite):
    @pytest.fixture
    def engine(self) -> Iterator[Engine]:
        url = os.environ.get("MINUTIER_TEST_POSTGRES")
        if not url:
            pytest.skip("MINUTIER_TEST_POSTGRES names no database")
        engine = create_engine(url)
        metadata.drop_all(engine, TABLES)
        metadata.create_all(engine, TABLES)
        yield engine
        metadata.drop_all(engine, TABLES)
        engine.dispose()
