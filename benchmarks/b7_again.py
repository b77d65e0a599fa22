"""B7: an unchanged re-import against the first one, and `verify` against `sha256sum` over the same originals.

python -m benchmarks.b7_again [--files DIR | --count 2000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from benchmarks.commands import interleaved, line, minutier, ratio, run
from benchmarks.mixed_files import mixed_files


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=Path)
    options.add_argument("--count", type=int, default=2000)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        files, home = given.files or mixed_files(work / "files", given.count), work / "archive"
        count = sum(1 for path in files.rglob("*") if path.is_file())
        minutier(home, "init")
        first = minutier(home, "import", str(files))
        stat, rehash, verify, sums, start = interleaved(
            given.rounds,
            lambda: minutier(home, "import", str(files)),
            lambda: minutier(home, "import", str(files), "--rehash"),
            lambda: minutier(home, "verify"),
            lambda: run(["sh", "-c", f"find {home}/objects -type f -print0 | xargs -0 sha256sum >/dev/null"]),
            lambda: minutier(home, "batch", "list"),
        )
        print(line("first import", [first], count))
        for name, costs in {
            "again, by stat": stat,
            "again, by hash": rehash,
            "verify": verify,
            "sha256sum": sums,
            "start-up": start,
        }.items():
            print(line(name, costs, count))
        for name, costs in {"by stat": stat, "by hash": rehash}.items():
            print(f"first import ÷ re-import {name}: {first.wall / statistics.median(c.wall for c in costs):.1f}")
        print(f"verify's rate ÷ sha256sum's over every stored file: {1 / ratio(verify, sums):.2f}")


if __name__ == "__main__":
    main()
