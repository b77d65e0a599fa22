"""What somebody named by --as can learn through any command: nothing of documents that its groups may not read."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.cli.main import COMMANDS
from tests.support.command import Minutier

SCOPED = {"search", "show", "get", "evidence", "explain", "export"}
HARMLESS = {"config", "certificate"}
"""Tell of settings, and of a file that is given; not of documents."""

OWNERS = {
    "init": [["init"]],
    "import": [["import", "."], ["import", "--dry-run", "."]],
    "batch": [["batch", "list"], *(["batch", name, "one"] for name in ("show", "report", "resume", "retry"))],
    "policy": [["policy", "show"], ["policy", "apply", "policy.yaml"], ["policy", "check", "policy.yaml"]],
    "event": [["event", "missing"], ["event", "list", "0" * 36], ["event", "record", "end", "--date", "2026-01-01", "0" * 36]],
    "hold": [
        ["hold", "list"],
        ["hold", "show", "h"],
        ["hold", "release", "h", "--reason", "r"],
        ["hold", "place", "--matter", "m", "--reason", "r", "--owner", "o", "0" * 36],
    ],
    "review": [["review", "list"], ["review", "decide", "destroy", "--reason", "r", "0" * 36]],
    "key": [["key", "list"], ["key", "show"]],
    "purge": [["purge", "list"], ["purge", "show", "p"]],
    "timetable": [["timetable"]],
    "rebuild": [["rebuild"]],
    "audit": [["audit", "--since", "2026-01-01"], ["audit", "--principal", "anna"]],
    "break-glass": [["break-glass", "list"]],
    "serve": [["serve", "--port", "0"]],
    "verify": [["verify"]],
    "reindex": [["reindex"]],
    "work": [["work"]],
    "upgrade": [["upgrade"]],
    "doctor": [["doctor"]],
}
RUNS = [run for runs in OWNERS.values() for run in runs]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Minutier:
    folder = tmp_path_factory.mktemp("access")
    (folder / "secret-plan.txt").write_text("un secret")
    (folder / "policy.yaml").write_text("classes: {}\ncollections: {}\n")
    minutier = Minutier(folder / "archive")
    minutier.run("init")
    minutier.run("import", folder / "secret-plan.txt", "--batch", "one", "--grant", "group:board")
    return minutier


def test_every_command_is_one_kind_or_the_other() -> None:
    assert SCOPED | HARMLESS | OWNERS.keys() == COMMANDS.keys()


@pytest.mark.parametrize("arguments", RUNS, ids=" ".join)
def test_only_the_owner_may(archive: Minutier, arguments: list[str]) -> None:
    more = ["--outcome", "empty"] if "retry" in arguments else []
    ran = archive.run("--as", "anna", "--group", "finance", *arguments, *more, code=12, cwd=archive.home.parent)
    assert ran.out == ""
    assert "only the archive's owner may do this" in ran.err
    assert "secret" not in ran.err


def test_import_by_another_makes_no_archive(tmp_path: Path) -> None:
    minutier = Minutier(tmp_path / "archive")
    minutier.run("--as", "anna", "import", tmp_path, code=12)
    assert not minutier.home.exists()


@pytest.mark.parametrize("command", ["show", "explain", "get", "evidence"])
def test_what_may_not_be_seen_is_not_there(archive: Minutier, command: str, tmp_path: Path) -> None:
    (hidden,) = archive.ids().values()
    more = ["-o", tmp_path / "out"] if command in ("get", "evidence") else []
    asked = [archive.run("--as", "anna", "--group", "finance", command, one, *more, code=1) for one in (hidden, "0" * 36)]
    assert asked[0].out == asked[1].out == ""
    assert asked[0].err.replace(hidden, "") == asked[1].err.replace("0" * 36, "")


def test_search_and_export_are_empty(archive: Minutier) -> None:
    assert archive.run("--as", "anna", "--group", "finance", "export").out == ""
    (summary,) = archive.run("--json", "--as", "anna", "--group", "finance", "search", "*").rows
    assert summary["total"] == summary["not_fully_read"] == 0
    assert not any(summary["facets"].values())
