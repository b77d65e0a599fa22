"""Taking sources in: each line one outcome, each document once, whatever the sources do meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.adapters.sources.walk import walk
from archiver.domain.batch import LineState
from archiver.domain.record import original_key
from archiver.errors import InterruptedRunError
from archiver.ports.objects import Bucket, Lock, Put
from archiver.ports.sources import SourceEntry
from archiver.services.bulk_import import preview
from archiver.services.orphans import DROPPING, drop_orphans
from tests.support.small_archive import Fuse, PowerCut, SmallArchive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    there = tmp_path / "in"
    there.mkdir()
    (there / "a").write_text("one")
    (there / "b").write_text("two")
    return there


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SmallArchive]:
    archive = SmallArchive(tmp_path / "archive")
    yield archive
    archive.close()


def _entry(path: Path, **options: object) -> SourceEntry:
    return SourceEntry(str(path), **options)  # type: ignore[arg-type]


def test_unchanged_touched_and_changed_files(folder: Path, archive: SmallArchive) -> None:
    archive.run(folder)
    ids = {one.id for one in archive.catalog.select()}
    (folder / "c").write_text("three")
    os.utime(folder / "b", (1, 1))
    archive.run(folder, batch="second")
    assert archive.reasons("second") == {"a": "not touched since it was archived", "b": "same bytes as archived", "c": ""}
    archive.run(folder, batch="third")
    assert archive.reasons("third")["b"] == "not touched since it was archived"
    (folder / "b").write_text("TWO")
    archive.run(folder, batch="fourth")
    assert archive.outcomes("fourth") == {"a": "already there", "b": "archived", "c": "already there"}
    (folder / "b").write_text("two")
    archive.run(folder, batch="fifth")
    assert archive.outcomes("fifth")["b"] == "already there"
    assert len(archive.stored()) == 3 * len(ids) + 2 * 3
    archive.run(folder, batch="sixth", rehash=True)
    assert set(archive.reasons("sixth").values()) == {"same bytes as archived"}


def test_other_wishes_for_what_is_archived_are_answered(folder: Path, archive: SmallArchive) -> None:
    archive.run(folder)
    wishes = {"retention_class": "OTHER", "grants": ("x",), "declared": {"k": "v"}}
    archive.run(folder, batch="again", **wishes)
    expected = "not touched since it was archived; it keeps its class KEEP and its grants of the owner only and its metadata"
    assert set(archive.reasons("again").values()) == {expected}
    os.utime(folder / "a", (1, 1))
    archive.run(folder, batch="touched", retention_class="OTHER")
    assert archive.reasons("touched")["a"] == "same bytes as archived; it keeps its class KEEP"


def test_the_same_file_in_two_collections_and_classes(folder: Path, archive: SmallArchive) -> None:
    archive.run(folder)
    archive.run(folder, batch="hr", collection="hr")
    assert set(archive.outcomes("hr").values()) == {"archived"}
    assert len(archive.documents()) == 2
    assert archive.catalog.counts()["documents archived"] == 4
    (folder / "c").write_text("one")
    archive.run(folder, batch="third", retention_class="OTHER")
    assert archive.outcomes("third")["c"] == "archived"
    assert archive.catalog.counts()["contents"] == 5


def test_names_that_cannot_be_are_outcomes(folder: Path, archive: SmallArchive) -> None:
    entries = [
        _entry(folder / "a", number=1, collection="../x"),
        _entry(folder / "b", number=2, retention_class="a/b"),
        _entry(folder / "a", number=3),
    ]
    archive.run(iter(entries))
    assert [line.outcome for line in archive.catalog.report("batch")] == ["failed", "failed", "archived"]
    assert "cannot name a collection" in next(archive.catalog.report("batch")).reason


def test_files_that_vanish_or_change_between_walk_and_read(folder: Path, archive: SmallArchive) -> None:
    (folder / "c").write_text("three")
    entries = list(walk([str(folder)]))
    (folder / "a").unlink()
    (folder / "b").write_text("two, and longer")
    (folder / "c").unlink()
    os.mkfifo(folder / "c")
    archive.run(iter(entries))
    assert archive.outcomes() == {"a": "failed", "b": "archived", "c": "failed"}
    assert archive.reasons()["c"] == "is a named pipe"
    assert archive.documents()["b"].size == len("two, and longer")


def test_lines_of_a_list_that_pauses_are_archived_meanwhile(folder: Path, archive: SmallArchive) -> None:
    def entries() -> Iterator[SourceEntry | None]:
        yield _entry(folder / "a", number=1)
        for _ in range(3):
            yield None
        assert archive.catalog.counts()["documents received"] == 1
        yield _entry(folder / "b", number=2)

    archive.run(entries())
    assert len(archive.outcomes()) == 2


def test_a_path_met_twice_has_two_lines_after_a_power_cut_too(folder: Path, tmp_path: Path) -> None:
    paths = [str(folder), str(folder / "a"), str(folder)]
    for calls in range(1, 40):
        archive = SmallArchive(tmp_path / f"archive-{calls}")
        try:
            archive.run(walk(paths), fuse=Fuse(calls))
        except PowerCut:
            archive.pool.close()
            archive.run(walk(paths))
        tally = archive.catalog.tally("batch")
        archive.close()
        assert (tally.lines, tally.by_outcome) == (5, {"archived": 2, "already there": 3}), calls


def test_a_large_file_does_not_keep_a_run_from_stopping(folder: Path, archive: SmallArchive) -> None:
    with open(folder / "large", "wb") as large:
        large.truncate(20 * 1024**2)
    looks = 0

    def stopping() -> bool:
        nonlocal looks
        looks += 1
        return looks > 8

    archive.stopping = stopping
    with pytest.raises(InterruptedRunError):
        archive.run(iter([_entry(folder / "large")]))
    assert looks < 12
    assert archive.catalog.pending_lines("batch", 0, 9)[0].state is LineState.PENDING
    archive.stopping = lambda: False
    archive.run(iter([_entry(folder / "large")]))
    assert archive.outcomes() == {"large": "archived"}


def test_other_bytes_in_its_place_fail_one_line(folder: Path, archive: SmallArchive) -> None:
    digest = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"  # of "one"
    archive.objects.put([Put(Bucket.LOCKED, original_key("default", "KEEP", digest), body=b"forged")])
    archive.run(folder)
    assert archive.outcomes() == {"a": "failed", "b": "archived"}
    assert "verify" in archive.reasons()["a"]


def test_orphans_go_even_when_their_removal_is_cut_off(folder: Path, tmp_path: Path) -> None:
    left = []
    for calls in range(1, 12):
        archive = SmallArchive(tmp_path / f"archive-{calls}")
        archive.run(folder)
        from datetime import timedelta

        from archiver.domain.document import LockMode

        lock = Lock(LockMode.GOVERNANCE, archive.clock.now() + timedelta(days=7))
        archive.objects.put([Put(Bucket.LOCKED, original_key("default", "KEEP", "ab" * 32), body=b"orphan", lock=lock)])
        parts = archive.parts(Fuse(calls))
        try:
            drop_orphans(parts.catalog, parts.objects)
        except PowerCut:
            left.append(drop_orphans(archive.catalog, archive.objects))
        assert not [key for key in archive.stored() if "abab" in key]
        assert archive.catalog.get_mark(DROPPING) == "[]"
        assert archive.catalog.counts()["contents"] == 2
        archive.close()
    assert 1 in left


def test_the_preview_tells_what_the_import_will_do(folder: Path, archive: SmallArchive) -> None:
    archive.run(folder, collection="hr")
    (folder / "c").write_text("three")
    (folder / "b").chmod(0o600)
    os.symlink("a", folder / "link")
    found = preview(archive.catalog, walk([str(folder), str(folder / "none")]), "hr")
    assert found == {"new or touched": 2, "not touched": 1, "skipped": 1, "failed": 1, "bytes": 8}
    entries = (SourceEntry(one.source, stamp=one.stamp, collection="hr") for one in walk([str(folder / "a")]))
    assert preview(archive.catalog, entries, "default")["not touched"] == 1
