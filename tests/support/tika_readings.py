"""Reads files with Tika in a process of its own: it empties PATH and holds the interpreter lock.

python -m tests.support.tika_readings < PATHS > READINGS.jsonl
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TikaReading:
    """What Tika alone found."""

    text: str
    metadata: dict[str, list[str]]
    outcome: str


def tika_readings(paths: list[Path]) -> dict[Path, TikaReading]:
    """One reading a file, by one child for all of them."""
    child = subprocess.run(
        [sys.executable, "-m", __name__],
        input="".join(f"{path}\n" for path in paths),
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    return {path: TikaReading(**json.loads(line)) for path, line in zip(paths, child.stdout.splitlines(), strict=True)}


def main() -> None:
    """Answer a line for each path on stdin."""
    from archiver.adapters.extraction import tika
    from archiver.adapters.extraction.detect import media_type
    from archiver.adapters.extraction.source import Source

    for line in sys.stdin:
        path = Path(line.rstrip("\n"))
        reading = tika.read(Source(path, path.name, path.stat().st_size, media_type(path, path.name)))
        print(json.dumps({"text": reading.text, "metadata": reading.metadata, "outcome": reading.outcome}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
