"""The access log on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from archiver.adapters.catalog.engine import sqlite_engine, write
from archiver.adapters.catalog.postgres import create_catalog
from archiver.adapters.catalog.schema import metadata
from tests.contracts.access_log_suite import AccessLogSuite
from tests.contracts.test_ledger_rows import TABLES
from tests.support.postgres import database, empty
from tests.support.servers import server_url


class TestOnSqlite(AccessLogSuite):
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


class TestOnPostgres(AccessLogSuite):
    @pytest.fixture
    def engine(self, shared: Engine) -> Engine:
        empty(shared)
        return shared
