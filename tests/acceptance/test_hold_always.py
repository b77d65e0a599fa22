"""Holds are accepted at every moment: while an import runs, while another process holds the write lock, while others hold too."""

from __future__ import annotations

import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.command import ROOT, Minutier

WORDS = ("--matter", "2027-014", "--reason", "inquiry", "--owner", "Anna")


@pytest.fixture
def minutier(tmp_path: Path) -> Minutier:
    archive = Minutier(tmp_path / "archive")
    archive.run("init")
    return archive


def _files(folder: Path, count: int) -> Path:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"{number:04d}.txt").write_text(f"document {number} of {folder.name}\n" * 20)
    return folder


def _locks(minutier: Minutier) -> dict[str, tuple[bool, bool]]:
    """Key -> held, and still under the lock of its arrival."""
    with sqlite3.connect(minutier.home / "objects" / "locks.sqlite") as db:
        rows = db.execute("SELECT key, hold, intake FROM locks WHERE bucket = 'locked' AND state = 'placed'").fetchall()
    return {key: (bool(hold), bool(intake)) for key, hold, intake in rows if key.startswith(("originals/", "records/"))}


@contextmanager
def _writing(minutier: Minutier) -> Iterator[None]:
    """Another process holds the write lock."""
    descriptor = os.open(minutier.home / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def test_placed_and_released_while_another_process_writes(minutier: Minutier, tmp_path: Path) -> None:
    minutier.run("import", _files(tmp_path / "in", 3))
    (tmp_path / "policy.yaml").write_text(
        "classes:\n  KEPT: {title: t, period: P1Y, from: received, basis: b, lock: governance, then: destroy}\n"
        "collections:\n  dated: {class: KEPT}\n"
    )
    minutier.run("policy", "apply", tmp_path / "policy.yaml")
    minutier.run("import", _files(tmp_path / "dated", 3), "--collection", "dated")
    with _writing(minutier):
        minutier.run("import", tmp_path / "in", code=11)
        (row,) = minutier.run("--json", "hold", "place", *WORDS, "--collection", "dated", "--id", "h").rows
        assert (row["placed"], row["holds"]) == (3, 3)
        assert all(held for key, (held, _) in _locks(minutier).items() if "/dated/" in key)
        (row,) = minutier.run("--json", "hold", "release", "h", "--reason", "over").rows
        assert (row["let_go"], row["ended"]) == (3, True)
    assert not any(held for key, (held, _) in _locks(minutier).items() if "/dated/" in key)
    assert minutier.run("verify").code == 0


def test_placed_on_a_collection_while_an_import_into_it_runs(minutier: Minutier, tmp_path: Path) -> None:
    """Whatever was there, was being read, or came later: all of it is held in the end, and nothing of the import is harmed."""
    folder = _files(tmp_path / "in", 3000)
    running = minutier.start("import", str(folder), "--collection", "c", "--batch", "b")
    _wait(lambda: len(_locks(minutier)) > 20)
    minutier.run("hold", "place", *WORDS, "--collection", "c", "--and-later", "--id", "h")
    during = running.poll() is None
    _, err = running.communicate(timeout=120)
    assert running.returncode == 0, err.decode()
    assert during, "the import had ended before the hold was placed: give it more files"
    (row,) = minutier.run("--json", "hold", "show", "h").rows
    assert row["holds"] == 3000
    locks = _locks(minutier)
    assert len(locks) == 6000
    assert all(held for held, _ in locks.values())
    assert not any(intake for _, intake in locks.values())
    assert minutier.run("verify").code == 0


def test_two_processes_place_the_same_hold(minutier: Minutier, tmp_path: Path) -> None:
    minutier.run("import", _files(tmp_path / "in", 60), "--collection", "c")
    runs = [minutier.start("hold", "place", *WORDS, "--collection", "c", "--id", "h") for _ in range(3)]
    for run in runs:
        _, err = run.communicate(timeout=120)
        assert run.returncode == 0, err.decode()
    (row,) = minutier.run("--json", "hold", "show", "h").rows
    assert row["holds"] == 60


def test_killed_while_placing_and_placed_again(minutier: Minutier, tmp_path: Path) -> None:
    minutier.run("import", _files(tmp_path / "in", 120), "--collection", "c")
    for pause in (0.35, 0.45, 0.55, 0.65):
        run = minutier.start("hold", "place", *WORDS, "--collection", "c", "--id", "h")
        time.sleep(pause)
        run.send_signal(signal.SIGKILL)
        run.communicate()
    minutier.run("hold", "place", *WORDS, "--collection", "c", "--id", "h")
    assert all(held for held, _ in _locks(minutier).values())
    (row,) = minutier.run("--json", "hold", "show", "h").rows
    assert row["holds"] == 120


def test_a_turn_that_never_comes_names_who_is_inside(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from archiver.bootstrap.file_turn import file_turn\n"
        "with file_turn(Path(sys.argv[1]), shared=False, seconds=1):\n print('inside', flush=True); time.sleep(60)"
    )
    path = tmp_path / "retention.lock"
    holder = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        from archiver.bootstrap.file_turn import file_turn
        from archiver.errors import LockedError

        for shared in (False, True):
            with pytest.raises(LockedError, match=f"process {holder.pid} on"), file_turn(path, shared=shared, seconds=0.1):
                pass
    finally:
        holder.kill()
        holder.communicate()
    with file_turn(path, shared=False, seconds=5.0):
        pass


def _wait(until: object, seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            if until():  # type: ignore[operator]
                return
        except sqlite3.OperationalError:
            pass  # the store is being made
        time.sleep(0.02)
    raise AssertionError("it never came to that")
