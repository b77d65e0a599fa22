"""API keys and break-glass over a catalogue in a file, with a clock that a test moves."""

from __future__ import annotations

import json
from pathlib import Path

from archiver.adapters.catalog.caller_rows import SqlCallerRows
from archiver.adapters.catalog.engine import read
from archiver.adapters.catalog.ledger_tables import ledger_outbox
from archiver.adapters.catalog.sql import create_sqlite
from archiver.domain.caller import Permission
from archiver.services.api_keys import ApiKeys, Made, Order
from archiver.services.authenticate_key import AuthenticateKey
from archiver.services.break_glass import BreakGlass
from archiver.services.register import Register
from retention.period import Period
from tests.support.memory_keys import MemoryKeys
from tests.support.memory_objects import MemoryObjects
from tests.support.moving_clock import MovingClock

READING = frozenset({Permission.SEARCH, Permission.READ})


class CallerBench:
    """Parts of one archive."""

    def __init__(self, folder: Path) -> None:
        self.catalog = create_sqlite(folder / "catalog.sqlite")
        self.clock, self.memory_keys = MovingClock(), MemoryKeys("archive")
        self.rows = SqlCallerRows(self.catalog.engine)
        self.register = Register(MemoryObjects(self.clock), self.memory_keys)
        self.keys = ApiKeys(self.rows, self.register, self.memory_keys, self.clock)
        self.glass = BreakGlass(self.rows, self.register, self.clock)
        self.authentication = AuthenticateKey(self.rows, self.memory_keys.identifier_key(), noting=True)

    def create(self, name: str = "erp", expires: str = "P1Y", **more) -> Made:
        """A key for finance that reads."""
        asked = {"groups": ["finance"], "permissions": READING, **more}
        return self.keys.create(Order(name, expires=Period.parse(expires), **asked), by="Anna Lévy")

    def entries(self) -> list[dict]:
        """Payloads of ledger entries, oldest first."""
        with read(self.catalog.engine) as connection:
            return [json.loads(row.payload) for row in connection.execute(ledger_outbox.select().order_by(ledger_outbox.c.id))]

    def close(self) -> None:
        self.catalog.close()
