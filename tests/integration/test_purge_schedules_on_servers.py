"""Random schedules around purges of an archive on MinIO and PostgreSQL: one archive, a collection for each schedule."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from tests.support.command import Minutier
from tests.support.moving_clock import MovingClock
from tests.support.on_servers import own_database, remove_buckets
from tests.support.purge_schedules import Schedule
from tests.support.purges import DUE, make, opened, soon, zipped
from tests.support.servers import server_url, under

SCHEDULES = int(os.environ.get("MINUTIER_PURGE_SCHEDULES_ON_SERVERS", "4"))
"""A few hundred in the long form."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Minutier, Path]]:
    """With five documents in each collection: two with the same bytes, a container, one that waits for an event, one that stays."""
    name, folder = f"t{uuid.uuid4().hex[:12]}", tmp_path_factory.mktemp("purge-on-servers")
    with own_database(server_url("postgres"), name) as catalog, pytest.MonkeyPatch.context() as patch:
        settings = {"MINUTIER_OBJECTS_URL": under(server_url("minio"), name), "MINUTIER_CATALOG_URL": catalog}
        for variable, value in settings.items():
            patch.setenv(variable, value)
        minutier = Minutier(folder / "archive", **settings)
        try:
            make(minutier, folder, ())
            _fill(minutier, folder)
            yield minutier, folder
        finally:
            remove_buckets(server_url("minio"), name)


def _fill(minutier: Minutier, folder: Path) -> None:
    lines = []
    for number in range(SCHEDULES):
        inputs = folder / f"c{number}"
        inputs.mkdir()
        for name, body, retention_class, day in (
            ("one.txt", f"same {number}".encode(), "SHORT", DUE),
            ("two.txt", f"same {number}".encode(), "SHORT", DUE),
            ("box.zip", zipped(a=f"a {number}", b="shared by all"), "LEGAL", DUE),
            ("case.txt", f"case {number}".encode(), "CASE", DUE),
            ("stays.txt", f"stays {number}".encode(), "LEGAL", soon().isoformat()),
        ):
            (inputs / name).write_bytes(body)
            lines.append({"path": str(inputs / name), "class": retention_class, "day": day, "collection": f"c{number}"})
    (folder / "all.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    minutier.run("import", "--manifest", folder / "all.jsonl")


@pytest.mark.drill
@pytest.mark.timeout(3600)
def test_random_schedules(archive: tuple[Minutier, Path]) -> None:
    minutier, folder = archive
    seed = int(os.environ.get("MINUTIER_PURGE_SEED", str(int(time.time()))))
    destroyed = 0
    for number in range(SCHEDULES):
        clock = MovingClock(datetime.now(UTC))
        schedule = Schedule(
            Random(seed * 1_000_003 + number),
            lambda wrap, clock=clock: opened(minutier.home, folder, clock, wrap),  # type: ignore[misc]
            lambda clock=clock: opened(minutier.home, folder, clock, always=True),  # type: ignore[misc]
            collection=f"c{number}",
            own_time=False,
        )
        try:
            schedule.run()
        except Exception as error:
            raise AssertionError(f"MINUTIER_PURGE_SEED={seed}, schedule {number}, {schedule.story}: {error!r}") from error
        destroyed += len(schedule.destroyed)
    assert destroyed, "nothing was destroyed: this proved nothing"
