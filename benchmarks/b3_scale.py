"""B3: does an import slow down or grow as the archive does? Documents a second and memory at the start and at the end.

    python -m benchmarks.b3_scale [--documents 200000] [--folder DIR]

Small text files, archived in ten equal imports into one archive; of each: rate, and the anonymous memory of the importing
process at its peak. Small texts make the parent, not the readers, the limit: that is what could grow.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.commands import MINUTIER, minutier

_WORDS = [
    "facture",
    "contrat",
    "client",
    "paiement",
    "livraison",
    "échéance",
    "société",
    "avenant",
    "invoice",
    "supplier",
    "payment",
    "notice",
    "lease",
    "board",
    "claim",
]
_STEPS = 10


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--documents", type=int, default=200_000)
    options.add_argument("--folder", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        work, rates, peaks = Path(scratch), [], []
        minutier(work / "archive", "init")
        for step in range(_STEPS):
            count = given.documents // _STEPS
            _make(work / f"files{step}", count, step)
            seconds, peak = _import(work / "archive", work / f"files{step}")
            rates.append(count / seconds)
            peaks.append(peak)
            done = (step + 1) * count
            print(f"{done:>9,} documents: {rates[-1]:7.1f}/s, parent's anonymous memory {peak / 1e6:6.1f} MB", flush=True)
        print(f"rate at the end ÷ at the start: {rates[-1] / rates[0]:.2f}; memory: {peaks[-1] / peaks[0]:.2f}")


def _make(folder: Path, count: int, seed: int) -> None:
    rng = random.Random(seed)
    for number in range(count):
        place = folder / f"{number // 1000:04}"
        if number % 1000 == 0:
            place.mkdir(parents=True)
        text = " ".join(rng.choices(_WORDS, k=120))
        (place / f"{number:07}.txt").write_text(f"Pièce {seed}-{number}\n{text}\n")


def _import(home: Path, files: Path) -> tuple[float, int]:
    start = time.perf_counter()
    process = subprocess.Popen(
        [*MINUTIER, "import", str(files)], env={**os.environ, "MINUTIER_HOME": str(home)}, stdout=subprocess.DEVNULL
    )
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process, peak))
    watcher.start()
    code = process.wait()
    watcher.join()
    if code:
        raise RuntimeError(f"the import ended with {code}")
    return time.perf_counter() - start, peak[0]


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            return
        fields = dict(entry.split(":", 1) for entry in status.splitlines() if ":" in entry)
        peak[0] = max(peak[0], int(fields.get("RssAnon", "0 kB").split()[0]) * 1024)
        time.sleep(0.2)


if __name__ == "__main__":
    main()
