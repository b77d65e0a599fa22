"""B11: very many small documents through the servers: is the last thousand as quick as the first, and does memory stay flat?

    python -m benchmarks.b11_steady [--documents 100000] [--processes 2]

One import of small text files, read by worker processes, on the servers of the tests (`make servers`). Every few seconds: how many
documents are archived, and the anonymous memory of the importer, of the workers with their children, and of the broker. Says the rate
in the last tenth against the one in the first (after a warm-up of a twentieth), and each memory at the end against that at a fifth.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

from tests.support.on_servers import archive_on_servers, workers

EVERY = 2.0
FOLDER = 1_000
WORDS = (
    "facture",
    "chauffage",
    "bail",
    "copie",
    "garantie",
    "meter",
    "payment",
    "claim",
    "notaire",
    "délai",
    "annexe",
    "warranty",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A moment of the import. `memory`: megabytes of anonymous memory by part."""

    seconds: float
    documents: int
    memory: dict[str, float]


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--documents", type=int, default=100_000)
    options.add_argument("--processes", type=int, default=2)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = small_texts(folder / "files", given.documents)
        with archive_on_servers(folder / "host") as minutier, workers(minutier, "--processes", str(given.processes)) as parent:
            importer = minutier.start("import", str(files), "--batch", "steady")
            samples = list(_watch(minutier.environment["MINUTIER_CATALOG_URL"], importer, parent.pid))
            importer.communicate()
    _print(samples, given.documents)


def small_texts(folder: Path, count: int) -> Path:
    """Files of about a kilobyte, none like another."""
    for number in range(count):
        place = folder / f"{number // FOLDER:04}"
        if number % FOLDER == 0:
            place.mkdir(parents=True)
        words = [WORDS[(number * 7 + step * (1 + number % 11)) % len(WORDS)] for step in range(120)]
        (place / f"{number:07}.txt").write_text(f"Pièce {number}\n" + " ".join(words) + "\n", "utf-8")
    return folder


def _watch(url: str, importer: subprocess.Popen[bytes], parent: int) -> Iterator[Sample]:
    engine = create_engine(url)
    started = time.monotonic()
    while importer.poll() is None:
        with engine.connect() as connection:
            archived = connection.execute(text("SELECT count(*) FROM documents WHERE state <> 'received'")).scalar_one()
        yield Sample(time.monotonic() - started, int(archived), _memory(importer.pid, parent))
        time.sleep(EVERY)
    engine.dispose()


def _memory(importer: int, parent: int) -> dict[str, float]:
    found = {"importer": _anonymous(importer), "workers": 0.0, "broker": 0.0}
    families = {parent}
    processes = sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    for process in processes:
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rsplit(") ", 1)[1].split()
            command = Path(f"/proc/{process}/cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) in families:
            families.add(process)
            found["workers"] += _anonymous(process)
        elif b"beam.smp" in command.split(b"\0")[0]:
            found["broker"] += _anonymous(process)
    return found


def _anonymous(process: int) -> float:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    return next((int(row.split()[1]) / 1024 for row in status.splitlines() if row.startswith("RssAnon")), 0.0)


def _rate(samples: list[Sample], low: float, high: float) -> float:
    chosen = [sample for sample in samples if low <= sample.documents <= high]
    if len(chosen) < 2:
        return float("nan")
    return (chosen[-1].documents - chosen[0].documents) / (chosen[-1].seconds - chosen[0].seconds)


def _print(samples: list[Sample], count: int) -> None:
    first, last = _rate(samples, 0.05 * count, 0.15 * count), _rate(samples, 0.88 * count, 0.98 * count)
    print(f"{count:,} documents in {samples[-1].seconds:,.0f} s")
    print(f"rate from 5 to 15 %: {first:.1f}/s, from 88 to 98 %: {last:.1f}/s; end ÷ start {last / first:.2f} (goal 0.9)")
    for part in samples[0].memory:
        early = _median(samples, part, 0.15 * count, 0.25 * count)
        late = _median(samples, part, 0.9 * count, count)
        print(
            f"anonymous memory, {part}: {early:.0f} MB at a fifth, {late:.0f} MB at the end; {late / early:.2f} × (flat: at most 1.1)"
        )


def _median(samples: list[Sample], part: str, low: float, high: float) -> float:
    return statistics.median([sample.memory[part] for sample in samples if low <= sample.documents <= high] or [float("nan")])


if __name__ == "__main__":
    main()
