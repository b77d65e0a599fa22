"""B2: CPU of the whole import ÷ CPU of the bare reading with the same readers, over the same files in one run.

    python -m benchmarks.b2_overhead [--files DIR | --count 2000] [--rounds 5] [--readers on|off] [--tika URL]

Bare reading runs the engine in two processes over the files and throws the results away. With --tika, Tika is the server at
URL, on this host, and its CPU is counted on both sides; it has read all files once before. --readers off --tika URL is B2 over Tika.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.commands import Cost, interleaved, line, minutier, ratio, run
from benchmarks.mixed_files import mixed_files
from benchmarks.server_cpu import server_cpu

_BARE = """
import sys
from pathlib import Path
from archiver.adapters.extraction import {engine} as engine
from archiver.domain.extraction import ExtractionTask, Limits
limits = Limits()
options = {{}}
if {tika!r}:
    from archiver.adapters.extraction.frames import Setup
    from archiver.adapters.extraction.tika_server import tika_server
    options["by_tika"] = tika_server(Setup(limits, {tika!r}, 60.0, {shared!r}), lambda: None).read
for path in filter(None, sys.stdin.read().split("\\0")):
    for _ in engine.run(ExtractionTask("x", Path(path), Path(path).name, Path(path).stat().st_size), limits, **options):
        pass
"""


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=Path)
    options.add_argument("--count", type=int, default=2000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--readers", choices=["on", "off"], default="on")
    options.add_argument("--tika", default="")
    given = options.parse_args()
    os.environ |= {"MINUTIER_READERS": given.readers, "MINUTIER_TIKA_URL": given.tika}
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        files = given.files or mixed_files(work / "files", given.count)
        count = sum(1 for path in files.rglob("*") if path.is_file())
        if given.tika:
            _bare(work, files, given.readers, given.tika)
        whole, bare = interleaved(
            given.rounds,
            lambda: _with_server(given.tika, lambda: _import(work, files)),
            lambda: _with_server(given.tika, lambda: _bare(work, files, given.readers, given.tika)),
        )
        print(line("minutier import", whole, count))
        print(line(f"bare reading (readers {given.readers})", bare, count))
        print(f"CPU of the import ÷ CPU of bare reading: {ratio(whole, bare, 'cpu'):.2f}")


def _import(work: Path, files: Path) -> Cost:
    home = work / "archive"
    shutil.rmtree(home, ignore_errors=True)
    minutier(home, "init")
    return minutier(home, "import", str(files), "--workers", "2")


def _with_server(tika: str, once: Callable[[], Cost]) -> Cost:
    """The cost with the server's part in it."""
    if not tika:
        return once()
    before = server_cpu(tika)
    cost = once()
    return replace(cost, cpu=cost.cpu + server_cpu(tika) - before)


def _bare(work: Path, files: Path, readers: str, tika: str = "") -> Cost:
    program = work / "bare.py"
    program.write_text(_BARE.format(engine="engine" if readers == "on" else "tika_only", tika=tika, shared=os.fsencode(work)))
    script = f"find {files} -type f -print0 | split -t '\\0' -n r/2 --filter='{sys.executable} {program}'"
    return run(["sh", "-c", script], {"PYTHONPATH": str(Path.cwd())})


if __name__ == "__main__":
    main()
