"""The `minutier` command as a process of its own, on an archive in a temporary folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-c", "from archiver.cli.main import main; main()")
ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "samples" / "files"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of the command left."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Minutier:
    """One archive, used through the command line only."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.environment = {**os.environ, "MINUTIER_HOME": str(home), "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **settings}

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """A run that goes on while the test does."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen([*COMMAND, *arguments], env=self.environment, **pipes)

    def run(self, *arguments: str | Path, code: int | None = 0, stdin: bytes | None = None, cwd: Path | None = None) -> Ran:
        """A run to its end; `code` is what it must exit with (None: anything)."""
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            env=self.environment,
            input=stdin,
            capture_output=True,
            cwd=cwd,
            timeout=240,
            check=False,
        )
        ran = Ran(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
        assert code is None or ran.code == code, f"exit {ran.code}, not {code}\n{ran.out[-3000:]}\n{ran.err[-3000:]}"
        return ran

    def ids(self) -> dict[str, str]:
        """Path -> id of every document."""
        return {row["path"]: row["id"] for row in self.run("export").rows}
