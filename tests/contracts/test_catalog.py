"""The catalogue on each database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

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
        assert "documents_read_whole" in text_of[0]

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
    catalog.text_of("default", "s")
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
