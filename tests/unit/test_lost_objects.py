"""Importing into an archive of which something was lost: never reported as archived while it is not, and costs no other line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.domain.document import State
from archiver.domain.extraction import Outcome
from tests.support.small_archive import SmallArchive

BODY = b"the only copy"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SmallArchive]:
    """One file, imported."""
    archive = SmallArchive(tmp_path / "archive")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.txt").write_bytes(BODY)
    archive.run(tmp_path / "in", "first")
    yield archive
    archive.close()


def _stored(tmp_path: Path, pattern: str) -> Path:
    (path,) = (path for path in (tmp_path / "archive" / "objects").glob(pattern) if path.is_file())
    path.chmod(0o640)
    return path


def _import_copy(archive: SmallArchive, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "two.txt").write_bytes(BODY)
    (tmp_path / "more" / "other.txt").write_bytes(b"something else")
    archive.run(tmp_path / "more", "second")


def test_copy_brings_a_lost_original_back(archive: SmallArchive, tmp_path: Path) -> None:
    lost = _stored(tmp_path, "locked/originals/**/*")
    lost.unlink()
    _import_copy(archive, tmp_path)
    assert archive.outcomes("second") == {"two.txt": "archived", "other.txt": "archived"}
    assert lost.read_bytes() == BODY


def test_same_file_brings_its_lost_original_back(archive: SmallArchive, tmp_path: Path) -> None:
    lost = _stored(tmp_path, "locked/originals/**/*")
    lost.unlink()
    archive.run(tmp_path / "in", "second", rehash=True)
    assert archive.outcomes("second") == {"one.txt": "already there"}
    assert "put back" in archive.reasons("second")["one.txt"]
    assert lost.read_bytes() == BODY


def test_copy_of_a_cut_original_is_no_duplicate(archive: SmallArchive, tmp_path: Path) -> None:
    _stored(tmp_path, "locked/originals/**/*").write_bytes(b"the")
    _import_copy(archive, tmp_path)
    assert archive.outcomes("second") == {"two.txt": "failed", "other.txt": "archived"}
    assert "two.txt" not in archive.documents()


def test_same_file_says_that_its_original_is_cut(archive: SmallArchive, tmp_path: Path) -> None:
    _stored(tmp_path, "locked/originals/**/*").write_bytes(b"the")
    archive.run(tmp_path / "in", "second", rehash=True)
    assert "damaged since" in archive.reasons("second")["one.txt"]


@pytest.mark.parametrize("damage", ["lost", "cut"])
def test_text_of_the_same_bytes_is_lost(archive: SmallArchive, tmp_path: Path, damage: str) -> None:
    text = _stored(tmp_path, "deletable/texts/**/*")
    text.unlink() if damage == "lost" else text.write_bytes(text.read_bytes()[:9])
    _import_copy(archive, tmp_path)
    found = archive.documents()
    assert {name: one.state for name, one in found.items()} == dict.fromkeys(("one.txt", "two.txt", "other.txt"), State.ARCHIVED)
    assert found["two.txt"].outcome is Outcome.COMPLETE
    assert archive.outcomes("second") == {"two.txt": "duplicate", "other.txt": "archived"}
