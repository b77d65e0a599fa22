"""B9: an import through the servers, end to end, against the sum of what it cannot do without, over the same files in one run.

    python -m benchmarks.b9_production_import [--files DIR | --count 2000] [--rounds 5]

The import: two worker processes, until every document is archived and searchable. What it cannot do without, each bare and in
two processes: reading and hashing the files; the PUTs of originals, records and texts; extraction with the same readers and the
same Tika; the bulk requests with the same documents, and one refresh. Goal: bare ÷ import at least 0.8.

The servers are those of the tests: MINUTIER_TEST_MINIO, …_ELASTICSEARCH, …_TIKA, …_RABBITMQ, …_POSTGRES (`make servers`).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.commands import MINUTIER, Cost, line, run
from benchmarks.laid_out import lay_out_bulk, lay_out_objects
from benchmarks.mixed_files import mixed_files
from tests.support.command import Minutier
from tests.support.on_servers import archive_on_servers, workers

PROCESSES = 2
GOAL = 0.8
STAGES = ("hash", "put", "read", "bulk")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=Path)
    options.add_argument("--count", type=int, default=2000)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as held:
        work = Path(scratch)
        files = given.files or mixed_files(work / "files", given.count)
        count = sum(1 for path in files.rglob("*") if path.is_file())
        bare = held.enter_context(_bare_places(work))
        costs: dict[str, list[Cost]] = {name: [] for name in ("import", *STAGES)}
        _import(work / "first", files, lay_out=work / "laid", target=bare)  # laid out, and not counted: all caches are warm
        for number in range(given.rounds):
            costs["import"].append(_import(work / f"round{number}", files))
            for stage in STAGES:
                costs[stage].append(_stage(stage, files if stage in ("hash", "read") else work / "laid" / stage, bare, work))
        _print(costs, count)


def _print(costs: Mapping[str, list[Cost]], count: int) -> None:
    for name, found in costs.items():
        print(line(name if name == "import" else f"  bare {name}", found, count))
    ratios = [sum(costs[stage][number].wall for stage in STAGES) / whole.wall for number, whole in enumerate(costs["import"])]
    print(
        f"bare ÷ import: {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f} in {len(ratios)} rounds; goal {GOAL})"
    )


def _import(home: Path, files: Path, lay_out: Path | None = None, target: Mapping[str, str] | None = None) -> Cost:
    """Into a new archive, with workers that run already; the time is that of the command, which ends when all is searchable."""
    home.mkdir()
    with archive_on_servers(home / "archive") as archive, workers(archive, "--processes", str(PROCESSES)):
        archive.run("import", *_one_sample(home), code=0)  # workers are up, and have met every server
        cost = run([*MINUTIER, "import", str(files)], archive.environment, codes=(0, 3))
        if lay_out is not None and target is not None:
            _lay_out(archive, lay_out, target)
    return cost


def _one_sample(home: Path) -> list[str]:
    sample = home / "sample"
    sample.mkdir()
    (sample / "letter.rtf").write_text("{\\rtf1\\ansi\\pard a letter\\par}")
    return [str(sample)]


def _lay_out(archive: Minutier, folder: Path, target: Mapping[str, str]) -> None:
    from archiver.adapters.index.elastic_address import address_of
    from archiver.bootstrap.archive import Archive

    os.environ.update({name: value for name, value in archive.environment.items() if name.startswith("MINUTIER_")})
    with Archive(archive.home) as opened:
        lay_out_objects(opened, folder / "put")
        lay_out_bulk(opened, folder / "bulk", f"{address_of(target['MINUTIER_INDEX_URL']).prefix}-1-in")


@contextmanager
def _bare_places(work: Path) -> Iterator[dict[str, str]]:
    """Buckets and an index for the bare stages, gone at the end: those of an archive that nothing is imported into."""
    with archive_on_servers(work / f"bare-{uuid.uuid4().hex[:6]}", broker="") as archive:
        yield {name: value for name, value in archive.environment.items() if name.endswith("_URL")}


def _stage(stage: str, material: Path, places: Mapping[str, str], work: Path) -> Cost:
    """One stage in two processes. What it wrote the round before is no help: objects get new versions, the index is made anew."""
    if stage == "bulk":
        _new_index(places)
    files = sorted(path for path in material.rglob("*") if path.is_file())
    cost = _in_processes(stage, [files[number::PROCESSES] for number in range(PROCESSES)], places, work)
    return cost if stage != "bulk" else _with_refresh(cost, places)


def _in_processes(stage: str, shares: Sequence[Sequence[Path]], places: Mapping[str, str], work: Path) -> Cost:
    """Wall seconds from the moment all are ready until the last is done, CPU seconds of all."""
    root = Path(__file__).resolve().parents[1]
    environment = {**os.environ, **places, "TMPDIR": str(work), "PYTHONPATH": str(root)}
    running = []
    for number, share in enumerate(shares):
        names = work / f"names-{number}"
        names.write_bytes(b"\0".join(os.fsencode(path) for path in share))
        command = [sys.executable, "-m", "benchmarks.bare_stages", stage, str(names)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        running.append(subprocess.Popen(command, env=environment, cwd=root, text=True, **pipes))
    for process in running:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"bare {stage} did not start")
    start = time.perf_counter()
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.stdout.readline() for process in running]
    wall = time.perf_counter() - start
    if any(process.wait() for process in running):
        raise RuntimeError(f"bare {stage} failed")
    return Cost(wall, sum(map(float, said)), 0)


def _new_index(places: Mapping[str, str]) -> None:
    from archiver.adapters.index.elastic import ElasticsearchIndex

    index = ElasticsearchIndex(places["MINUTIER_INDEX_URL"], writable=True)
    index.discard()
    index.commit(0)
    index.close()


def _with_refresh(cost: Cost, places: Mapping[str, str]) -> Cost:
    from archiver.adapters.index.elastic import ElasticsearchIndex

    index = ElasticsearchIndex(places["MINUTIER_INDEX_URL"], writable=True)
    start = time.perf_counter()
    index.commit(0)
    index.close()
    return Cost(cost.wall + time.perf_counter() - start, cost.cpu, cost.peak)


if __name__ == "__main__":
    main()
