"""Periods of the timetable are checked when settings are read: a wrong one is told before anything is done by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.errors import UsageError
from archiver.settings import PERIODS, load
from retention.period import Period


@pytest.mark.parametrize("name", PERIODS)
@pytest.mark.parametrize("value", ["P1M", "P90D", "P2W", "P1Y6M", "P10Y", ""])
def test_a_period_or_nothing(name: str, value: str, tmp_path: Path):
    settings, _ = load(tmp_path, {f"MINUTIER_{name.upper()}": value})
    assert getattr(settings, name) == value
    if value:
        assert not Period.parse(value).is_zero


@pytest.mark.parametrize("name", PERIODS)
@pytest.mark.parametrize("value", ["monthly", "P", "P0D", "P0M", "PT1H", "-P1D", "P1.5D", "1M", "P1D "])
def test_anything_else_is_refused(name: str, value: str, tmp_path: Path):
    with pytest.raises(UsageError, match=name):
        load(tmp_path, {f"MINUTIER_{name.upper()}": value})


def test_the_bound_on_bytes_is_a_number_above_nothing(tmp_path: Path):
    with pytest.raises(UsageError, match="timetable_fixity_bytes"):
        load(tmp_path, {"MINUTIER_TIMETABLE_FIXITY_BYTES": "0"})
