"""The catalogue on each database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from archiver.adapters.catalog.postgres import create_catalog, open_catalog
from archiver.adapters.catalog.sql import SqlCatalog, create_sqlite, open_sqlite
from archiver.domain.batch import Line
from archiver.errors import IntegrityError, NoArchiveError, UnreachableError
from archiver.ports.catalog import IntakeGroup
from tests.contracts.catalog_suite import CatalogSuite, batch, content
from tests.support.documents import archived, member, received
from tests.support.postgres import database, empty
from tests.support.servers import server_url


class TestOnSqlite(CatalogSuite):
    @pytest.fixture
    def catalog(self, tmp_path: Path) -> Iterator[SqlCatalog]:
        catalog = create_sqlite(tmp_path / "catalog.sqlite")
        yield catalog
        catalog.close()

    def test_no_query_passes_over_a_whole_table_again_and_again(self, catalog: SqlCatalog):
        """Every question asked once a document, a group or a page is answered from an index, in its order."""
        plans = _plans(catalog)
        _ask_everything(catalog)
        slow = {
            query: plan
            for query, plan in plans.items()
            if "max(" not in query and re.search(r"SCAN (?!\d)|PRIMARY KEY \(batch_id=\?\)$", "\n".join(plan), re.M)
        }
        assert not slow
        unordered = {query for query, plan in plans.items() if "LIMIT" in query and "USE TEMP B-TREE FOR ORDER BY" in plan}
        assert not unordered
        (text_of,) = [plan for query, plan in plans.items() if "text_key <>" in query]
        assert "documents_read_whole" in "\n".join(text_of)

    def test_a_reader_sees_and_cannot_write(self, catalog: SqlCatalog, tmp_path: Path):
        reader = open_sqlite(tmp_path / "catalog.sqlite", read_only=True)
        assert reader.batches() == []
        with pytest.raises(UnreachableError):
            reader.create_batch(batch())
        reader.close()


def _plans(catalog: SqlCatalog) -> dict[str, list[str]]:
    """Filled with the plan of every query from now on."""
    plans: dict[str, list[str]] = {}

    @event.listens_for(catalog.engine, "before_cursor_execute")
    def _explain(connection: Any, _cursor: object, statement: str, values: Any, _context: object, many: bool) -> None:
        if statement.startswith(("SELECT", "UPDATE")) and not many:
            raw = connection.connection.driver_connection
            plans[statement] = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", values)]

    return plans


def _ask_everything(catalog: SqlCatalog) -> None:
    catalog.create_batch(batch())
    catalog.add_lines("batch", [Line(1, "/a"), Line(2, "/b")])
    box = archived("box")
    catalog.commit_intake(IntakeGroup(documents=[received("a")], contents=[content(box)]))
    catalog.commit_archived([box, member(box, 1)], [])
    catalog.contents([("a", "b", "c"), ("d", "e", "f")])
    catalog.seen("default", ["/a", "/b"])
    catalog.documents(["a", "b"])
    catalog.resolve("abc")
    catalog.waiting(10, 5)
    catalog.begin_attempt(["a"])
    catalog.read_whole([("default", "c", "s"), ("other", "c", "t")])
    catalog.top_sequence()
    catalog.known_lines("batch", [f"/{n}" for n in range(64)])
    catalog.pending_lines("batch", 1, 5)
    catalog.last_line("batch")
    catalog.referrers(content(box))
    for stream in (
        catalog.changed_since(1),
        catalog.all_contents(),
        catalog.report("batch"),
        catalog.select(batch_id="b", outcome="x"),
    ):
        list(stream)
    for name in ("batch_id", "outcome", "collection", "root_id"):
        list(catalog.select(**{name: "x"}))


@pytest.fixture(scope="module")
def shared() -> Iterator[SqlCatalog]:
    with database(server_url("postgres")) as url:
        catalog = create_catalog(url)
        yield catalog
        catalog.close()


class TestOnPostgres(CatalogSuite):
    @pytest.fixture
    def catalog(self, shared: SqlCatalog) -> SqlCatalog:
        empty(shared.engine)
        return shared

    def test_a_reader_sees_and_cannot_write(self, catalog: SqlCatalog):
        url = catalog.engine.url.render_as_string(hide_password=False)
        reader = open_catalog(url, read_only=True, jobs=False)
        assert reader.batches() == []
        with pytest.raises(UnreachableError, match="read-only"):
            reader.create_batch(batch())
        reader.close()

    def test_no_query_passes_over_a_whole_table_again_and_again(self, catalog: SqlCatalog):
        with catalog.engine.begin() as connection:
            for fill in FILLED:
                connection.execute(text(fill))
            connection.execute(text("ANALYZE"))
        plans: dict[str, str] = {}

        def explain(connection: Any, _cursor: object, statement: str, values: Any, _context: object, many: bool) -> None:
            if statement.startswith(("SELECT", "UPDATE")) and not many:
                raw = connection.connection.driver_connection
                plans[statement] = "\n".join(row[0] for row in raw.execute(f"EXPLAIN {statement}", values))

        event.listen(catalog.engine, "before_cursor_execute", explain)
        try:
            _ask_everything(catalog)
        finally:
            event.remove(catalog.engine, "before_cursor_execute", explain)
        large = re.compile(r"Seq Scan on (lines|documents|contents|seen)\b")
        # By outcome or by collection alone is a walk over all documents, once.
        a_walk = re.compile(r"WHERE documents\.(outcome|collection) = [^\n]* AND documents\.sequence >")
        assert not {query: plan for query, plan in plans.items() if large.search(plan) and not a_walk.search(query)}
        (text_of,) = [plan for query, plan in plans.items() if "text_key <>" in query]
        assert "documents_read_whole" in text_of


_A_DOCUMENT = (
    "i::text, i, 'c' || i % 5, 'u', '/' || i, 'n', md5(i::text), 1, CASE WHEN i % 50 = 0 THEN 'received' ELSE 'archived' END,"
    " CASE WHEN i % 7 = 0 THEN 'partial' ELSE 'complete' END, '', '', '', '2026-01-15T12:00:00.000000+00:00', NULL, 'b' || i % 100, '[]', NULL,"
    " CASE WHEN i % 3 = 0 THEN 'r' || i % 1000 END, 0, '{}', '{}', '[]', '[]', NULL, '', 'none', 0, 't', '', 0, 0, 0"
)
FILLED = (
    f"INSERT INTO documents SELECT {_A_DOCUMENT} FROM generate_series(1000000, 1030000) i",
    "INSERT INTO lines SELECT 'b' || i % 20, i, '/' || i, CASE WHEN i % 9 = 0 THEN 'pending' ELSE 'new' END, '', ''"
    " FROM generate_series(1, 30000) i",
    "INSERT INTO contents SELECT 'c' || i % 5, 'u', md5(i::text), 1, 'k', '1' FROM generate_series(1, 30000) i",
    "INSERT INTO seen SELECT 'c' || i % 5, '/' || i, 1, 1, 1, 1, 'x' FROM generate_series(1, 30000) i",
)


def test_no_catalogue_another_schema_and_a_damaged_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NoArchiveError):
        open_sqlite(tmp_path / "none.sqlite")
    catalog = create_sqlite(tmp_path / "newer.sqlite")
    catalog.set_mark("schema", "99")
    catalog.close()
    with pytest.raises(NoArchiveError, match="99"):
        open_sqlite(tmp_path / "newer.sqlite")
    (tmp_path / "noise.sqlite").write_bytes(b"no database at all" * 1_000)
    with pytest.raises(IntegrityError):
        open_sqlite(tmp_path / "noise.sqlite")


def test_a_folder_with_odd_characters_in_its_name(tmp_path: Path) -> None:
    home = tmp_path / "50% off? #1 é"
    home.mkdir()
    create_sqlite(home / "catalog.sqlite").close()
    assert (home / "catalog.sqlite").is_file()
    open_sqlite(home / "catalog.sqlite", read_only=True).close()
