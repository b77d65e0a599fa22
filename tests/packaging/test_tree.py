"""What is committed: no address of an index, no path of somebody's machine, pins that fit the project, arrows that hold."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.test_wheel import ROOT, tracked

INDEXES = rb"pythonhosted|index-url\b|--find-links"
SPEAKS_OF_THEM = {"tests/packaging/test_tree.py"}
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.M)


def pins(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return {canonicalize_name(package): version for package, version in PINNED.findall(text)}


def project() -> dict[str, list[str]]:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        "run": data["project"]["dependencies"],
        "dev": data["dependency-groups"]["dev"],
        "build": data["build-system"]["requires"],
    }


def elsewhere() -> re.Pattern[bytes]:
    """Addresses of indexes, and the paths of this very machine where they are long enough to be nobody else's."""
    here = {ROOT, Path(sys.prefix), Path.home()}
    return re.compile(b"|".join([INDEXES, *(re.escape(str(path)).encode() for path in here if len(path.parts) > 2)]))


def test_no_tracked_file_names_a_machine_or_an_index() -> None:
    pattern = elsewhere()
    text = (p for p in sorted(tracked(".")) if p not in SPEAKS_OF_THEM and not p.startswith("tests/samples/files/"))
    found = [(path, hit.group().decode()) for path in text for hit in [pattern.search((ROOT / path).read_bytes())] if hit]
    assert found == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-build.txt"])
def test_pins_have_hashes_and_no_address(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if "://" in line or " @ " in line or line.startswith("-")]
    entries = "\n".join(lines).replace("\\\n", " ").splitlines()
    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


NEEDS = [
    ("run", "requirements.txt"),
    ("run", "requirements-dev.txt"),
    ("dev", "requirements-dev.txt"),
    ("build", "requirements-build.txt"),
]


@pytest.mark.parametrize(("need", "name"), NEEDS)
def test_pins_satisfy_the_project(need: str, name: str) -> None:
    pinned = pins(name)
    for wanted in map(Requirement, project()[need]):
        version = pinned.get(canonicalize_name(wanted.name))
        assert version is not None, f"{wanted.name} is not pinned in {name}: run make requirements"
        assert wanted.specifier.contains(version, prereleases=True), f"{wanted} against {version}: run make requirements"


def test_development_uses_the_versions_people_run() -> None:
    everyday, development = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {name: development.get(name) for name in everyday} == everyday


def test_arrows_hold() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", done.stdout)
