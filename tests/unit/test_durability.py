"""Groups are made durable in one go where that is cheaper, and file by file where it is not."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from archiver.adapters.objects import disk, durability
from archiver.adapters.objects.durability import AVOID, WORTH_IT, Durability
from archiver.adapters.objects.embedded import EmbeddedStore
from archiver.adapters.objects.spread import Spread
from archiver.errors import UnreachableError
from archiver.ports.objects import Bucket, Put
from tests.support.moving_clock import MovingClock


class Calls:
    """Counts both ways, and stands in for the whole one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.whole = self.single = 0
        self.failing = False
        sync = disk.sync_file
        monkeypatch.setattr(durability, "_syncfs", lambda: self._whole)
        monkeypatch.setattr(disk, "sync_file", lambda path: (self._count(), sync(path))[1])

    def _count(self) -> None:
        self.single += 1

    def _whole(self, descriptor: int) -> None:
        os.fstat(descriptor)
        self.whole += 1
        if self.failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(monkeypatch)


def _paths(folder: Path, count: int) -> list[str]:
    for number in range(count):
        (folder / str(number)).write_bytes(b"x")
    return [str(folder / str(number)) for number in range(count)]


def test_a_large_group_at_once_and_a_small_one_by_file(calls: Calls, tmp_path: Path) -> None:
    durable = Durability(tmp_path, Spread())
    durable.begin()
    durable.files(_paths(tmp_path, WORTH_IT))
    assert (calls.whole, calls.single) == (1, 0)
    durable.files(_paths(tmp_path, WORTH_IT - 1))
    assert (calls.whole, calls.single) == (1, WORTH_IT - 1)
    durable.close()


def test_errors_before_begin_are_not_missed(calls: Calls, tmp_path: Path) -> None:
    durable = Durability(tmp_path, Spread())
    durable.files(_paths(tmp_path, WORTH_IT))
    assert (calls.whole, calls.single) == (0, WORTH_IT)


def test_after_a_slow_one_the_next_groups_go_by_file(calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durability, "SLOW", -1.0)
    durable, paths = Durability(tmp_path, Spread()), _paths(tmp_path, WORTH_IT)
    durable.begin()
    for _ in range(AVOID + 2):
        durable.files(paths)
    assert (calls.whole, calls.single) == (2, AVOID * WORTH_IT)
    durable.close()


def test_a_failed_sync_fails_the_group(calls: Calls, tmp_path: Path, clock: MovingClock) -> None:
    store = EmbeddedStore(tmp_path / "store", clock)
    calls.failing = True
    group = [Put(Bucket.LOCKED, f"records/{number}", body=b"x") for number in range(WORTH_IT)]
    with pytest.raises(UnreachableError):
        store.put(group)
    assert list(store.list(Bucket.LOCKED)) == []
    calls.failing = False
    assert all(result.created for result in store.put(group))
    store.close()


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.mark.skipif(durability._syncfs() is None, reason="this system has no syncfs that reports errors")
def test_the_real_call_works(tmp_path: Path) -> None:
    whole = durability._syncfs()
    assert whole is not None
    descriptor = os.open(tmp_path, os.O_RDONLY)
    whole(descriptor)
    os.close(descriptor)
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        whole(descriptor)
