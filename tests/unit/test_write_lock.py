"""The write lock: one at a time, and who only works through what waits gives way."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from archiver.bootstrap.write_lock import WriteLock, holder_of
from archiver.errors import LockedError


def test_a_second_one_is_told_who_holds_it_at_once(tmp_path: Path) -> None:
    began = time.monotonic()
    with WriteLock(tmp_path / "lock"), pytest.raises(LockedError, match="process"), WriteLock(tmp_path / "lock"):
        pass
    assert time.monotonic() - began < 2


def test_one_that_yields_is_asked_and_waited_for(tmp_path: Path) -> None:
    path, had = tmp_path / "lock", list[str]()

    def want() -> None:
        with WriteLock(path):
            had.append(holder_of(tmp_path))

    with WriteLock(path, yields=True) as lock:
        assert not lock.wanted
        thread = threading.Thread(target=want)
        thread.start()
        until = time.monotonic() + 10
        while not lock.wanted:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert not had
    thread.join(5)
    assert len(had) == 1
    assert "gives way" not in had[0]


def test_two_that_yield_do_not_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with WriteLock(path, yields=True), pytest.raises(LockedError), WriteLock(path, yields=True):
        pass


def test_whoever_waits_gives_up_when_one_that_does_not_yield_is_faster(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    refused = threading.Event()

    def want() -> None:
        with pytest.raises(LockedError), WriteLock(path):
            pass
        refused.set()

    first = WriteLock(path, yields=True).__enter__()
    thread = threading.Thread(target=want)
    thread.start()
    while not first.wanted:
        time.sleep(0.01)
    # the file says who has it; the kernel's lock has never been let go of
    path.write_text("process 1 on elsewhere since today\n")
    assert refused.wait(5)
    thread.join()
    first.__exit__()


def test_a_holder_that_has_not_said_yet_who_it_is_is_waited_for(tmp_path: Path) -> None:
    """Between taking the lock and writing its name down, and between taking its name away and letting go, nobody is named."""
    path, had = tmp_path / "lock", threading.Event()
    with WriteLock(path, yields=True) as lock:
        said = path.read_bytes()
        path.write_bytes(b"")

        def want() -> None:
            with WriteLock(path):
                had.set()

        thread = threading.Thread(target=want)
        thread.start()
        until = time.monotonic() + 10
        while not lock.wanted:
            assert time.monotonic() < until, "it gave up, or does not ask"
            time.sleep(0.01)
        time.sleep(0.2)
        path.write_bytes(said)
        assert thread.is_alive()
    thread.join(10)
    assert had.is_set()
