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


def _policy(period: str, **more: str) -> str:
    other = "".join(f", {key}: {value}" for key, value in more.items())
    return f"classes:\n  A: {{title: Essai, period: {period}, from: metadata.document_date, basis: loi{other}}}\n"


@pytest.fixture
def filled(archive: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Two documents of class A that are kept until 2028-01-31."""
    (archive / "p.yaml").write_text(_policy("P2Y"))
    for name in ("a.txt", "b\x1b.txt"):
        (archive / "in").mkdir(exist_ok=True)
        (archive / "in" / name).write_text(name)
    assert _run("init") == 0
    assert _run("policy", "apply", "p.yaml") == 0
    assert _run("import", "in", "--class", "A", "--meta", "document_date=2026-01-31") == 0
    capsys.readouterr()
    return archive


def test_diff_tells_where_dates_would_move(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (filled / "p.yaml").write_text(_policy("P3Y"))
    assert _run("policy", "diff", "p.yaml") == 0
    assert capsys.readouterr().out.splitlines() == [
        "  default  A  2028-01-31 → 2029-01-31  kept longer  2 documents",
        "p.yaml against policy v1: 2 documents would move",
    ]
    assert _run("policy", "diff", "p.yaml", "--documents", "--json") == 0
    first, second, group, whole = map(json.loads, capsys.readouterr().out.splitlines())
    assert {first["name"], second["name"]} == {"a.txt", "b\x1b.txt"}
    assert (group["from"], group["to"], group["documents"], group["refused"]) == ("2028-01-31", "2029-01-31", 2, False)
    assert whole == {"file": "p.yaml", "against": 1, "documents": 2, "refused": 0, "by": "day"}
    assert _run("policy", "diff", "p.yaml", "--documents") == 0
    assert "\x1b" not in capsys.readouterr().out
    assert _run("policy", "show", "--json") == 0
    assert json.loads(capsys.readouterr().out)["version"] == 1


def test_diff_ends_with_5_when_apply_would_refuse(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (filled / "p.yaml").write_text(_policy("P1Y"))
    assert _run("policy", "diff", "p.yaml") == 5
    told = capsys.readouterr()
    assert "2028-01-31 → 2027-01-31  would end earlier: refused  2 documents" in told.out
    assert "2 archived documents would end earlier" in told.err
    assert _run("policy", "apply", "p.yaml") == 5


def test_diff_against_the_policy_in_force_moves_nothing(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("policy", "diff", "p.yaml") == 0
    assert capsys.readouterr().out == "p.yaml against policy v1: nothing would move\n"


def test_diff_says_what_apply_would_want_accepted(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (filled / "p.yaml").write_text(_policy("P2Y", lock="compliance"))
    assert _run("policy", "diff", "p.yaml") == 0
    told = capsys.readouterr()
    assert "lock governance → compliance  locked harder  2 documents" in told.out
    assert "--accept-program-lock" in told.err


def test_diff_wants_a_good_file_and_an_archive(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (archive / "p.yaml").write_text("clases: {}\n")
    assert _run("policy", "diff", "p.yaml") == 2
    (archive / "p.yaml").write_text(_policy("P1Y"))
    assert _run("policy", "diff", "p.yaml") == 10
    capsys.readouterr()


def test_the_example_is_one_that_check_finds_good(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("policy", "example") == 0
    (archive / "p.yaml").write_text(capsys.readouterr().out)
    assert _run("policy", "check", "p.yaml") == 0
    assert "p.yaml is good: 12 classes, 4 collections, days of Europe/Paris" in capsys.readouterr().out
    assert _run("policy", "example", "--json") == 0
    assert json.loads(capsys.readouterr().out)["policy"] == (archive / "p.yaml").read_text()


def test_an_empty_policy_is_said_to_keep_everything(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (archive / "p.yaml").write_text("# to be written\n")
    assert _run("policy", "check", "p.yaml") == 0
    assert "it has no class: everything is kept" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("body", "said", "instead"),
    [
        (b"\x00\xff\xfe", "not UTF-8", "UTF-8"),
        (b"classes: [", "not YAML", "check indentation"),
        (b"classes: {A: {title: x, then: keep}, a: {title: y, then: keep}}", "differ by capitals only", "names that differ"),
        (b"classes: {A: {title: x, then: keep}, A: {title: y, then: keep}}", "twice", "remove"),
        (b"collections: {c: {class: KEEP}, c: {class: KEEP}}", "twice", "remove"),
        (b"classes: {A: {title: x, period: P9999Y, from: received}}", "longer than 1000 years", "then: keep"),
        (
            b"classes: {A: {title: x, period: P10Y, limit: P5Y, from: received}}",
            "period P10Y is longer than limit P5Y",
            "shorten",
        ),
        (b"classes: {A: {title: x, period: 10, from: received}}", "'10' is not a period", "P10Y"),
        (b"classes: {A: {title: x, period: P1Y, from: 9999-12-31}}", "from cannot be '9999-12-31'", "`received`"),
        (b"classes: {A: {title: x, limit: P1Y, from: event.end, lock: compliance}}", "period and basis is missing", "governance"),
    ],
)
def test_a_bad_policy_is_told_what_to_write_instead(
    archive: Path, capsys: pytest.CaptureFixture[str], body: bytes, said: str, instead: str
) -> None:
    (archive / "p.yaml").write_bytes(body)
    for command in ("check", "diff", "apply"):
        assert _run("policy", command, "p.yaml") == 2
        out = capsys.readouterr().out
        assert said in out
        assert instead in out


def test_a_folder_is_no_policy(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (archive / "folder").mkdir()
    assert _run("policy", "diff", "folder") == 75
    assert "folder cannot be read: Is a directory" in capsys.readouterr().err
