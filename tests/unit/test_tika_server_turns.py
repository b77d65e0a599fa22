"""Turns at a Tika server: all at once, or one alone; between processes, and for no longer than they live."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from archiver.adapters.extraction.tika_turns import Turns

URL = "http://tika:9998"
_HOLDER = """
import sys, time
from pathlib import Path
from archiver.adapters.extraction.tika_turns import Turns
with Turns(Path(sys.argv[1]), "http://tika:9998", lambda: None).taken(alone=sys.argv[2] == "alone"):
    print("taken", flush=True)
    time.sleep(60)
"""


def turns(folder: Path, said: list[str] | None = None, url: str = URL) -> Turns:
    return Turns(folder, url, lambda: (said if said is not None else []).append("alive"))


class Asker(threading.Thread):
    """Takes a turn, and keeps it until told."""

    def __init__(self, folder: Path, *, alone: bool) -> None:
        super().__init__(daemon=True)
        self.taken, self.leave = threading.Event(), threading.Event()
        self._folder, self._alone = folder, alone
        self.start()

    def run(self) -> None:
        with turns(self._folder).taken(alone=self._alone):
            self.taken.set()
            self.leave.wait(30)


def test_any_number_ask_at_once(tmp_path: Path) -> None:
    askers = [Asker(tmp_path, alone=False) for _ in range(5)]
    assert all(asker.taken.wait(5) for asker in askers)
    for asker in askers:
        asker.leave.set()


def test_one_alone_waits_for_the_others_and_nobody_comes_in_meanwhile(tmp_path: Path) -> None:
    first = Asker(tmp_path, alone=False)
    assert first.taken.wait(5)
    alone = Asker(tmp_path, alone=True)
    assert not alone.taken.wait(0.3)
    late = Asker(tmp_path, alone=False)
    assert not late.taken.wait(0.3), "a late one must not keep the one waiting for ever"
    first.leave.set()
    assert alone.taken.wait(5)
    assert not late.taken.wait(0.3)
    alone.leave.set()
    assert late.taken.wait(5)
    late.leave.set()


def test_two_alone_take_turns(tmp_path: Path) -> None:
    one = Asker(tmp_path, alone=True)
    assert one.taken.wait(5)
    other = Asker(tmp_path, alone=True)
    assert not other.taken.wait(0.3)
    one.leave.set()
    assert other.taken.wait(5)
    other.leave.set()


def test_another_server_has_turns_of_its_own(tmp_path: Path) -> None:
    with turns(tmp_path).taken(alone=True), turns(tmp_path, url="http://other:9998").taken(alone=True):
        pass


def test_waiting_gives_signs_of_life(tmp_path: Path) -> None:
    holder = Asker(tmp_path, alone=True)
    assert holder.taken.wait(5)
    threading.Timer(2.5, holder.leave.set).start()
    said: list[str] = []
    with turns(tmp_path, said).taken(alone=False):
        pass
    assert len(said) >= 1


@pytest.mark.parametrize("kind", ["alone", "together"])
def test_a_turn_ends_with_its_holder(tmp_path: Path, kind: str) -> None:
    with subprocess.Popen([sys.executable, "-c", _HOLDER, tmp_path, kind], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "taken\n"
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        began = time.monotonic()
        with turns(tmp_path).taken(alone=True):
            assert time.monotonic() - began < 5


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    with turns(tmp_path).taken(alone=False):
        pass
    victim = tmp_path / "victim"
    door = next(tmp_path.glob("tika-*.door"))
    door.unlink()
    door.symlink_to(victim)
    with pytest.raises(OSError, match="symbolic"), turns(tmp_path).taken(alone=False):
        pass
    assert not victim.exists()
