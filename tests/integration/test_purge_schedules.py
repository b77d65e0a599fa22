"""Random schedules of holds, events, policies, decisions, clocks, outages and sudden ends around purges of an embedded archive."""

from __future__ import annotations

import os
import shutil
import time
from random import Random

import pytest

from tests.support.purge_schedules import Schedule
from tests.support.purges import copied, opened, scratch, template, tomorrow

SCHEDULES = int(os.environ.get("MINUTIER_PURGE_SCHEDULES", "20"))
"""A thousand and more in the long form."""
PARTS = 4


@pytest.mark.drill
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.timeout(3600)
def test_random_schedules(part: int) -> None:
    seed = int(os.environ.get("MINUTIER_PURGE_SEED", str(int(time.time()))))
    home, keys = template()
    destroyed = 0
    for number in range(part, SCHEDULES, PARTS):
        root, clock = scratch("purge-schedule"), tomorrow()
        own = copied(home, root / "archive")
        schedule = Schedule(
            Random(seed * 1_000_003 + number),
            lambda wrap, own=own, clock=clock: opened(own, keys, clock, wrap),  # type: ignore[misc]
            lambda own=own, clock=clock: opened(own, keys, clock, always=True),  # type: ignore[misc]
        )
        try:
            schedule.run()
        except Exception as error:
            raise AssertionError(f"MINUTIER_PURGE_SEED={seed}, schedule {number}, {schedule.story}: {error!r}") from error
        finally:
            shutil.rmtree(root, ignore_errors=True)
        destroyed += len(schedule.destroyed)
    assert destroyed, "nothing was destroyed: this proved nothing"
