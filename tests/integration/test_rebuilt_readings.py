"""Rebuild: a document that was read more than once is known as such, so that a purge looks for its earlier texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.adapters.catalog.ledger_rows import SqlLedgerRows
from archiver.adapters.catalog.rebuild_rows import SqlRebuiltRows
from archiver.adapters.catalog.sql import create_sqlite
from archiver.services.rebuild import Rebuild
from archiver.services.rebuild.entries import _reading_of
from archiver.services.reread import reread
from tests.support.scripted_pool import dies
from tests.support.small_archive import SmallArchive


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SmallArchive]:
    archive = SmallArchive(tmp_path / "archive")
    yield archive
    archive.close()


def test_what_was_read_again_was_read_more_than_once(archive: SmallArchive, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        (tmp_path / "in" / name).write_text(f"text {name}")
    archive.pool.scripts = {"a": dies()}
    archive.run(tmp_path / "in")
    archive.pool.scripts = {}
    assert reread(archive.parts(), batch_id="", outcome="crashed", passwords=(), stop=lambda: False).renewed == 1
    read = archive.documents()
    assert read["a"].attempts > 1
    catalog = create_sqlite(tmp_path / "again.sqlite")
    try:
        rows = SqlRebuiltRows(catalog.engine)
        done = Rebuild(catalog, rows, SqlLedgerRows(catalog.engine), archive.objects, archive.keys, archive.clock).run()
        assert done.findings == []
        again = {one.name: one for one in catalog.select()}
        assert again["a"].attempts == _reading_of(read["a"].text_key) == read["a"].attempts
        assert again["b"].attempts < 2
        assert rows.digest() == SqlRebuiltRows(archive.catalog.engine).digest()
    finally:
        catalog.close()


def test_the_number_of_a_reading_is_not_mistaken() -> None:
    assert _reading_of("texts/default/ab/abcd-1234567890123456-12") == 12
    assert _reading_of("texts/default/ab/abcd-1234567890123456") == _reading_of("") == 0
