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
