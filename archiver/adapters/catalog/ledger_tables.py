"""The ledger's tables. Payloads and salts stay only until they are sealed in the object store."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table

from archiver.adapters.catalog.schema import metadata, words

ledger_outbox = Table(
    "ledger_outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("tree", words(8), nullable=False),
    Column("at", words(32), nullable=False),
    Column("kind", words(32), nullable=False),
    Column("document_id", words(36), nullable=False),
    Column("payload", words(), nullable=False),
    sqlite_autoincrement=True,
)

ledger_leaves = Table(
    "ledger_leaves",
    metadata,
    Column("tree", words(8), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", words(32), nullable=False),
    Column("document_id", words(36), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("payload", words()),
    Column("salt", LargeBinary(32)),
    sqlite_with_rowid=False,
)
Index("ledger_leaves_by_document", ledger_leaves.c.document_id)

ledger_nodes = Table(
    "ledger_nodes",
    metadata,
    Column("tree", words(8), primary_key=True),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
    sqlite_with_rowid=False,
)

ledger_state = Table(
    "ledger_state",
    metadata,
    Column("tree", words(8), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("sealed_to", BigInteger, nullable=False),
    Column("planned_to", BigInteger, nullable=False),
)

ledger_heads = Table(
    "ledger_heads",
    metadata,
    Column("tree", words(8), primary_key=True),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("body", words(), nullable=False),
)
