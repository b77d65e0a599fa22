"""kill -9 at random moments, then resume: the same ids, nothing twice, nothing lost, nothing left behind."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.support.command import SAMPLES, Minutier

KILLS = int(os.environ.get("MINUTIER_KILLS", "4"))
"""Twenty in the long drill; a few in every run."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """An archive imported in one go; its keys make ids that can be compared."""
    home = tmp_path_factory.mktemp("undisturbed") / "archive"
    minutier = Minutier(home)
    minutier.run("init")
    minutier.run("import", SAMPLES, code=None)
    return home, minutier.ids()


def _same_keys(source: Path, home: Path) -> Minutier:
    minutier = Minutier(home)
    minutier.run("init")
    shutil.rmtree(home / "keys")
    shutil.copytree(source / "keys", home / "keys")
    return minutier


def _objects(home: Path, prefix: str) -> list[str]:
    folder = home / "objects" / prefix
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.drill
def test_killed_again_and_again_it_ends_like_an_undisturbed_import(
    undisturbed: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    source, ids = undisturbed
    minutier, seed = _same_keys(source, tmp_path / "archive"), int(time.time())
    moments, killed = random.Random(seed), 0
    arguments = ["import", str(SAMPLES), "--batch", "drill"]
    for _ in range(KILLS):
        process = minutier.start(*arguments)
        time.sleep(moments.uniform(0.3, 4.0))
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if minutier.run("batch", "show", "drill", code=None).code != 1:
            arguments = ["batch", "resume", "drill"]
    minutier.run(*arguments, code=None)
    assert killed, "no run was killed: the drill proved nothing"
    assert minutier.ids() == ids, f"seed {seed}"
    report = minutier.run("batch", "report", "drill", "--format", "json").rows
    assert report[-1]["whole"]
    assert report[-1]["lines_in"] == len(report) - 1
    assert "Everything is as it was written" in minutier.run("verify").out
    for prefix in ("locked/originals", "locked/records"):
        assert _objects(minutier.home, prefix) == _objects(source, prefix), f"seed {seed}"
    assert not _objects(minutier.home, "staging")


def test_a_killed_child_costs_nothing(undisturbed: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    source, ids = undisturbed
    minutier = _same_keys(source, tmp_path / "archive")
    process = minutier.start("import", str(SAMPLES))
    killed = 0
    while process.poll() is None and killed < 3:
        for child in _children(process.pid):
            os.kill(child, signal.SIGKILL)
            killed += 1
        time.sleep(1.0)
    process.communicate()
    assert killed
    assert minutier.ids() == ids
    outcomes = {row["outcome"] for row in minutier.run("export").rows}
    assert "crashed" not in outcomes


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                command = (entry / "cmdline").read_bytes()
            except (OSError, IndexError):
                continue
            if int(fields[1]) == parent and b"extraction.child" in command:
                found.append(int(entry.name))
    return found


def test_ctrl_c_stops_cleanly_and_says_how_to_resume(tmp_path: Path) -> None:
    minutier = Minutier(tmp_path / "archive")
    minutier.run("init")
    process = minutier.start("import", str(SAMPLES), "--batch", "stopped")
    deadline = time.monotonic() + 60
    while minutier.run("batch", "show", "stopped", code=None).code == 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    if process.returncode != 0:  # it may have been quicker than the signal
        assert process.returncode == 130
        assert b"minutier batch resume stopped" in err
        minutier.run("batch", "resume", "stopped")
    assert minutier.run("batch", "report", "stopped", "--format", "json").rows[-1]["whole"]
