"""The two settings of an outside authority."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.errors import UsageError
from archiver.settings import Settings, load
from tests.support.command import Minutier


def test_they_are_read_and_their_password_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("https://anna:secret@stamps.example/tsr\n")
    settings, origins = load(tmp_path, {"MINUTIER_TIMESTAMP_URL_FILE": str(tmp_path / "url"), "MINUTIER_TIMESTAMP_CA": "ca.pem"})
    assert (settings.timestamp_url, settings.timestamp_ca) == ("https://anna:secret@stamps.example/tsr", "ca.pem")
    assert origins["timestamp_url"] == "MINUTIER_TIMESTAMP_URL_FILE"
    assert Settings().timestamp_url == ""


def test_what_is_no_address(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="timestamp_url") as caught:
        load(tmp_path, {"MINUTIER_TIMESTAMP_URL": "ftp://stamps.example"})
    assert "https://" in caught.value.remedy


def test_they_are_shown_without_password_and_as_none(tmp_path: Path) -> None:
    rows = {row["setting"]: row["value"] for row in Minutier(tmp_path / "none").run("--json", "config", "show").rows}
    assert (rows["timestamp_url"], rows["timestamp_ca"], rows["index_url"]) == ("(none)", "(none)", "(embedded)")
    given = Minutier(tmp_path / "none", MINUTIER_TIMESTAMP_URL="https://anna:secret@stamps.example/tsr")
    rows = {row["setting"]: row["value"] for row in given.run("--json", "config", "show").rows}
    assert rows["timestamp_url"] == "https://anna:***@stamps.example/tsr"
