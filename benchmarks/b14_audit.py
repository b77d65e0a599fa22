"""B14: who read what, asked of a year of a million entries.

    python -m benchmarks.b14_audit [--entries 1000000]

Entries as a served archive writes them, sealed 2,048 at a time into an archive's own folder, one in a thousand about the document
that is asked for. Then `--document`, `--principal` of somebody who read a thousandth, and everything of the last month, each with
what the process takes in memory at most.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archiver.adapters.catalog.ledger_rows import SqlLedgerRows
from archiver.adapters.catalog.sql import create_sqlite
from archiver.adapters.objects.embedded import EmbeddedStore
from archiver.domain.accesses import Access, Act, event
from archiver.domain.ledger import LedgerEvent, Tree
from archiver.services.audit import Audit, Question
from archiver.services.register import Register
from archiver.services.sequence_ledger import ACCESS_WAITS, LedgerService
from tests.support.ledger_bench import document_id
from tests.support.memory_keys import MemoryKeys
from tests.support.moving_clock import MovingClock

STARTED = datetime(2026, 1, 1, tzinfo=UTC)
WANTED = 0
PEOPLE = 1_000


def main() -> None:
    """Make, ask, and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--entries", type=int, default=1_000_000)
    entries = options.parse_args().entries
    with tempfile.TemporaryDirectory() as folder:
        clock, keys = MovingClock(STARTED), MemoryKeys("b14")
        catalog, objects = create_sqlite(Path(folder) / "catalog.sqlite"), EmbeddedStore(Path(folder) / "objects", clock)
        rows, register = SqlLedgerRows(catalog.engine), Register(objects, keys)
        began = time.monotonic()
        fill(LedgerService(rows, objects, keys, clock), rows, clock, register, entries)
        print(f"{entries:,} entries written, entered and sealed in {time.monotonic() - began:,.0f} s")
        ask("a document", Question(document_id=document_id(WANTED)), rows, objects, register)
        ask("a person", Question(person=register.pseudonym("person 7")), rows, objects, register)
        ask("the last month", Question(since=clock.now() - timedelta(days=30)), rows, objects, register)
        ask("everything", Question(), rows, objects, register)
        objects.close()
        catalog.close()


def fill(ledger: LedgerService, rows: SqlLedgerRows, clock: MovingClock, register: Register, entries: int) -> None:
    """A year of it."""
    step = timedelta(days=365) / entries
    for start in range(0, entries, ACCESS_WAITS):
        rows.enter(one_after_another(start, min(start + ACCESS_WAITS, entries), step, register))
        clock.move(step * ACCESS_WAITS)
        ledger.sequence()
        ledger.seal(small=True)


def one_after_another(start: int, end: int, step: timedelta, register: Register) -> Iterator[LedgerEvent]:
    """Entries about documents and people at random; always the same."""
    chance = random.Random(start)
    viewed = Access(Act.VIEWED, "", "matter 2026-117", status=200)
    for number in range(start, end):
        document = WANTED if number % 1_000 == 0 else chance.randrange(1, 1_000_000)
        person = register.pseudonym(f"person {chance.randrange(PEOPLE)}")
        yield event(replace(viewed, document_id=document_id(document)), person, STARTED + number * step, lambda _: ())


def ask(what: str, question: Question, rows: SqlLedgerRows, objects: EmbeddedStore, register: Register) -> None:
    """How long until the first and the last entry."""
    began, first, count = time.monotonic(), 0.0, 0
    for _ in Audit(rows, objects, register).entries(question):
        first = first or time.monotonic() - began
        count += 1
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{what}: {count:,} entries, the first after {first:.2f} s, all after {time.monotonic() - began:.2f} s; {memory:.0f} MB at most"
    )
    state = rows.state(Tree.ACCESS)
    assert state.sealed == state.size


if __name__ == "__main__":
    main()
