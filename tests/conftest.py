"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
"""A machine that others use as well is no fault of what is tested. The rest is as it was, for CI as well."""


@pytest.fixture(autouse=True)
def _path_as_it_was() -> Iterator[None]:
    """The Tika compiled in takes PATH away from its process, as it should in a child; a test that reads in its own process must
    not take it from all that follow."""
    before = os.environ.get("PATH", "")
    yield
    os.environ["PATH"] = before
