"""One stored text is damaged, or the index lost: everything else is answered, and nothing is passed over in silence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.command import Minutier


@pytest.fixture
def minutier(tmp_path: Path) -> Minutier:
    (tmp_path / "in").mkdir()
    for name in ("one", "two"):
        (tmp_path / "in" / f"{name}.txt").write_text(f"banane {name}")
    minutier = Minutier(tmp_path / "archive")
    minutier.run("init")
    minutier.run("import", tmp_path / "in")
    return minutier


def _damage_one_text(minutier: Minutier) -> None:
    path = next(path for path in (minutier.home / "objects" / "deletable").glob("texts/**/*") if path.is_file())
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:20])


def test_search_shows_both(minutier: Minutier) -> None:
    _damage_one_text(minutier)
    ran = minutier.run("--json", "search", "banane")
    assert sorted(len(row["highlights"]) for row in ran.rows[:-1]) == [0, 1]
    assert ran.err == ""


def test_export_is_whole_and_exits_with_4(minutier: Minutier) -> None:
    _damage_one_text(minutier)
    ran = minutier.run("export", "--text", code=4)
    assert sorted(row["text"] == "" for row in ran.rows) == [False, True]
    assert "1 stored texts that are lost or damaged" in ran.err


def test_reindex_takes_the_others(minutier: Minutier) -> None:
    _damage_one_text(minutier)
    minutier.run("reindex")
    assert minutier.run("--json", "search", "banane").rows[-1]["total"] == 1
    assert minutier.run("--json", "search", "*").rows[-1]["total"] == 2


def test_search_without_index_says_so(minutier: Minutier) -> None:
    shutil.rmtree(minutier.home / "index")
    assert "Not all documents are in the index" in minutier.run("search", "banane").err
    assert minutier.run("--as", "anna", "search", "banane").err == ""
