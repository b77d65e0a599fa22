"""A machine whose clock lags far behind the archive's last time."""

from __future__ import annotations

from pathlib import Path

from tests.support.command import Minutier


def test_import_tells_and_doctor_ends(tmp_path: Path) -> None:
    minutier = Minutier(tmp_path / "archive")
    minutier.run("init")
    (minutier.home / "clock").write_text("2151-01-01T00:00:00.000000+00:00\n")
    (tmp_path / "a.txt").write_text("a")
    assert "Doubtful dates: the machine's clock" in minutier.run("import", tmp_path / "a.txt").err
    told = {row["part"]: row["what"] for row in minutier.run("--json", "doctor", code=None).rows}
    assert "stands still" in told["locks"]
    assert "doubtful" in told["clock"]


def test_a_clock_years_ahead_is_followed_only_when_somebody_confirms_it(tmp_path: Path) -> None:
    minutier = Minutier(tmp_path / "archive")
    minutier.run("init")
    mark = minutier.home / "clock"
    mark.write_text("2019-06-01T12:00:00.000000+00:00\n")
    (tmp_path / "a.txt").write_text("a")
    for _ in range(2):  # no command cures it by having run
        told = {row["part"]: row for row in minutier.run("--json", "doctor", code=None).rows}
        assert "ahead of the archive's last time (2019-06-01" in told["clock"]["what"]
        assert "--clock-is-right" in told["clock"]["remedy"]
        refused = minutier.run("import", tmp_path / "a.txt", code=5)
        assert "in doubt which day it is" in refused.err
    assert mark.read_text().startswith("2019-06-01T12:0")
    (row,) = minutier.run("--json", "doctor", "--clock-is-right").rows
    assert row["before"].startswith("2019-06-01T12:0")
    assert "no leap to confirm" in minutier.run("doctor", "--clock-is-right", code=5).err
    minutier.run("import", tmp_path / "a.txt")
    (shown,) = minutier.run("export").rows
    assert shown["received_at"] > "2026"
    minutier.run("verify")
