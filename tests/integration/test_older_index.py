"""An index from before a purge, put back: nothing destroyed is shown, and `verify` says that it is to be made anew."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.domain.access import Scope
from archiver.domain.query import SearchRequest
from archiver.ports.index import IndexHit, IndexPage
from archiver.ports.retention_rows import Purge, PurgeState
from archiver.services.search import Search
from archiver.services.texts import Texts
from archiver.services.verify import Verify
from tests.support.command import Minutier
from tests.support.destruction import PURGE, destroy
from tests.support.purges import copied, template
from tests.support.small_archive import SmallArchive


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SmallArchive]:
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        (tmp_path / "in" / name).write_text(f"text {name}")
    archive = SmallArchive(tmp_path / "archive")
    archive.run(tmp_path / "in")
    yield archive
    archive.close()


def _purge(archive: SmallArchive, state: PurgeState) -> None:
    purge = Purge(PURGE, PurgeState.PLANNED, archive.clock.now(), {}, 1, 1, 0, "anna", "")
    archive.catalog.add_purge(purge, [])
    archive.catalog.set_purge(replace(purge, state=state), [])


def _said(archive: SmallArchive) -> list[str]:
    result = Verify(archive.catalog, archive.objects, archive.index, archive.rows, archive.keys, archive.clock).run()
    return [finding.what for finding in result.findings if finding.where == "index"]


def test_a_destroyed_document_is_neither_shown_nor_counted(archive: SmallArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, stays = (archive.documents()[name].id for name in ("a", "b"))
    destroy(archive.catalog, archive.objects, [gone])
    page = IndexPage((IndexHit(gone, 6.0), IndexHit(stays, 5.0)), 7, {}, 0, None)
    monkeypatch.setattr(archive.index, "search", lambda request, scope: page)
    search = Search(archive.catalog, archive.index, Texts(archive.objects))
    answer = search.run(SearchRequest("text"), Scope(frozenset(), everything=True))
    assert ([hit.document.id for hit in answer.hits], answer.total) == ([stays], 6)


def test_an_entry_of_a_destroyed_document_is_found_once_its_purge_is_done(archive: SmallArchive) -> None:
    gone = archive.documents()["a"].id
    destroy(archive.catalog, archive.objects, [gone])
    _purge(archive, PurgeState.RUNNING)
    assert _said(archive) == []
    archive.catalog.set_purge(replace(archive.catalog.purge(PURGE), state=PurgeState.DONE), [])
    assert _said(archive) == [f"document {gone} was destroyed and is still in the index; `minutier reindex` makes it anew"]
    archive.index.remove([gone])
    assert _said(archive) == []


def test_an_older_index_put_back(tmp_path: Path) -> None:
    minutier, keys = Minutier(copied(template()[0], tmp_path / "archive")), template()[1]
    index, before = minutier.home / "index", tmp_path / "before"
    shutil.copytree(index, before)
    (planned,) = minutier.run("--json", "purge", "plan", "--class", "SHORT", "--key", keys / "anna.key").rows
    minutier.run("purge", "approve", planned["purge"], "--key", keys / "bruno.key")
    minutier.run("purge", "run", planned["purge"])
    shutil.rmtree(index)
    shutil.copytree(before, index)
    assert "inner" not in minutier.run("search", "inner", "--no-facets").out
    assert "alone" not in minutier.run("search", "").out
    assert "was destroyed and is still in the index" in minutier.run("verify", code=4).out
    minutier.run("reindex")
    minutier.run("verify")
