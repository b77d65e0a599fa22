"""The `minutier` command as a process of its own, on an archive in a temporary folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.loaded_program import ROOT, loaded_program

COMMAND = (sys.executable, "-c", "from archiver.cli.main import main; main()")
SAMPLES = ROOT / "tests" / "samples" / "files"
_SECONDS = 240


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
        done = self._done([*map(str, arguments)], stdin, cwd or Path.cwd())
        ran = Ran(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
        assert code is None or ran.code == code, f"exit {ran.code}, not {code}\n{ran.out[-3000:]}\n{ran.err[-3000:]}"
        return ran

    def _done(self, arguments: list[str], stdin: bytes | None, folder: Path) -> subprocess.CompletedProcess[bytes]:
        program = loaded_program()
        if stdin is None and program.suits(self.environment):
            return program.run(arguments, environment=self.environment, folder=folder, seconds=_SECONDS)
        command = [*COMMAND, *arguments]
        return subprocess.run(
            command, env=self.environment, input=stdin, capture_output=True, cwd=folder, timeout=_SECONDS, check=False
        )

    def ids(self) -> dict[str, str]:
        """Path -> id of every document."""
        return {row["path"]: row["id"] for row in self.run("export").rows}
