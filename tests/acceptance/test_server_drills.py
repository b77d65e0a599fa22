"""A server is killed in the middle of an import and brought back after a while: nobody has to do anything."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.acceptance.test_on_servers import assert_whole, lines_of, many
from tests.support.on_servers import archive_on_servers, eventually, workers
from tests.support.own_server import own_server

AWAY = float(os.environ.get("MINUTIER_AWAY", "4"))
"""Seconds a server is gone; half a minute in the long drill."""
FILES = int(os.environ.get("MINUTIER_DRILL_FILES", "400"))

AHEAD = {"MINUTIER_AHEAD_DOCUMENTS": "130"}
"""So that most of the files are still to be taken in and announced when the server goes."""
SETTINGS: dict[str, dict[str, str]] = {
    "tika": {"MINUTIER_READERS": "off"},
    "minio": {},
    "elasticsearch": {},
    "rabbitmq": {},
    "redis": {},
    "postgres": {},
}


@pytest.mark.drill
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", SETTINGS)
def test_killed_in_the_middle_of_an_import_and_brought_back(name: str, tmp_path: Path) -> None:
    files, broker = many(tmp_path / "files", FILES), "redis" if name == "redis" else "rabbitmq"
    with (
        own_server(name, tmp_path / name, ES_JVM="-XX:TieredStopAtLevel=1") as server,
        archive_on_servers(tmp_path / "host", broker=broker, urls={name: server.url}, **AHEAD, **SETTINGS[name]) as minutier,
        workers(minutier, "--processes", "2"),
    ):
        process = minutier.start("import", str(files), "--batch", "drill")
        eventually(lambda: any(row["outcome"] != "waiting" for row in lines_of(minutier, "drill")), every=0.05)
        server.crash()
        time.sleep(AWAY)
        assert process.poll() is None, "the import ended before the server was killed: the drill proved nothing"
        server.start()
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err.decode()
        assert_whole(minutier, "drill")
        assert {row["outcome"] for row in lines_of(minutier, "drill")} <= {"archived", "duplicate"}
