"""`--json` may be written anywhere: every command has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.cli.main import arguments
from tests.support.command import Minutier


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (["search", "x", "--json"], ["--json", "search", "x"]),
        (["--json", "search", "x", "--json"], ["--json", "search", "x"]),
        (["search", "--", "--json"], ["search", "--", "--json"]),
        ([], []),
    ],
)
def test_json_comes_first(given: list[str], taken: list[str]) -> None:
    assert arguments(given) == taken


def test_an_emptied_catalogue_is_damaged_not_out_of_reach(tmp_path: Path) -> None:
    minutier = Minutier(tmp_path / "archive")
    minutier.run("init")
    for path in minutier.home.glob("catalog.sqlite*"):
        path.unlink()
    (minutier.home / "catalog.sqlite").touch()
    minutier.run("batch", "list", "--json", code=4)
