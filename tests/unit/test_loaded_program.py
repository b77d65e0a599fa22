"""A fork of the loaded program does what a process started for the command does."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.command import COMMAND, Minutier
from tests.support.loaded_program import LoadedProgram, loaded_program

COMMANDS = (
    ("--help",),
    ("config", "show"),
    ("nosuch",),
    ("search", "x"),
    ("--json", "search", "x"),
    ("init", "--nosuch"),
    ("import", "--help"),
)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_it_says_the_same_with_the_same_code(arguments: tuple[str, ...], tmp_path: Path) -> None:
    minutier = Minutier(tmp_path / "none", MINUTIER_LEASE_SECONDS="77")
    ours = minutier.run(*arguments, code=None, cwd=tmp_path)
    theirs = subprocess.run([*COMMAND, *arguments], env=minutier.environment, capture_output=True, cwd=tmp_path, check=False)
    assert (ours.code, ours.out, ours.err) == (theirs.returncode, theirs.stdout.decode(), theirs.stderr.decode())
    assert ours.out or ours.err


def test_each_has_an_environment_and_a_folder_of_its_own(tmp_path: Path) -> None:
    """Many at once, none with what another or this process has."""

    def made(number: int) -> bool:
        folder = tmp_path / str(number)
        folder.mkdir()
        minutier = Minutier(Path("here"), MINUTIER_LEASE_SECONDS=str(40 + number))
        minutier.run("init", cwd=folder)
        assert f'"value": {40 + number}.0' in minutier.run("--json", "config", "show", cwd=folder).out
        return (folder / "here" / "catalog.sqlite").exists()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(made, range(4))) == [True] * 4
    assert not Path("here").exists()
    assert "MINUTIER_HOME" not in os.environ


def test_nothing_is_left_of_the_environment_it_was_loaded_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINUTIER_LEASE_SECONDS", "55")
    program = LoadedProgram()
    monkeypatch.delenv("MINUTIER_LEASE_SECONDS")
    environment = Minutier(tmp_path / "none").environment
    done = program.run(["--json", "config", "show"], environment=environment, folder=tmp_path, seconds=60)
    program.close()
    origins = {row["setting"]: row["origin"] for row in map(json.loads, done.stdout.splitlines())}
    assert origins["lease_seconds"] == "default"


def test_one_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    minutier = Minutier(tmp_path / "archive")
    with pytest.raises(subprocess.TimeoutExpired):
        loaded_program().run(["init"], environment=minutier.environment, folder=tmp_path, seconds=0)
    minutier.run("--help")


def test_what_an_interpreter_reads_when_it_starts_asks_for_a_new_one() -> None:
    program = loaded_program()
    assert program.suits(Minutier(Path("x")).environment)
    assert not program.suits({**Minutier(Path("x")).environment, "PYTHONHASHSEED": "7"})
    assert not program.suits({**Minutier(Path("x")).environment, "LC_ALL": "C"})
