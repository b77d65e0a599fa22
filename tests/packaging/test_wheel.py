"""The wheel: exactly our three packages, installable alone, the owner of its three names."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("archiver", "retention", "workers")
_ENVIRONMENT = dict(os.environ)  # as it is before any test: reading in the same process empties PATH


def tracked(*folders: str) -> set[str]:
    """Paths git knows below `folders`, or all there are when this is not a clone."""
    found = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--", *folders], capture_output=True, check=False, env=_ENVIRONMENT
    )
    if found.returncode == 0 and found.stdout:
        return {path for path in found.stdout.decode().split("\0") if path and (ROOT / path).exists()}
    return {
        p.relative_to(ROOT).as_posix()
        for f in folders
        for p in (ROOT / f).rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the working tree without any network."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


def contents(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_holds_our_packages_and_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in contents(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_holds_every_tracked_file_of_them(wheel: Path) -> None:
    assert tracked(*PACKAGES) <= set(contents(wheel))


def test_carries_licence_and_read_me(wheel: Path) -> None:
    names = [name.split("/", 1)[-1] for name in contents(wheel)]
    assert "licenses/LICENSE" in names
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(next(name for name in archive.namelist() if name.endswith("/METADATA"))).decode()
    assert "Name: minutier\n" in metadata
    assert (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[0] in metadata


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with the wheel alone in it."""
    pytest.importorskip("pip", reason="pip is needed to install the wheel: `make test` has it")
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return python


def said(python: Path, code: str, cwd: Path) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run([python, "-c", code], cwd=cwd, env=clean, capture_output=True, text=True, check=True).stdout


def test_owns_its_three_names(installed: Path, tmp_path: Path) -> None:
    code = (
        "import importlib.metadata as m; "
        f"print([sorted(set(m.packages_distributions()[name])) for name in {PACKAGES!r}]); "
        "import archiver, retention, workers; print(archiver.__file__)"
    )
    owners, where = said(installed, code, tmp_path).splitlines()
    assert owners == str([["minutier"]] * 3)
    assert Path(where).is_relative_to(installed.parents[1])


def test_installs_the_command(installed: Path) -> None:
    script = installed.parent / "minutier"
    assert os.access(script, os.X_OK)
    assert "archiver.cli.main" in script.read_text(encoding="utf-8")


def test_command_tells_its_version(tmp_path: Path) -> None:
    script = Path(sys.executable).parent / "minutier"
    if not script.exists():
        pytest.skip("minutier is not installed beside this interpreter: `make test` installs it")
    done = subprocess.run([script, "--version"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0].startswith("minutier")
