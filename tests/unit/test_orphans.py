"""Removing what no catalogue knows, beside importers that still may write it down."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from archiver.domain.document import LockMode
from archiver.domain.record import original_key
from archiver.ports.objects import Bucket, Lock, ObjectInfo, Put
from archiver.services.orphans import sweep_orphans
from tests.support.small_archive import SmallArchive

SHA = "ab" * 32


@pytest.fixture
def archive(tmp_path: Path) -> SmallArchive:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a").write_text("one")
    archive = SmallArchive(tmp_path / "archive")
    archive.run(folder)
    return archive


def arrive(archive: SmallArchive, days: int, sha256: str = SHA) -> ObjectInfo:
    lock = Lock(LockMode.GOVERNANCE, archive.clock.now() + timedelta(days=days))
    return archive.objects.put([Put(Bucket.LOCKED, original_key("default", "KEEP", sha256), body=b"x", lock=lock)])[0].info


def test_an_orphan_goes_only_when_its_intake_lock_has_run_out(archive: SmallArchive) -> None:
    before = archive.stored()
    arrive(archive, 7)
    archive.clock.move(timedelta(days=6))
    assert sweep_orphans(archive.catalog, archive.objects, archive.clock.now()) == 0
    archive.clock.move(timedelta(days=2))
    assert sweep_orphans(archive.catalog, archive.objects, archive.clock.now()) == 1
    assert archive.stored() == before
    assert sweep_orphans(archive.catalog, archive.objects, archive.clock.now()) == 0
    archive.close()


def test_an_orphan_that_an_importer_found_again_stays(archive: SmallArchive) -> None:
    info = arrive(archive, 7)
    archive.clock.move(timedelta(days=8))
    assert arrive(archive, 7).ref == info.ref
    assert sweep_orphans(archive.catalog, archive.objects, archive.clock.now()) == 0
    assert archive.objects.head(info.ref).intake
    archive.close()


def test_one_that_is_found_again_between_look_and_removal_stays(archive: SmallArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    info = arrive(archive, 7)
    archive.clock.move(timedelta(days=8))
    delete = archive.objects.delete

    def late(ref: object) -> None:
        arrive(archive, 7)
        delete(info.ref)

    monkeypatch.setattr(archive.objects, "delete", late)
    assert sweep_orphans(archive.catalog, archive.objects, archive.clock.now()) == 0
    assert archive.objects.head(info.ref) == arrive(archive, 7)
    archive.close()


def test_what_has_a_final_lock_and_what_has_another_name_is_left_to_verify(archive: SmallArchive) -> None:
    final = arrive(archive, 1)
    archive.objects.lock(final.ref, Lock(LockMode.GOVERNANCE, archive.clock.now() + timedelta(days=1)))
    lock = Lock(LockMode.GOVERNANCE, archive.clock.now() + timedelta(days=1))
    odd = archive.objects.put([Put(Bucket.LOCKED, "originals/odd", body=b"x", lock=lock)])[0].info
    archive.clock.move(timedelta(days=2))
    assert sweep_orphans(archive.catalog, archive.objects, archive.clock.now()) == 0
    assert [archive.objects.head(info.ref).ref for info in (final, odd)] == [final.ref, odd.ref]
    archive.close()
