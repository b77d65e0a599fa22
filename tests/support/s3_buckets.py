"""Buckets of a test's own on a real S3 server, and their removal whatever locks are on what they hold."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from archiver.adapters.objects.s3 import S3Store, create_buckets
from archiver.adapters.objects.s3_address import parse_address
from archiver.adapters.objects.s3_wire import Call, S3Wire
from archiver.domain.document import LockMode
from archiver.errors import NotFoundError, RefusedError
from archiver.ports.objects import Bucket, ObjectInfo
from tests.support.moving_clock import RealClock
from tests.support.servers import server_url, under

_LONGEST = 60.0


def fresh_url() -> str:
    """A URL whose buckets don't exist yet."""
    return under(server_url("minio"), f"test-{uuid.uuid4().hex[:20]}")


@contextmanager
def buckets(scratch: Path) -> Iterator[str]:
    """The URL of buckets that exist while the test runs."""
    url = fresh_url()
    create_buckets(url)
    try:
        yield url
    finally:
        remove_buckets(url, scratch)


def remove_buckets(url: str, scratch: Path) -> None:
    """Remove everything, waiting for COMPLIANCE locks: tests keep them short."""
    store, wire = S3Store(url, RealClock(), scratch=scratch), S3Wire(parse_address(url))
    try:
        for bucket in Bucket:
            empty(store, bucket)
            wire.send(Call("removing", "DELETE", bucket))
    finally:
        wire.close()
        store.close()


def empty(store: S3Store, bucket: Bucket) -> None:
    """Remove every version."""
    ends = time.monotonic() + _LONGEST
    while left := list(store.list(bucket)):
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(partial(_remove, store), left))
        assert time.monotonic() < ends, f"still locked: {left[:3]}"
        if any(info.lock.mode is LockMode.COMPLIANCE for info in left):
            time.sleep(0.5)


def _remove(store: S3Store, info: ObjectInfo) -> None:
    try:
        if info.lock.hold:
            store.set_hold(info.ref, on=False)
        store.delete_bypassing(info.ref)
    except (RefusedError, NotFoundError):
        return
