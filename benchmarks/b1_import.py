"""B1 and the floor: bulk import against `recollindex` and against `tar` + `sha256sum`, over the same files in one run.

    python -m benchmarks.b1_import [--files DIR | --count 2000] [--rounds 5]

Without --files a mixed corpus is made (see benchmarks/mixed_files.py). recollindex keeps no originals; it indexes the same
files with its default settings, less a spell checker. Debian's packages are `recollcmd`, `poppler-utils`, `xsltproc`,
`unrtf` and `antiword`; what it says it lacks is printed, since it is quick at what it doesn't read. Without it only the floor is measured.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from benchmarks.commands import Cost, interleaved, line, minutier, ratio, run
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
        files = given.files or mixed_files(work / "files", given.count)
        count = sum(1 for path in files.rglob("*") if path.is_file())
        runs = {"minutier import": lambda: _import(work, files), "tar + sha256sum (the floor)": lambda: _floor(work, files)}
        if shutil.which("recollindex"):
            runs["recollindex"] = lambda: _recoll(work, files)
        costs = dict(zip(runs, interleaved(given.rounds, *runs.values()), strict=True))
        for name, found in costs.items():
            print(line(name, found, count))
        for name in list(runs)[1:]:
            faster = 1 / ratio(costs["minutier import"], costs[name])
            print(
                f"minutier's rate ÷ that of {name}: {faster:.2f} (CPU: {1 / ratio(costs['minutier import'], costs[name], 'cpu'):.2f})"
            )


def _import(work: Path, files: Path) -> Cost:
    home = work / "archive"
    shutil.rmtree(home, ignore_errors=True)
    minutier(home, "init")
    return minutier(home, "import", str(files))


def _floor(work: Path, files: Path) -> Cost:
    out = work / "floor.tar"
    out.unlink(missing_ok=True)
    script = f"tar -cf {out} -C {files} . && find {files} -type f -print0 | xargs -0 sha256sum >{work}/sums && sync {out}"
    return run(["sh", "-c", script])


def _recoll(work: Path, files: Path) -> Cost:
    config = work / "recoll"
    shutil.rmtree(config, ignore_errors=True)
    config.mkdir()
    (config / "recoll.conf").write_text(f"topdirs = {files}\nnoaspell = 1\ncachedir = {config}\n")
    cost = run(["recollindex", "-c", str(config), "-z"], codes=(0, 1))
    lacking = config / "missing"
    if lacking.exists() and lacking.read_text().strip():
        print(f"recollindex lacks helpers, and did not read what needs them: {lacking.read_text().strip()}")
    return cost


if __name__ == "__main__":
    main()
