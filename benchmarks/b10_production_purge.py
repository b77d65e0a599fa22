"""B10: a purge through the servers, with no worker process, one and two, against the store's own rate of deletes in the same run.

    python -m benchmarks.b10_production_purge [--count 1000]

Makes an archive of short texts through intake and commit on MinIO, PostgreSQL and Elasticsearch, plans and approves a purge for
each number of workers, and runs it: last judgement, tombstones, every version of record, original and text, index entries,
ledger. What comes once at the end, whatever the number (index files, catalogue files, probes, certificate), is timed for itself.
The store's own rate: as many versions of the same sizes, each deleted by a request of its own, 16 at a time, with the same
client library and nothing else. Goal: purge ÷ store at least 0.25 (a purge asks the store eight times for a document that it
deletes with three), and more with workers where there are processors for them.

The servers are those of the tests: MINUTIER_TEST_MINIO, …_ELASTICSEARCH, …_TIKA, …_RABBITMQ, …_POSTGRES (`make servers`).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from archiver.adapters.keys.personal import PersonalKey
from archiver.bootstrap import Archive
from archiver.bootstrap.purging import Purging
from archiver.ports.objects import Bucket
from archiver.ports.retention_rows import Purge
from archiver.services.policies import Policies
from archiver.services.purge.plan import Criteria
from archiver.services.purge.run import Counts
from archiver.services.purge.signatory import Signatory
from archiver.services.register import Register
from benchmarks.made_archive import fill
from retention.plan import ItemState
from tests.support.command import Minutier
from tests.support.on_servers import archive_on_servers, workers
from tests.support.servers import server_url

GOAL = 0.25
WORKERS = (0, 1, 2)
VERSIONS = 3
"""Of a document: original, record, text."""
THREADS = 16
POLICY = b"""
collections:
  due0: {class: DUE}
  due1: {class: DUE}
  due2: {class: DUE}
classes:
  DUE: {title: Due at once, limit: P1D, from: metadata.day, lock: none, basis: benchmark, then: destroy}
"""


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--count", type=int, default=1000, help="documents for each number of workers")
    count = options.parse_args().count
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as scratch, archive_on_servers(Path(scratch) / "archive", broker="") as served:
        _take(served.environment)
        purges = _prepared(served, Path(scratch), count)
        rabbit = {"MINUTIER_BROKER_URL": server_url("rabbitmq")}
        os.environ |= rabbit
        served.environment.update(rabbit)
        bare = VERSIONS / _bare(served, count)
        print(f"store alone: {bare:,.0f} versions a second, {bare / VERSIONS:,.0f} documents")
        for number in WORKERS:
            rate, ending = _purged(served, purges[number], count, number)
            print(
                f"{number} workers: {rate:,.0f} documents a second, purge ÷ store {rate / (bare / VERSIONS):.2f} (goal {GOAL});"
                f" its end {ending:.1f} s"
            )
    print(f"load after: {os.getloadavg()[0]:.1f}")


def _take(environment: dict[str, str]) -> None:
    os.environ.update({name: value for name, value in environment.items() if name.startswith("MINUTIER_")})


def _prepared(served: Minutier, folder: Path, count: int) -> dict[int, str]:
    """An approved plan for each number of workers."""
    key = folder / "bruno.key"
    served.run("key", "new", key, "--no-passphrase")
    served.run("key", "enroll", "bruno", f"{key}.pub")
    with Archive(served.home, writable=True, beside=True) as archive:
        Policies(archive.catalog, archive.objects, archive.clock).apply(POLICY, by="benchmark")
    with Archive(served.home, writable=True, beside=True) as archive:
        begun = time.perf_counter()
        for number in WORKERS:
            fill(archive, f"due{number}", count, declared={"day": "2001-01-01"})
        archive.ledger.sequence()
        archive.ledger.seal()
        print(f"{count * len(WORKERS):,} documents made in {time.perf_counter() - begun:.0f} s")
        return {number: _approved(archive, key, f"due{number}") for number in WORKERS}


def _approved(archive: Archive, key: Path, collection: str) -> str:
    purging, now = Purging(archive), archive.clock.now()
    register = Register(archive.objects, archive.keys)
    author = Signatory("anna", register.enter("anna"))
    plan = purging.planning(lambda _: None).make(Criteria(collection=collection), author, now)
    assert plan is not None
    approver = Signatory("bruno", register.enter("bruno"), PersonalKey.load(key, lambda: b""))
    lasts = timedelta(days=1)
    named = [one.retention_class for one in archive.catalog.class_counts(plan.id)]
    return purging.approving().approve(plan, approver, archive.clock.now(), lasts=lasts, empties=named).id


def _purged(served: Minutier, purge_id: str, count: int, number: int) -> tuple[float, float]:
    """Documents a second until the last is destroyed, and seconds from there to the certificate."""
    with ExitStack() as stack:
        if number:
            stack.enter_context(workers(served, "--processes", str(number), "--queues", "purge"))
            time.sleep(8)  # they are up
        archive = stack.enter_context(Archive(served.home, writable=True, beside=True))
        purging = Purging(archive)
        service = stack.enter_context(purging.spreading(lambda _: None, _ignore, print))
        begun = time.perf_counter()
        purge, counts = service.run(archive.catalog.purge(purge_id))
        seconds = time.perf_counter() - begun
        _require_done(archive, purge, count)
        begun = time.perf_counter()
        purging.finishing(lambda _: None, rewrite=False).run(purge)
        if number:
            helped = 1 - counts.by_state[ItemState.EXECUTED] / count
            print(f"  the workers' share: {helped:.0%}")
        return count / seconds, time.perf_counter() - begun


def _ignore(_: Counts) -> None:
    """Not told."""


def _require_done(archive: Archive, purge: Purge, count: int) -> None:
    done = sum(one.documents for one in archive.catalog.class_counts(purge.id, states=(ItemState.EXECUTED,)))
    if done != count:
        raise RuntimeError(f"{done} of {count} documents were destroyed")


def _bare(served: Minutier, count: int) -> float:
    """Seconds that the store takes for a version, times the versions of a document."""
    from io import BytesIO
    from urllib.parse import urlsplit

    import urllib3
    from minio import Minio

    parts = urlsplit(served.environment["MINUTIER_OBJECTS_URL"])
    http = urllib3.PoolManager(maxsize=THREADS)
    client = Minio(
        f"{parts.hostname}:{parts.port}",
        parts.username,
        parts.password,
        secure=parts.scheme == "s3",
        http_client=http,
    )
    bucket = f"{parts.path.strip('/')}-{Bucket.DELETABLE.value}"
    names = [f"bare/{number:08}" for number in range(count * VERSIONS)]

    def put(name: str) -> tuple[str, str]:
        body = name.encode().ljust(900, b".")
        return name, client.put_object(bucket, name, BytesIO(body), len(body)).version_id or ""

    with ThreadPoolExecutor(THREADS) as threads:
        versions = list(threads.map(put, names))
        begun = time.perf_counter()
        for _ in threads.map(lambda one: client.remove_object(bucket, one[0], version_id=one[1]), versions):
            pass
        return VERSIONS * (time.perf_counter() - begun) / len(versions)


if __name__ == "__main__":
    main()
