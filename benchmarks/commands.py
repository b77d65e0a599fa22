"""Whole commands measured from outside: wall and CPU seconds of the process and all its children, and peak memory."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MINUTIER = (sys.executable, "-c", "from archiver.cli.main import main; main()")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost. `peak` is the largest single process, in bytes."""

    wall: float
    cpu: float
    peak: int


def run(command: Sequence[str], environment: Mapping[str, str] | None = None, codes: tuple[int, ...] = (0,)) -> Cost:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed; its last words are in the message.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(
        command, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in codes:
        raise RuntimeError(f"{command[0]} … ended with {done.returncode}:\n{done.stderr.decode('utf-8', 'replace')[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, after.ru_maxrss * 1024)


def minutier(home: Path, *arguments: str, codes: tuple[int, ...] = (0, 3)) -> Cost:
    """Run our own command on the archive at `home`."""
    return run([*MINUTIER, *arguments], {"MINUTIER_HOME": str(home)}, codes)


def interleaved(rounds: int, *runs: Callable[[], Cost]) -> list[list[Cost]]:
    """Each of `runs` in turn, `rounds` times, so that what else the machine does meets all alike."""
    found: list[list[Cost]] = [[] for _ in runs]
    for _ in range(rounds):
        for costs, once in zip(found, runs, strict=True):
            costs.append(once())
    return found


def ratio(above: list[Cost], below: list[Cost], what: str = "wall") -> float:
    """Median of the ratios, pair by pair."""
    return statistics.median(getattr(a, what) / getattr(b, what) for a, b in zip(above, below, strict=True))


def line(name: str, costs: list[Cost], count: int) -> str:
    """Medians for people; `count`: documents a run."""
    wall, cpu = statistics.median(c.wall for c in costs), statistics.median(c.cpu for c in costs)
    spread = f"{min(c.wall for c in costs):.1f}-{max(c.wall for c in costs):.1f}"
    return f"{name:<34} wall {wall:8.2f} s ({spread})  cpu {cpu:8.2f} s  {count / wall:8.1f} documents/s"
