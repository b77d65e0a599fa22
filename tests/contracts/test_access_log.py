"""The access log on each database."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.contracts.access_log_suite import AccessLogSuite


class TestOnSqlite(AccessLogSuite):
    @pytest.fixture
    def engine(self, ledger_on_sqlite: Engine) -> Engine:
        return ledger_on_sqlite


class TestOnPostgres(AccessLogSuite):
    @pytest.fixture
    def engine(self, catalog_on_postgres: Engine) -> Engine:
        return catalog_on_postgres
