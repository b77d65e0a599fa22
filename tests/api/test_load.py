"""Sixteen clients at once, during an import and a purge: the short form of `benchmarks.api_load`."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.api_load import SHARES, measured

_SECONDS = 20
_GROWTH = 128 * 1024**2
"""Bytes; far above what one run's caches take, and below what keeping every answer would."""


@pytest.mark.timeout(600)
def test_no_client_is_told_what_is_not_listed(tmp_path: Path) -> None:
    seen = measured(tmp_path, _SECONDS, 16)
    assert not seen.wrong
    given = {kind for (kind, status, _) in seen.counts if status < 400}
    assert given == set(SHARES)
    assert seen.cycles["import -> 0"]
    assert seen.cycles["purge run -> 0"]
    assert seen.growth() < _GROWTH
