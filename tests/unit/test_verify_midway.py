"""Verifying an archive that is being written, or whose import was cut off, finds nothing wrong: work in hand is no damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.domain.document import State
from archiver.services.verify import Verification, Verify
from tests.support.scripted_pool import box
from tests.support.small_archive import Fuse, PowerCut, SmallArchive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    there = tmp_path / "in"
    there.mkdir()
    for name, body in {"a.txt": "one", "b.txt": "one", "c.txt": "two", "box.zip": "zip"}.items():
        (there / name).write_text(body)
    return there


def _verified(archive: SmallArchive) -> Verification:
    return Verify(archive.catalog, archive.objects, archive.index, archive.rows, archive.keys, archive.clock).run()


def _what(result: Verification) -> list[str]:
    return [f"{finding.where}: {finding.what}" for finding in result.findings]


def test_cut_off_after_any_call_of_any_port(folder: Path, tmp_path: Path) -> None:
    calls = 0
    while True:
        calls += 1
        torn = SmallArchive(tmp_path / f"torn-{calls}", box=box("m1", "m2"))
        try:
            torn.run(folder, fuse=Fuse(calls))
        except PowerCut:
            assert _what(_verified(torn)) == [], f"cut off after call {calls}"
        else:
            assert calls > 20
            assert _verified(torn).not_checked == []
            return
        finally:
            torn.close()


def test_what_is_not_indexed_yet_is_told(folder: Path, tmp_path: Path) -> None:
    archive = SmallArchive(tmp_path / "archive")
    archive.run(folder, "first")
    indexed = archive.index.entries.copy(), archive.index.sequence()
    (folder / "later.txt").write_text("later")
    archive.run(folder, "second")
    archive.index.entries, archive.index._sequence = indexed
    result = _verified(archive)
    assert result.sound
    assert result.not_checked == ["index: 1 documents are not in it yet; the next import or `minutier reindex` brings them in"]
    archive.close()


def test_a_finished_import_without_index_is_found(folder: Path, tmp_path: Path) -> None:
    archive = SmallArchive(tmp_path / "archive")
    archive.run(folder)
    archive.index.entries, archive.index._sequence = {}, 0
    assert len([line for line in _what(_verified(archive)) if "is not in the index" in line]) == 4
    archive.close()


def test_an_entry_missing_below_the_mark_is_found(folder: Path, tmp_path: Path) -> None:
    archive = SmallArchive(tmp_path / "archive")
    archive.run(folder)
    lost = archive.documents()["c.txt"]
    archive.index.remove([lost.id])
    assert lost.state is State.ARCHIVED
    assert [lost.id in line for line in _what(_verified(archive))] == [True]
    archive.close()
