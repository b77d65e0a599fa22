"""B12: a purge plan over a catalogue of a million rows, on SQLite and PostgreSQL; verdicts a second; memory.

    python -m benchmarks.b12_plan [--rows 1000000] [--due 0.1] [--postgres URL] [--folder DIR]

The catalogue is filled with archived documents of six classes, a share of which is due; some are held, some have events. A plan
judges every due document, draws its Merkle tree and writes its items. Beside it, in the same run, the database's own work: one
statement that reads the same rows, and one that counts them. Memory is this process's, anonymous, before and at its peak.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from archiver.adapters.catalog.sql import SqlCatalog, create_sqlite, open_sqlite
from archiver.domain.document import Document, LockMode, State
from archiver.domain.extraction import Outcome
from archiver.domain.identifiers import DocumentId
from archiver.services.pages import pages
from archiver.services.purge.files import PurgeFiles
from archiver.services.purge.plan import Criteria, PlanPurge
from archiver.services.purge.signatory import Signatory
from retention.disposal import Circumstances, judge
from retention.policy_file import read_policy
from retention.schedule import Facts
from tests.support.memory_objects import MemoryObjects

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
POLICY = b"""
classes:
  A: {title: A, period: P10Y, from: metadata.document_date, basis: x, lock: governance, then: destroy}
  B: {title: B, period: P6Y, from: metadata.document_date, basis: x, lock: governance, then: destroy}
  C: {title: C, period: P5Y, from: received, basis: x, lock: governance, then: destroy}
  D: {title: D, limit: P2Y, from: received, basis: x, lock: none, then: destroy}
  E: {title: E, period: P1Y, limit: P3Y, from: received, basis: x, lock: governance, then: destroy}
  F: {title: F, period: P10Y, from: received, basis: x, lock: governance, then: review}
"""
_YEARS = {"A": 10, "B": 6, "C": 5, "D": 2, "E": 1, "F": 10}


class Now:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--due", type=float, default=0.1)
    options.add_argument("--postgres", default="")
    options.add_argument("--folder", type=Path)
    given = options.parse_args()
    verdicts()
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        path = Path(scratch) / "catalog.sqlite"
        create_sqlite(path).close()
        measure("SQLite", open_sqlite(path), given.rows, given.due)
    if given.postgres:
        from archiver.adapters.catalog.postgres import create_catalog

        measure("PostgreSQL", create_catalog(given.postgres), given.rows, given.due)


def verdicts() -> None:
    """How many documents a second the pure core judges."""
    policy = read_policy(POLICY, version=1)
    facts = [
        Circumstances(Facts(name, NOW - timedelta(days=days), {"document_date": "2012-03-04"}))
        for name in _YEARS
        for days in (10, 3_000)
    ]
    start, count = time.perf_counter(), 0
    while (seconds := time.perf_counter() - start) < 3:
        for one in facts:
            judge(policy, one, NOW.date())
        count += len(facts)
    print(f"verdicts: {count / seconds:,.0f}/s", flush=True)


def measure(name: str, catalog: SqlCatalog, rows: int, due: float) -> None:
    """Fill, plan, and print."""
    start = time.perf_counter()
    for page in pages(documents(rows, due), 5_000):
        catalog.commit_archived(page, [])
    print(f"{name}: {rows:,} rows made in {time.perf_counter() - start:.0f} s", flush=True)
    floor = bare(catalog)
    with Memory() as memory:
        start = time.perf_counter()
        plan = PlanPurge(catalog, PurgeFiles(MemoryObjects(Now())), read_policy(POLICY, version=1), bytes(32), "bench")
        made = plan.make(Criteria(), Signatory("a", "0" * 16), NOW)
        seconds = time.perf_counter() - start
    assert made is not None
    print(
        f"{name}: plan of {made.documents:,} documents ({made.withheld:,} withheld) out of {rows:,}: {seconds:.1f} s, "
        f"{(made.documents + made.withheld) / seconds:,.0f} judged/s; {seconds / floor:.1f} x reading the same rows bare; "
        f"memory {memory.before:.0f} MB before, {memory.peak:.0f} MB at its peak",
        flush=True,
    )
    catalog.close()


def bare(catalog: SqlCatalog) -> float:
    """Seconds to read the due rows with the driver alone."""
    start = time.perf_counter()
    with catalog.engine.connect() as connection:
        query = "SELECT * FROM documents WHERE root_id IS NULL AND state IN ('archived', 'quarantined') AND retain_until < '2026-06-15'"
        count = sum(1 for _ in connection.execute(text(query)))
    seconds = time.perf_counter() - start
    print(f"  bare read of {count:,} due rows: {seconds:.1f} s", flush=True)
    return seconds


def documents(rows: int, due: float) -> Iterator[Document]:
    """Archived documents, `due` of them past their last day."""
    rng = random.Random(7)
    for number in range(rows):
        name = rng.choice("ABCDEF")
        years = _YEARS[name] + (rng.uniform(0.1, 3) if rng.random() < due else -rng.uniform(0.1, 1))
        day = (NOW - timedelta(days=365.25 * years)).date()
        yield document(number, name, day)


def document(number: int, name: str, day: date) -> Document:
    """One of them."""
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    received = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return Document(
        id=DocumentId(str(uuid.UUID(sha256[:32]))),
        sequence=0,
        collection="invoices",
        retention_class=name,
        source=f"/archive/{number // 1000:04}/invoice-{number:07}.pdf",
        name=f"invoice-{number:07}.pdf",
        sha256=sha256,
        size=40_000,
        state=State.ARCHIVED,
        outcome=Outcome.COMPLETE,
        reason="",
        media_type="application/pdf",
        language="fr",
        received_at=received,
        batch_id="made",
        declared={"document_date": day.isoformat(), "supplier": "ACME"},
        summary={"title": f"Invoice {number}", "created": day.isoformat()},
        grants=("group:finance",),
        archived_at=received,
        retain_until=date(day.year + _YEARS[name], day.month, min(day.day, 28)),
        retention_note=f"{name}, {_YEARS[name]} years from reception",
        lock_mode=LockMode.GOVERNANCE,
        policy_version=1,
        text_key=f"texts/invoices/{sha256[:2]}/{sha256}-0123456789abcdef",
        record_sha256=sha256,
    )


class Memory:
    """Anonymous memory of this process, in MB, looked at every 20 ms."""

    def __enter__(self) -> Memory:
        self.before = self.peak = _anonymous()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.peak = max(self.peak, _anonymous())


def _anonymous() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
