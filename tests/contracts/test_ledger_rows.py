"""The ledger's rows on each database."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.contracts.ledger_rows_suite import LedgerRowsSuite


class TestOnSqlite(LedgerRowsSuite):
    @pytest.fixture
    def engine(self, ledger_on_sqlite: Engine) -> Engine:
        return ledger_on_sqlite


class TestOnPostgres(LedgerRowsSuite):
    @pytest.fixture
    def engine(self, catalog_on_postgres: Engine) -> Engine:
        return catalog_on_postgres
