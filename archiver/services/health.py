"""Health: what an archive is made of, whether each part works, and what waits."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from archiver.domain.extraction import Died, ExtractionTask, Found, Outcome
from archiver.domain.ledger import Tree
from archiver.errors import MinutierError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.extraction import ExtractionPool
from archiver.ports.index import Index
from archiver.ports.keys import Keys
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import ObjectStore

LITTLE_SPACE = 1024**3
LONG_WAIT = timedelta(days=2)
_PATIENCE = 30.0


class Grade(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's report."""

    part: str
    grade: Grade
    what: str
    remedy: str = ""


def guarded(part: str, look: Callable[[], Check | list[Check]]) -> list[Check]:
    """The checks of a part; an error is one that failed."""
    try:
        found = look()
    except MinutierError as error:
        return [Check(part, Grade.FAILED, str(error), error.remedy)]
    return found if isinstance(found, list) else [found]


def check_store(objects: ObjectStore, catalog: Catalog, clock: Clock) -> list[Check]:
    """Objects that wait for their final lock."""
    arrived = sum(1 for _ in objects.unconfirmed())
    checks = [Check("objects", Grade.OK, "a folder with locks kept by this program; whoever owns the machine can undo them")]
    waiting = catalog.waiting(1)
    if arrived or waiting:
        late = bool(waiting) and clock.now() - waiting[0].received_at > LONG_WAIT
        since = f", the oldest since {waiting[0].received_at:%Y-%m-%d %H:%M}" if waiting else ""
        what = f"{arrived:,} objects are in intake{since}: stored, not read yet"
        checks.append(Check("intake", Grade.WARNING if late else Grade.OK, what, "`minutier batch list` shows imports to resume"))
    return checks


def check_catalog(catalog: Catalog) -> Check:
    """The catalogue answers."""
    counts = catalog.counts()
    documents = sum(count for name, count in counts.items() if name.startswith("documents"))
    return Check("catalogue", Grade.OK, f"SQLite, {documents:,} documents, {counts['batches']:,} imports")


def check_index(index: Index, catalog: Catalog) -> Check:
    """The index is there, and how far it has come."""
    behind = catalog.top_sequence() - index.sequence()
    if behind > 0:
        return Check("index", Grade.WARNING, f"Tantivy, behind the catalogue by {behind:,} changes", "the next import catches up")
    return Check("index", Grade.OK, "Tantivy, up to date")


def check_ledger(rows: LedgerRows, keys: Keys) -> Check:
    """The ledger's last head, and whether its key is there."""
    keys.public_key(keys.signing_key_id())
    waiting = rows.waiting(Tree.CUSTODY)
    head = rows.newest_head(Tree.CUSTODY)
    size = head.size if head else 0
    what = f"{size:,} custody entries under a signed head, key {keys.signing_key_id()}"
    if waiting:
        return Check(
            "ledger",
            Grade.WARNING,
            f"{what}; {waiting:,} wait to be entered",
            "the next import or `minutier batch resume` enters them",
        )
    return Check("ledger", Grade.OK, what)


def check_space(home: Path) -> Check:
    """Room on the disk."""
    free = shutil.disk_usage(home).free
    grade = Grade.OK if free > LITTLE_SPACE else Grade.WARNING
    return Check("disk", grade, f"{free / 1e9:,.1f} GB free", "" if grade is Grade.OK else "make room before the next import")


def check_extraction(pool: ExtractionPool, sample: Path) -> Check:
    """A child starts, reads a small file with Tika and hands it back."""
    sample.write_bytes(b"{\\rtf1\\ansi\\pard doctor\\par}")
    pool.submit([ExtractionTask("doctor", sample, "doctor.rtf", sample.stat().st_size)])
    for event in _events(pool):
        if isinstance(event, Found):
            right = event.extraction.outcome is Outcome.COMPLETE and "doctor" in event.extraction.text
            return (
                Check("extraction", Grade.OK, "children start and read")
                if right
                else Check(
                    "extraction",
                    Grade.FAILED,
                    f"a small file was read wrongly: {event.extraction.outcome} {event.extraction.reason}",
                )
            )
        if isinstance(event, Died):
            return Check("extraction", Grade.FAILED, f"the child that reads ended: {event.detail}")
    return Check("extraction", Grade.FAILED, f"no answer from a child within {_PATIENCE:.0f} seconds")


def _events(pool: ExtractionPool) -> Iterator[object]:
    waited = 0.0
    while pool.pending() and waited < _PATIENCE:
        yield from pool.poll(1.0)
        waited += 1.0
