"""What a catalogue says, as digests: to tell whether one that was rebuilt says the same as the one before.

Left out is what no object tells: input lines and batches, what was seen of sources, work that waits, what is not sealed yet, numbers
that only order (sequence, attempts), words that are in no object (why a decision was made), and who might have read what was
destroyed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Table, select

from archiver.adapters.catalog import ledger_tables, retention_tables, tables
from archiver.adapters.catalog.engine import read
from archiver.domain.document import State
from archiver.ports.rebuilding import CatalogDigest

_PAGE = 2_000
_LEFT_OUT: dict[Table, frozenset[str]] = {
    tables.documents: frozenset({"sequence", "attempts"}),
    tables.contents: frozenset(),
    tables.policies: frozenset({"applied_by"}),
    retention_tables.occurrences: frozenset(),
    retention_tables.holds: frozenset(),
    retention_tables.held: frozenset(),
    retention_tables.decisions: frozenset({"reason", "reference"}),
    retention_tables.signers: frozenset(),
    retention_tables.purges: frozenset(),
    retention_tables.purge_items: frozenset({"refs"}),
    ledger_tables.ledger_leaves: frozenset({"kind", "document_id", "payload", "salt"}),
    ledger_tables.ledger_nodes: frozenset(),
    ledger_tables.ledger_heads: frozenset(),
}
_READERS = frozenset({"grants", "denies"})


def digest_of(engine: Engine) -> CatalogDigest:
    """SHA-256 by table, and "all" over these; one view of the catalogue, all rows streamed."""
    found: dict[str, str] = {}
    with read(engine) as connection:
        for table, left_out in _LEFT_OUT.items():
            found[table.name] = _digest(connection, table, left_out)
    found["all"] = hashlib.sha256("".join(f"{name} {value}\n" for name, value in found.items()).encode()).hexdigest()
    return found


def _digest(connection: Connection, table: Table, left_out: frozenset[str]) -> str:
    columns = [column for column in table.columns if column.name not in left_out]
    digest = hashlib.sha256()
    for row in _rows(connection, table, columns):
        digest.update(json.dumps(row, ensure_ascii=True, separators=(",", ":"), sort_keys=True, default=_text).encode() + b"\n")
    return digest.hexdigest()


def _rows(connection: Connection, table: Table, columns: Sequence[ColumnElement[Any]]) -> Iterator[list[Any]]:
    query = select(*columns).order_by(*table.primary_key.columns)
    if table is tables.documents:
        query = query.where(table.c.state != State.RECEIVED.value)
    if table is ledger_tables.ledger_leaves:
        query = query.where(table.c.payload.is_(None))
    if table is retention_tables.purge_items:
        query = query.where(table.c.purge_id.in_(select(retention_tables.purges.c.id)))
    for row in connection.execution_options(yield_per=_PAGE).execute(query):
        gone = table is tables.documents and row.state == State.DISPOSED.value
        yield [None if gone and column.name in _READERS else value for column, value in zip(columns, row, strict=True)]


def _text(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
