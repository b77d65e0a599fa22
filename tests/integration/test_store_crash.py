"""After a kill -9 at any point of a write or a removal: no object without its lock, no lock without its object."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archiver.adapters.objects.embedded import EmbeddedStore
from archiver.adapters.objects.view import UNEXPECTED
from archiver.ports.objects import Bucket
from tests.support.faults_of_stores import STEPS, work
from tests.support.moving_clock import MovingClock

REPOSITORY = Path(__file__).resolve().parents[2]


def assert_sound(root: Path) -> set[str]:
    """The keys there, all as they must be; the store opens, and takes the same work again."""
    store = EmbeddedStore(root, MovingClock())
    with sqlite3.connect(root / "locks.sqlite") as table:
        rows = {
            (bucket, key): (state, sha.hex())
            for bucket, key, state, sha in table.execute("SELECT bucket, key, state, sha256 FROM locks")
        }
    table.close()
    seen = {}
    for bucket in Bucket:
        for info in store.list(bucket):
            assert info.ref.version != UNEXPECTED
            with store.open(info.ref) as file:
                assert hashlib.sha256(file.read()).hexdigest() == info.sha256
            seen[(bucket.value, info.ref.key)] = ("placed", info.sha256)
    assert rows == seen
    assert {info.ref.key for info in store.unconfirmed()} == {key for bucket, key in seen if bucket == "locked"}
    assert os.listdir(root / "staging") == []
    store.close()
    return {key for _, key in seen}


def crash(root: Path, step: str, moment: str, count: int) -> int:
    command = [sys.executable, "-m", "tests.support.faults_of_stores", str(root), step, moment, str(count)]
    return subprocess.run(command, cwd=REPOSITORY, check=False, timeout=60).returncode


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_death_at_each_step(tmp_path: Path, step: str, moment: str) -> None:
    root = tmp_path / "objects"
    count = 1 if step in ("leave", "remove", "forget") else 2
    assert crash(root, step, moment, count) == 9
    assert_sound(root)
    clock = MovingClock()
    store = EmbeddedStore(root, clock)
    work(store, clock)
    store.close()
    assert len(assert_sound(root)) == 11


def test_death_at_random_moments(tmp_path: Path) -> None:
    root, chance = tmp_path / "objects", random.Random(7)
    program = (
        "import itertools, sys; from pathlib import Path\n"
        "from tests.support.moving_clock import MovingClock\n"
        "from archiver.adapters.objects.embedded import EmbeddedStore\n"
        "from archiver.ports.objects import Bucket, Put\n"
        f"store = EmbeddedStore(Path({str(root)!r}), MovingClock())\n"
        "print('open', flush=True)\n"
        "for n in itertools.count(len(list(store.list(Bucket.LOCKED)))):\n"
        "    store.put([Put(Bucket.LOCKED, f'records/{n % 50}/{n}-{i}', body=b'x' * n) for i in range(20)])\n"
        "    print(n, flush=True)\n"
    )
    promised = 0
    for _ in range(6):
        with subprocess.Popen([sys.executable, "-c", program], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "open\n"
            time.sleep(chance.uniform(0.01, 0.25))
            writer.send_signal(signal.SIGKILL)
            promised += 20 * len(writer.stdout.read().split())
        with_row = EmbeddedStore(root, MovingClock())
        there = list(with_row.list(Bucket.LOCKED))
        with_row.close()
        assert len(there) >= promised
        assert all(info.sha256 for info in there)
        promised = len(there)
