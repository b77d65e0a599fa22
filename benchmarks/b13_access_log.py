"""B13: answers written down by 16 threads at once, against one commit for each of them.

    python -m benchmarks.b13_access_log [--seconds 5] [--threads 16]

On SQLite as an archive opens it (WAL, every commit synced), and on PostgreSQL where MINUTIER_TEST_POSTGRES names a server.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from archiver.adapters.catalog.ledger_rows import SqlLedgerRows
from archiver.adapters.catalog.postgres import create_catalog
from archiver.adapters.catalog.sql import SqlCatalog, create_sqlite
from archiver.adapters.extraction.screen import screen
from archiver.domain.accesses import Access, Act, event
from archiver.services.access_log import AccessLog
from archiver.services.register import Register
from tests.support.memory_keys import MemoryKeys
from tests.support.memory_objects import MemoryObjects
from tests.support.moving_clock import RealClock
from tests.support.postgres import database

ACCESS = Access(
    Act.SEARCHED, "Anna Lévy", "matter 2026-117", query="bail commercial date:2024..2026", found=(), total=0, status=200
)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=5.0)
    options.add_argument("--threads", type=int, default=16)
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", create_sqlite(Path(folder) / "catalog.sqlite"), wanted.seconds, wanted.threads)
    if server := os.environ.get("MINUTIER_TEST_POSTGRES"):
        with database(server) as url:
            measure("PostgreSQL", create_catalog(url), wanted.seconds, wanted.threads)


def measure(name: str, catalog: SqlCatalog, seconds: float, threads: int) -> None:
    """Both ways on one catalogue, turn by turn."""
    rows, clock = SqlLedgerRows(catalog.engine), RealClock()
    log = AccessLog(rows, Register(MemoryObjects(clock), MemoryKeys("b13")), clock, lambda text: screen(text)[1])

    def alone() -> None:
        rows.enter([event(ACCESS, "0" * 16, clock.now(), lambda text: screen(text)[1])])

    rates = [(rate(lambda: log.write(ACCESS), seconds, threads), rate(alone, seconds, threads)) for _ in range(2)]
    single = rate(lambda: log.write(ACCESS), seconds, 1)
    catalog.close()
    for together, apart in rates:
        print(f"{name}: {together:,.0f} a second together, {apart:,.0f} each alone, {together / apart:.1f} times")
    print(f"{name}: {single:,.0f} a second from one thread")


def rate(work: Callable[[], None], seconds: float, threads: int) -> float:
    """How often a second `threads` threads do it."""
    end, counts = time.monotonic() + seconds, [0] * threads

    def repeat(place: int) -> None:
        while time.monotonic() < end:
            work()
            counts[place] += 1

    started = time.monotonic()
    running = [threading.Thread(target=repeat, args=(place,)) for place in range(threads)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    return sum(counts) / (time.monotonic() - started)


if __name__ == "__main__":
    main()
