"""Rows of API keys and break-glass grants on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from archiver.adapters.catalog.caller_rows import SqlCallerRows
from archiver.adapters.catalog.sql import create_sqlite, open_sqlite
from archiver.errors import UnreachableError
from tests.contracts.caller_rows_suite import CallerRowsSuite, key


class TestOnSqlite(CallerRowsSuite):
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[Engine]:
        catalog = create_sqlite(tmp_path / "catalog.sqlite")
        yield catalog.engine
        catalog.close()

    def test_a_reader_sees_and_cannot_write(self, rows: SqlCallerRows, tmp_path: Path) -> None:
        rows.add_key(key(), [])
        reader = open_sqlite(tmp_path / "catalog.sqlite", read_only=True)
        assert SqlCallerRows(reader.engine).all_keys() == [key()]
        with pytest.raises(UnreachableError):
            SqlCallerRows(reader.engine).key_used(key().id, key().created_at)
        reader.close()


class TestOnPostgres(CallerRowsSuite):
    @pytest.fixture
    def engine(self, catalog_on_postgres: Engine) -> Engine:
        return catalog_on_postgres
