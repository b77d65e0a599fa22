"""Reads every file of the real-file corpus and writes results that the corpus' own `score.py` scores.

    python benchmarks/score_readers.py RESULTS.jsonl [--corpus DIR] [--tika-only] [--one-file]

Each file is read in a child process that can be killed, so that a crash, a hang or a runaway is seen and named. With containers
walked (the default), the text of members is folded into the line of the original that holds them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import select
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STATUS = {"complete": "ok", "crashed": "crash"}
DEADLINE = 120.0
MEMORY = 3 * 1024**3


def main() -> None:
    """Run, print where the CPU time went, leave the results in a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--corpus", type=Path, default=Path(os.environ.get("MINUTIER_CORPUS", ROOT.parent / "shared" / "corpus")))
    parser.add_argument("--tika-only", action="store_true")
    parser.add_argument("--one-file", action="store_true", help="do not walk containers")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        serve(options)
    else:
        run(options)


def run(options: argparse.Namespace) -> None:
    paths = [json.loads(line)["path"] for line in (options.corpus / "manifest.jsonl").read_text("utf-8").splitlines()]
    spent: dict[str, list[float]] = defaultdict(list)
    with options.results.open("w", encoding="utf-8") as out:
        child = Child(options)
        for path in paths:
            answer = child.read(path)
            spent[f"{answer.get('tool')}  {answer.get('media_type', '')[:60]}"].append(answer.get("ms", 0.0))
            out.write(json.dumps(answer, ensure_ascii=False) + "\n")
        child.close()
    for tool, times in sorted(spent.items()):
        times.sort()
        print(f"{len(times):4} files  median {times[len(times) // 2]:8.2f} ms  max {times[-1]:9.2f} ms  {tool}")


class Child:
    """A reading process, replaced when it dies or does not answer in time."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._command = [sys.executable, __file__, "unused", "--child", "--corpus", str(options.corpus)]
        self._command += ["--tika-only"] * options.tika_only + ["--one-file"] * options.one_file
        self._process: subprocess.Popen[str] | None = None

    def read(self, path: str) -> dict[str, Any]:
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(path) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], DEADLINE)
        line = process.stdout.readline() if ready else ""
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        process.kill()
        code = process.wait()
        self._process = None
        return {"path": path, "text": "", "metadata": {}, "status": "crash" if ready else "timeout", "error": f"exit {code}"}

    def _start(self) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )
        return self._process

    def close(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()


def serve(options: argparse.Namespace) -> None:
    """The child: a path a line in, a result a line out."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        path = json.loads(line)
        begun = time.process_time()
        answer = read(options.corpus / "files" / path, options)
        answer |= {"path": path, "ms": (time.process_time() - begun) * 1000}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def read(file: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Result of one original, with its members' text folded in unless asked not to."""
    from archiver.adapters.extraction.extract import extract
    from archiver.domain.extraction import Extraction, ExtractionTask, Found, Limits

    limits = Limits()
    texts: list[str] = []
    if options.one_file:
        found: Extraction = extract(file, file.name, limits=limits, readers=not options.tika_only)
        texts.append(found.text)
    else:
        from archiver.adapters.extraction.engine import run as walk

        for event in walk(ExtractionTask("", file, file.name, file.stat().st_size), limits):
            if isinstance(event, Found):
                texts.append(event.extraction.text)
                found = event.extraction
    return {
        "text": "\n".join(texts),
        "metadata": found.metadata | {key: [value] for key, value in found.summary.items()},
        "status": STATUS.get(found.outcome, str(found.outcome)),
        "error": found.reason,
        "tool": found.tool,
        "media_type": found.media_type,
        "language": found.language,
    }


if __name__ == "__main__":
    main()
