"""The tutorial works: every console block of it is run, in order, in one folder, and its output compared."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIALS = sorted((ROOT / "docs" / "tutorial").glob("*.md"))
SAMPLES = ROOT / "tests" / "samples" / "files"

_PATH = os.environ["PATH"]  # as it is before any test: reading in the same process empties it
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.M | re.S)
_VARYING = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "DIGEST"),
    (re.compile(r"\b\d{8}-\d{6}\b"), "BATCH"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d| UTC)?"), "TIME"),
    (re.compile(r"\b\d+([.,]\d+)? ?(kB|MB|GB|ms|s)\b"), "AMOUNT"),
)


@dataclass(frozen=True)
class Step:
    """A command as shown (`$ `, further lines `> `), and the lines shown under it. `…` in a line stands for anything."""

    command: str
    shown: tuple[str, ...]


def steps(page: str) -> Iterator[Step]:
    """The commands of a page's console blocks, in order."""
    for block in _BLOCK.findall(page):
        lines = block.splitlines()
        starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
        for begin, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            more = list(takewhile(lambda line: line.startswith(">"), lines[begin + 1 : end]))
            command = "\n".join([lines[begin][2:], *(line[2:] for line in more)])
            yield Step(command, tuple(line.rstrip() for line in lines[begin + 1 + len(more) : end] if line.strip()))


def pattern(line: str) -> re.Pattern[str]:
    """What a shown line stands for: `…` is anything, spacing is free, what differs from run to run is left open."""
    for varying, name in _VARYING:
        line = varying.sub(name, line)
    parts = [r"\s+".join(re.escape(word) for word in part.split()) for part in line.split("…")]
    return re.compile(r"\s*.*?\s*".join(parts))


def fixed(line: str) -> str:
    """A line that was really printed, with what differs from run to run left open."""
    for varying, name in _VARYING:
        line = varying.sub(name, line)
    return " ".join(line.split())


def missing(step: Step, printed: str) -> list[str]:
    """Shown lines that were not printed, or not in that order."""
    actual = iter([fixed(line) for line in printed.splitlines()])
    return [line for line in step.shown if line.strip() != "…" and not any(pattern(line).search(one) for one in actual)]


def run(page: Path, folder: Path) -> None:
    """Run all steps of a page in `folder`, which gets the samples as `dossier`.

    Raises:
        AssertionError: a command printed something else than the page shows.
    """
    shutil.copytree(SAMPLES, folder / "dossier", dirs_exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MINUTIER_")}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{_PATH}",
        "COLUMNS": "120",
        "LC_ALL": "C.UTF-8",
    }
    environment |= {"HOME": str(folder), "NO_COLOR": "1"}
    shown = list(steps(page.read_text(encoding="utf-8")))
    outputs = _outputs([step.command for step in shown], folder, environment)
    wrong = [
        f"$ {step.command}\nnot printed: {lost}\nprinted:\n{printed}"
        for step, printed in zip(shown, outputs, strict=True)
        if (lost := missing(step, printed)) or "Traceback" in printed
    ]
    assert not wrong, f"{page.name}:\n" + "\n".join(wrong)


def _outputs(commands: list[str], folder: Path, environment: dict[str, str]) -> list[str]:
    """What each command printed, all of them typed into one shell."""
    script = "\n".join(f"printf '\\036'\n{command}" for command in commands)
    joined = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, timeout=280, check=False, **joined)
    outputs = done.stdout.decode("utf-8", "replace").split("\036")[1:]
    return outputs + [""] * (len(commands) - len(outputs))


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_every_command_of_a_tutorial_does_what_it_shows(page: Path, tmp_path: Path) -> None:
    if not (Path(sys.executable).parent / "minutier").exists():
        pytest.skip("minutier is not installed beside this interpreter: `make test` installs it")
    assert list(steps(page.read_text(encoding="utf-8"))), "no console block in the tutorial"
    run(page, tmp_path)


@pytest.mark.parametrize(
    ("shown", "printed", "fits"),
    [
        ("3 documents", "  3   documents", True),
        ("3 documents", "4 documents", False),
        ("took … in all", "took 3 eternities in all", True),
        ("id 00000000-0000-8000-8000-000000000000", "id 12345678-1234-8234-8234-123456789abc", True),
        ("first", "second", False),
    ],
)
def test_comparison_is_loose_where_it_should_be(shown: str, printed: str, fits: bool) -> None:
    assert (missing(Step("true", (shown,)), printed) == []) is fits


def test_comparison_keeps_the_order() -> None:
    assert missing(Step("true", ("one", "two")), "two\none") == ["two"]
