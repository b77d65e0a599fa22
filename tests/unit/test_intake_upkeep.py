"""What waits keeps its lock; what nobody wrote down goes, once its lock has run out and not before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from archiver.domain.document import LockMode
from archiver.domain.record import original_key
from archiver.ports.objects import Bucket, Lock, ObjectInfo, Put
from archiver.services.intake import INTAKE_LOCK
from archiver.services.intake_upkeep import remove_unclaimed, renew_waiting
from tests.unit.test_work_chunks import Workshop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    shop = Workshop(tmp_path / "archive")
    yield shop
    shop.leases.close()
    shop.archive.close()


def _take_in(shop: Workshop, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "one.txt").write_text("one")
    shop.take_in(folder)


def _originals(shop: Workshop) -> list[ObjectInfo]:
    return list(shop.archive.objects.list(Bucket.LOCKED, "originals/"))


def _stray(shop: Workshop, digest: str = "ab" * 32) -> ObjectInfo:
    archive = shop.archive
    lock = Lock(LockMode.GOVERNANCE, archive.clock.now() + INTAKE_LOCK)
    put = Put(Bucket.LOCKED, original_key("default", "KEEP", digest), body=b"stray", lock=lock)
    return archive.objects.put([put])[0].info


def test_the_lock_of_what_waits_is_renewed_after_two_days(shop: Workshop, tmp_path: Path) -> None:
    _take_in(shop, tmp_path)
    archive = shop.archive
    assert renew_waiting(archive.catalog, archive.objects, archive.clock) == 0
    archive.clock.move(timedelta(days=6))
    assert renew_waiting(archive.catalog, archive.objects, archive.clock) == 1
    (info,) = _originals(shop)
    assert info.lock.until is not None
    assert info.lock.until >= archive.clock.now() + INTAKE_LOCK
    assert info.intake


def test_what_nobody_wrote_down_goes_only_when_its_lock_has_run_out(shop: Workshop, tmp_path: Path) -> None:
    _take_in(shop, tmp_path)
    archive, stray = shop.archive, _stray(shop)
    assert remove_unclaimed(archive.catalog, archive.objects, archive.clock) == 0
    archive.clock.move(INTAKE_LOCK + timedelta(hours=1))
    assert remove_unclaimed(archive.catalog, archive.objects, archive.clock) == 1
    assert stray.ref.key not in {info.ref.key for info in _originals(shop)}
    assert len(_originals(shop)) == 1, "what a row names stays, whatever became of its lock"
    assert remove_unclaimed(archive.catalog, archive.objects, archive.clock) == 0


def test_what_has_no_name_of_an_original_is_left_to_verify(shop: Workshop) -> None:
    archive = shop.archive
    lock = Lock(LockMode.GOVERNANCE, archive.clock.now() + INTAKE_LOCK)
    archive.objects.put([Put(Bucket.LOCKED, "originals/odd", body=b"stray", lock=lock)])
    archive.clock.move(INTAKE_LOCK + timedelta(hours=1))
    assert remove_unclaimed(archive.catalog, archive.objects, archive.clock) == 0
    assert [info.ref.key for info in _originals(shop)] == ["originals/odd"]


def test_what_is_taken_up_at_the_last_moment_stays(shop: Workshop) -> None:
    archive = shop.archive
    stray = _stray(shop)
    archive.clock.move(INTAKE_LOCK + timedelta(hours=1))

    class Adopted:
        """Lists what has run out; then another importer is quicker."""

        def unconfirmed(self) -> Iterator[ObjectInfo]:
            yield from list(archive.objects.unconfirmed())
            archive.objects.renew([stray.ref], archive.clock.now() + INTAKE_LOCK)

        def __getattr__(self, name: str) -> object:
            return getattr(archive.objects, name)

    assert remove_unclaimed(archive.catalog, Adopted(), archive.clock) == 0  # type: ignore[arg-type]
    assert _originals(shop)
