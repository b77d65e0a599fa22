"""The import as people run it: the command, its exit codes, its reports."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.command import Minutier


@pytest.fixture
def minutier(tmp_path: Path) -> Minutier:
    minutier = Minutier(tmp_path / "archive")
    minutier.run("init")
    return minutier


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    there = tmp_path / "in"
    there.mkdir()
    names = [b"plain.txt", b"caf\xe9.txt", b"=cmd()", b"new\nline", "‮gnp.exe".encode(), b"\x1b[31mred", b"l" * 255]
    for number, name in enumerate(names):
        (there / os.fsdecode(name)).write_text(f"bonjour {number}")
    (there / "empty").touch()
    (there / "twin.txt").write_text("bonjour 0")
    return there


def test_odd_names_are_archived_fetched_and_shown_safely(minutier: Minutier, folder: Path, tmp_path: Path) -> None:
    minutier.run("import", folder, "--batch", "one")
    for form in ("text", "csv", "html"):
        shown = minutier.run("batch", "report", "one", "--format", form).out
        assert not set(shown) & set("\x1b\u202e\x00")
        assert "caf\\xe9.txt" in shown
    rows = list(csv.reader(io.StringIO(minutier.run("batch", "report", "one", "--format", "csv").out)))
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "@")]
    report = minutier.run("--json", "batch", "report", "one").rows
    assert report[-1]["whole"]
    assert report[-1]["lines_in"] == len(report) - 1 == 9
    for source, document in minutier.ids().items():
        minutier.run("get", document, "-o", tmp_path / "out", "--force")
        assert (tmp_path / "out").read_bytes() == Path(source).read_bytes()


def test_exit_codes(minutier: Minutier, folder: Path, tmp_path: Path) -> None:
    minutier.run("import", folder, code=0)
    minutier.run("import", folder / "none", code=2)
    minutier.run("import", "-", stdin=os.fsencode(folder / "none"), code=3)
    minutier.run("import", code=2)
    minutier.run("import", folder, "-", code=2, stdin=b"")
    minutier.run("import", "--manifest", tmp_path / "none.csv", code=2)
    minutier.run("import", folder, "--collection", "../x", code=2)
    minutier.run("--archive", tmp_path / "other", "import", folder, code=10)
    assert len(minutier.run("--json", "batch", "list").rows) == 2, "a refused import leaves no batch"


def test_a_dry_run_changes_nothing(minutier: Minutier, folder: Path) -> None:
    assert minutier.run("--json", "import", folder, "--dry-run").rows[0]["new or touched"] == 9
    assert minutier.ids() == {}
    assert minutier.run("--json", "batch", "list").rows == []


def test_a_batch_name_is_taken_once(minutier: Minutier, folder: Path) -> None:
    minutier.run("import", folder, "--batch", "one")
    assert "resume one" in minutier.run("import", folder, "--batch", "one", code=1).err


def test_a_second_writer_is_told_who_writes_and_readers_go_on(minutier: Minutier, folder: Path) -> None:
    first = minutier.start("import", "-", stdin=subprocess.PIPE)
    lock = minutier.home / "lock"
    deadline = time.monotonic() + 60
    while not lock.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.05)
    second = minutier.run("import", folder, code=11)
    assert f"process {first.pid}" in second.err
    minutier.run("batch", "list")
    first.communicate()
    assert first.returncode == 0


def test_a_slow_list_is_archived_as_it_comes_and_stops_at_ctrl_c(minutier: Minutier, folder: Path) -> None:
    process = minutier.start("import", "-", "--batch", "slow", stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(os.fsencode(folder / "plain.txt") + b"\n" + os.fsencode(folder / "twin.t"))
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while not minutier.run("export", code=None).out and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130  # the list is still open: it was cut, not ended
    _, err = process.communicate()
    assert b"batch resume slow" in err
    minutier.run("batch", "resume", "slow")
    assert [row["outcome"] for row in minutier.run("--json", "batch", "report", "slow").rows[:-1]] == ["archived"]
    assert list((minutier.home / "spool").iterdir()) == []


def test_a_manifest_of_every_kind_of_line(minutier: Minutier, folder: Path) -> None:
    lines = [
        "path,class,grants,collection,case",
        "plain.txt,K,group:x,hr,A-1",
        "",
        '"bro"ken,',
        "none,,,,",
        "twin.txt,,user:me,,",
    ]
    (folder / "m.csv").write_text("\n".join(lines))
    minutier.run("import", "--manifest", folder / "m.csv", "--batch", "m", code=3)
    report = minutier.run("--json", "batch", "report", "m").rows
    assert [(row["line"], row["outcome"]) for row in report[:-1]] == [
        (2, "archived"),
        (4, "failed"),
        (5, "failed"),
        (6, "failed"),
    ]
    assert (report[-1]["lines_in"], report[-1]["outcomes_out"], report[-1]["whole"]) == (4, 4, True)
    (row,) = minutier.run("--json", "--as", "anna", "--group", "x", "export").rows
    assert (row["class"], row["collection"], row["declared"]) == ("K", "hr", {"case": "A-1"})


def test_the_folder_the_archive_lies_in(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    minutier = Minutier(tmp_path / "minutier-data")
    minutier.run("import", ".", cwd=tmp_path)
    assert list(minutier.ids()) == [str(tmp_path / "file")]
