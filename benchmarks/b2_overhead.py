"""B2: CPU of the whole import ÷ CPU of the bare reading with the same readers, over the same files in one run.

    python -m benchmarks.b2_overhead [--files DIR | --count 2000] [--rounds 5] [--readers on|off]

Bare reading runs the engine in two processes over the files and throws the results away.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.commands import Cost, interleaved, line, minutier, ratio, run
from benchmarks.mixed_files import mixed_files

_BARE = """
import sys
from pathlib import Path
from archiver.adapters.extraction import {engine} as engine
from archiver.domain.extraction import ExtractionTask, Limits
limits = Limits()
for path in filter(None, sys.stdin.read().split("\\0")):
    for _ in engine.run(ExtractionTask("x", Path(path), Path(path).name, Path(path).stat().st_size), limits):
        pass
"""


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=Path)
    options.add_argument("--count", type=int, default=2000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--readers", choices=["on", "off"], default="on")
    given = options.parse_args()
    os.environ["MINUTIER_READERS"] = given.readers
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        files = given.files or mixed_files(work / "files", given.count)
        count = sum(1 for path in files.rglob("*") if path.is_file())
        whole, bare = interleaved(given.rounds, lambda: _import(work, files), lambda: _bare(work, files, given.readers))
        print(line("minutier import", whole, count))
        print(line(f"bare reading (readers {given.readers})", bare, count))
        print(f"CPU of the import ÷ CPU of bare reading: {ratio(whole, bare, 'cpu'):.2f}")


def _import(work: Path, files: Path) -> Cost:
    home = work / "archive"
    shutil.rmtree(home, ignore_errors=True)
    minutier(home, "init")
    return minutier(home, "import", str(files), "--workers", "2")


def _bare(work: Path, files: Path, readers: str) -> Cost:
    program = work / "bare.py"
    program.write_text(_BARE.format(engine="engine" if readers == "on" else "tika_only"))
    script = f"find {files} -type f -print0 | split -t '\\0' -n r/2 --filter='{sys.executable} {program}'"
    return run(["sh", "-c", script], {"PYTHONPATH": str(Path.cwd())})


if __name__ == "__main__":
    main()
