"""A ledger with everything around it in memory, for tests of sealing and verification."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, text

from archiver.adapters.catalog.engine import sqlite_engine, write
from archiver.adapters.catalog.ledger_rows import SqlLedgerRows
from archiver.adapters.catalog.schema import metadata
from archiver.domain.ledger import LedgerEvent, Tree
from archiver.services.seal_ledger import Sealing
from archiver.services.sequence_ledger import LedgerService
from tests.support.memory_keys import MemoryKeys
from tests.support.memory_objects import MemoryObjects
from tests.support.moving_clock import MovingClock


@dataclass
class LedgerBench:
    """All parts of one archive's ledger, segments of at most `leaves`."""

    engine: Engine
    rows: SqlLedgerRows
    objects: MemoryObjects
    keys: MemoryKeys
    clock: MovingClock
    service: LedgerService

    @classmethod
    def on(cls, path: Path, *, leaves: int = 10, keys: MemoryKeys | None = None) -> LedgerBench:
        engine = sqlite_engine(path)
        with write(engine) as connection:
            metadata.create_all(connection)
        clock, keys = MovingClock(), keys or MemoryKeys("first")
        rows, objects = SqlLedgerRows(engine), MemoryObjects(clock)
        entropy = random.Random(7).randbytes
        service = LedgerService(rows, objects, keys, clock, sealing=Sealing(leaves=leaves), entropy=entropy)
        return cls(engine, rows, objects, keys, clock, service)

    def event(self, number: int, tree: Tree = Tree.CUSTODY, kind: str = "archived") -> LedgerEvent:
        """What happened to document `number`."""
        details = {"sha256": f"{number:064x}", "size": number, "source": f"/dépôt/{number}.pdf"}
        return LedgerEvent(kind, document_id(number), self.clock.now(), details, tree)

    def archive(self, count: int, first: int = 0, *, seal: bool = True) -> None:
        """Let documents first .. first + count - 1 be archived, entered, and sealed."""
        self.rows.enter(self.event(number) for number in range(first, first + count))
        self.service.sequence()
        if seal:
            self.service.seal()

    def tamper(self, statement: str, **values: object) -> None:
        """Change the catalogue behind the program's back."""
        with write(self.engine) as connection:
            connection.execute(text(statement), values)


def document_id(number: int) -> str:
    """An identifier of the form documents have."""
    return f"{number:08x}-0000-8000-8000-000000000000"
