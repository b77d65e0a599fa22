"""People who read: entries of the access tree in any number, written and sealed as a served archive does."""

from __future__ import annotations

from typing import Protocol

from archiver.adapters.catalog.ledger_rows import SqlLedgerRows
from archiver.adapters.extraction.screen import screen
from archiver.domain.accesses import Access, Act
from archiver.ports.clock import Clock
from archiver.ports.keys import Keys
from archiver.ports.objects import ObjectStore
from archiver.services.access_log import AccessLog
from archiver.services.register import Register
from tests.support.ledger_bench import document_id


class Kept(Protocol):
    """An archive of whatever kind."""

    rows: SqlLedgerRows
    clock: Clock

    @property
    def objects(self) -> ObjectStore: ...

    @property
    def keys(self) -> Keys: ...


def log_of(one: Kept) -> AccessLog:
    """Its access log."""
    return AccessLog(one.rows, register_of(one), one.clock, lambda text: screen(text)[1])


def register_of(one: Kept) -> Register:
    """Its register."""
    return Register(one.objects, one.keys)


def viewed(log: AccessLog, *numbers: int, name: str = "Anna") -> None:
    """Somebody looks at these documents."""
    for number in numbers:
        log.write(Access(Act.VIEWED, name, "a matter", document_id(number), status=200))
