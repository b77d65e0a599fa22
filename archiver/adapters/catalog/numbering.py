"""Sequence numbers: every change of a document gets a higher one, and they become visible in their order.

A reader that has seen everything up to a number never meets a smaller one later. So numbers are given one transaction at a time,
from the moment it asks for them until it has committed; what does not need them is written before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from archiver.adapters.catalog.advisory import advisory_key
from archiver.adapters.catalog.rows import document_row
from archiver.adapters.catalog.tables import documents
from archiver.domain.document import Document


def top_sequence(connection: Connection) -> int:
    """Highest number given so far."""
    return connection.execute(select(func.max(documents.c.sequence))).scalar() or 0


def numbered(connection: Connection, new: Sequence[Document]) -> list[dict[str, Any]]:
    """Documents as rows with the next numbers, in the order given. No other transaction gets numbers until this one has ended."""
    if not new:
        return []
    after_arrivals(connection)
    top = top_sequence(connection)  # a statement of its own: it must see what the last holder of the lock has committed
    return [document_row(document) | {"sequence": top + place} for place, document in enumerate(new, 1)]


def after_arrivals(connection: Connection) -> None:
    """Wait until no other transaction that has numbers is open: whatever arrives is there then, or arrives after this one."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        connection.execute(select(func.pg_advisory_xact_lock(advisory_key("sequence"))))
