"""The object store on S3 keeps the contract, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from archiver.adapters.objects.s3 import S3Store, create_buckets
from tests.contracts.objects_suite import LockSuite, ObjectStoreSuite
from tests.support.moving_clock import RealClock
from tests.support.s3_buckets import fresh_url, remove_buckets

_URLS: list[str] = []


@pytest.fixture
def clock() -> RealClock:
    return RealClock()


@pytest.fixture(scope="module", autouse=True)
def removed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """All buckets go at the end: by then most locks have ended."""
    yield
    while _URLS:
        remove_buckets(_URLS.pop(0), tmp_path_factory.mktemp("scratch"))


@pytest.fixture
def store(tmp_path: Path, clock: RealClock) -> Iterator[S3Store]:
    url = fresh_url()
    _URLS.append(url)
    create_buckets(url)
    store = S3Store(url, clock, scratch=tmp_path)
    yield store
    store.close()


class TestS3Store(ObjectStoreSuite, LockSuite):
    """See the suite."""

    SLACK = timedelta(seconds=11)
    MANY = 140
