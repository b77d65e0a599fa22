"""`minutier policy` and `minutier explain` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archiver.cli import main as program
from tests.support.policies import GOOD


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINUTIER_HOME", str(tmp_path / "archive"))
    return tmp_path


def _run(*arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["minutier", *arguments])
        with pytest.raises(SystemExit) as ended:
            program.main()
    return ended.value.code if isinstance(ended.value.code, int) else 0


def test_check_needs_no_archive(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (archive / "p.yaml").write_bytes(GOOD)
    assert _run("policy", "check", "p.yaml") == 0
    assert "p.yaml is good: 2 classes, 1 collection, days of Europe/Paris" in capsys.readouterr().out


def test_check_lists_every_problem_with_its_place(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (archive / "p.yaml").write_text("classes:\n  A: {titel: x}\nclasess: {}\n")
    assert _run("policy", "check", "p.yaml") == 2
    out = capsys.readouterr().out
    assert [line.split(": ")[0] for line in out.splitlines() if not line.startswith("  ")] == [
        "p.yaml:2:3",
        "p.yaml:2:7",
        "p.yaml:3:1",
    ]


def test_check_answers_in_json(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (archive / "p.yaml").write_text("clases: {}\n")
    assert _run("--json", "policy", "check", "p.yaml") == 2
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["line"] == 1


def test_apply_and_show(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (archive / "p.yaml").write_bytes(GOOD)
    assert _run("init") == 0
    assert _run("policy", "show") == 0
    assert _run("policy", "apply", "p.yaml") == 5
    capsys.readouterr()
    assert _run("policy", "apply", "p.yaml", "--accept-program-lock") == 0
    assert "Policy v1 is in force" in capsys.readouterr().out
    assert _run("policy", "show") == 0
    assert capsys.readouterr().out == GOOD.decode()


def test_a_file_that_is_not_there_is_named(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("policy", "check", "absent.yaml") == 2
    assert "there is no file absent.yaml" in capsys.readouterr().err
