"""kill -9 at random moments of a purge, then run again: what happened, and the certificate, are those of an undisturbed one."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Minutier
from tests.support.purges import DUE, MARKER, copied, make, zipped
from tests.support.traces import traces

KILLS = int(os.environ.get("MINUTIER_KILLS", "5"))
"""Twenty in the long drill; a few in every run."""
SAMPLES = (
    *((f"{MARKER}-{n}.txt", f"{MARKER} {n % 20}".encode(), "SHORT", DUE) for n in range(40)),
    *((f"{MARKER}-{n}.zip", zipped(a=f"a {n}", b=f"{MARKER} {n}"), "LEGAL", DUE) for n in range(7)),
    ("later.txt", f"{MARKER[:5]} later".encode(), "SHORT", "soon"),
    ("legal.txt", b"legal", "LEGAL", "soon"),
    ("stays.txt", b"stays", "KEEP", ""),
)


@pytest.fixture(scope="module")
def approved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """An archive with an approved plan of 61 documents, 40 of them with the bytes of another."""
    folder = tmp_path_factory.mktemp("purge-kill")
    minutier = Minutier(folder / "archive")
    make(minutier, folder, SAMPLES)
    (planned,) = minutier.run("--json", "purge", "plan", "--key", folder / "anna.key").rows
    assert planned["documents"] == 61
    minutier.run("purge", "approve", planned["purge"], "--key", folder / "bruno.key")
    return folder / "archive", str(planned["purge"])


@pytest.fixture(scope="module")
def undisturbed(approved: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, float]:
    """What the certificate says of one that nothing happens to, and how long it takes."""
    home, purge = approved
    minutier = Minutier(copied(home, tmp_path_factory.mktemp("undisturbed") / "archive"))
    started = time.monotonic()
    process = minutier.start("purge", "run", purge)  # as those that are killed: a new interpreter takes its time to load it all
    process.communicate()
    assert process.returncode == 0
    return _said(minutier, purge), time.monotonic() - started


@pytest.mark.drill
@pytest.mark.parametrize("number", range(KILLS))
def test_killed_and_run_again(approved: tuple[Path, str], undisturbed: tuple[Any, float], tmp_path: Path, number: int) -> None:
    home, purge = approved
    said, seconds = undisturbed
    minutier, seed = Minutier(copied(home, tmp_path / "archive")), time.time_ns()
    process = minutier.start("purge", "run", purge)
    time.sleep(seconds * (number + random.Random(seed).random()) / KILLS)  # spread over the whole run
    process.send_signal(signal.SIGKILL)
    process.communicate()
    minutier.run("purge", "run", purge)
    assert _said(minutier, purge) == said, f"seed {seed}"
    assert "Everything is as it was written" in minutier.run("verify").out
    assert traces(minutier.home, MARKER) == [], f"seed {seed}"
    for folder in ("objects/staging", "scratch"):
        assert not [path for path in (minutier.home / folder).rglob("*") if path.is_file()], folder
    (tmp_path / "own.pem").unlink(missing_ok=True)
    minutier.run("key", "export", tmp_path / "own.pem")
    minutier.run("purge", "certificate", purge, "--out", tmp_path / "certificate")
    minutier.run("certificate", "verify", tmp_path / "certificate", "--key", tmp_path / "own.pem")
    shutil.rmtree(minutier.home)


def _said(minutier: Minutier, purge: str) -> Any:
    """The signed part of the certificate without times and signatures, without places in the ledger and what follows from them."""
    certificate = json.loads(minutier.run("purge", "certificate", purge).out)
    return _timeless(certificate["body"])


_OTHERWISE = ("entry", "at", "salt", "after", "proof", "started", "ended", "consistency", "how", "result", "keys")


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(each) for name, each in value.items() if name not in _OTHERWISE}
    if isinstance(value, list):
        return [_timeless(each) for each in value]
    return value
