"""Rows of work on each database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from archiver.adapters.catalog.postgres import create_catalog, open_catalog
from archiver.adapters.catalog.sql import SqlCatalog, create_sqlite, open_sqlite
from archiver.adapters.jobs.rows import SqlJobs
from archiver.ports.catalog import IntakeGroup
from archiver.ports.jobs import Kind
from tests.contracts.jobs_suite import LATER, JobsSuite
from tests.support.documents import archived, received
from tests.support.postgres import database, empty
from tests.support.servers import server_url


class TestOnSqlite(JobsSuite):
    @pytest.fixture
    def catalog(self, tmp_path: Path) -> Iterator[SqlCatalog]:
        create_sqlite(tmp_path / "catalog.sqlite").close()
        catalog = open_sqlite(tmp_path / "catalog.sqlite", jobs=True)
        yield catalog
        catalog.close()

    def test_every_question_is_answered_from_an_index(self, catalog: SqlCatalog, jobs: SqlJobs):
        plans: dict[str, str] = {}

        @event.listens_for(catalog.engine, "before_cursor_execute")
        def _explain(connection: Any, _cursor: object, statement: str, values: Any, _context: object, many: bool) -> None:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")) and not many:
                raw = connection.connection.driver_connection
                plans[statement] = "\n".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", values))

        ask_everything(catalog, jobs)
        slow = {query: plan for query, plan in plans.items() if re.search(r"SCAN (?!\d|CONSTANT)|TEMP B-TREE", plan)}
        assert not slow


@pytest.fixture(scope="module")
def shared() -> Iterator[SqlCatalog]:
    with database(server_url("postgres")) as url:
        create_catalog(url).close()
        catalog = open_catalog(url, jobs=True)
        yield catalog
        catalog.close()


class TestOnPostgres(JobsSuite):
    @pytest.fixture
    def catalog(self, shared: SqlCatalog) -> SqlCatalog:
        empty(shared.engine)
        return shared

    def test_every_question_is_answered_from_an_index(self, catalog: SqlCatalog, jobs: SqlJobs):
        fill = text(
            "INSERT INTO jobs SELECT k, i::text, 1, 'b' || i % 50, i, i, CASE WHEN i % 3 = 1 THEN i END,"
            " CASE WHEN i % 3 = 2 THEN 'w' || i % 100 END, CASE WHEN i % 3 = 2 THEN i END, 0"
            " FROM generate_series(1, 20000) i, (VALUES ('extract'), ('index')) v(k)"
        )
        with catalog.engine.begin() as connection:
            connection.execute(fill)
            connection.execute(text("ANALYZE jobs"))
        plans: dict[str, str] = {}

        @event.listens_for(catalog.engine, "before_cursor_execute")
        def _explain(connection: Any, _cursor: object, statement: str, values: Any, _context: object, many: bool) -> None:
            if statement.startswith(("SELECT", "UPDATE jobs", "DELETE")) and "jobs" in statement and not many:
                raw = connection.connection.driver_connection
                plans[statement] = "\n".join(row[0] for row in raw.execute(f"EXPLAIN {statement}", values))

        try:
            ask_everything(catalog, jobs)
        finally:
            event.remove(catalog.engine, "before_cursor_execute", _explain)
        counting = "count("  # of all rows of a kind: every one of them is looked at, in an index or not
        slow = {query: plan for query, plan in plans.items() if "Seq Scan on jobs" in plan and counting not in query}
        assert not slow


def ask_everything(catalog: SqlCatalog, jobs: SqlJobs) -> None:
    catalog.commit_intake(IntakeGroup(documents=[received("a"), received("b")]))
    wanted = [received("a").id, received("b").id]
    for kind in Kind:
        jobs.due(kind, 10, resend=LATER)
        jobs.claim(kind, wanted, owner="one", lease=LATER)
        jobs.renew("one", lease=LATER)
        jobs.release(kind, wanted[1:], owner="one", wait=LATER)
        jobs.backlog(kind)
        jobs.backlog(kind, batch_id="batch")
    catalog.commit_archived([archived("a")], [], claimed_by="one")
    jobs.finish(Kind.INDEX, {wanted[0]: 99})
    jobs.indexed_up_to()
