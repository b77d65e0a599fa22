"""The catalogue's tables of retention: what happened to documents, who holds them, what was decided, what was destroyed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Table

from archiver.adapters.catalog.schema import Day, Json, SourceText, UtcTime, metadata, words

occurrences = Table(
    "occurrences",
    metadata,
    Column("document_id", words(36), primary_key=True),
    Column("name", words(64), primary_key=True),
    Column("day", Day, nullable=False),
    Column("recorded", Day, nullable=False),
    sqlite_with_rowid=False,
)

holds = Table(
    "holds",
    metadata,
    Column("id", words(64), primary_key=True),
    Column("matter", SourceText, nullable=False),
    Column("reason", SourceText, nullable=False),
    Column("owner", SourceText, nullable=False),
    Column("review", Day),
    Column("placed_at", UtcTime, nullable=False),
    Column("placed_by", SourceText, nullable=False),
    Column("collection", words(128), nullable=False),
    Column("released_at", UtcTime),
    Column("released_by", SourceText, nullable=False),
)
"""`collection`: what arrives in it later is held too; "" for a hold on what it was placed on only."""
Index("holds_by_collection", holds.c.collection)

held = Table(
    "held",
    metadata,
    Column("document_id", words(36), primary_key=True),
    Column("hold_id", words(64), primary_key=True),
    Column("since", Day, nullable=False),
    sqlite_with_rowid=False,
)
Index("held_by_hold", held.c.hold_id, held.c.document_id)

decisions = Table(
    "decisions",
    metadata,
    Column("document_id", words(36), primary_key=True),
    Column("choice", words(16), nullable=False),
    Column("day", Day, nullable=False),
    Column("by", SourceText, nullable=False),
    Column("reason", SourceText, nullable=False),
    Column("reference", SourceText, nullable=False),
    sqlite_with_rowid=False,
)

signers = Table(
    "signers",
    metadata,
    Column("key_id", words(16), primary_key=True),
    Column("person", SourceText, nullable=False),
    Column("pseudonym", words(16), nullable=False),
    Column("public_key", words(64), nullable=False),
    Column("enrolled_at", UtcTime, nullable=False),
    Column("enrolled_by", SourceText, nullable=False),
    Column("revoked_at", UtcTime),
)

purges = Table(
    "purges",
    metadata,
    Column("id", words(64), primary_key=True),
    Column("state", words(16), nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("criteria", Json, nullable=False),
    Column("documents", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("withheld", BigInteger, nullable=False),
    Column("author", SourceText, nullable=False),
    Column("plan", words(), nullable=False),
    Column("plan_key", words(64), nullable=False),
    Column("plan_signature", words(128), nullable=False),
    Column("approvals", Json, nullable=False),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
)

purge_items = Table(
    "purge_items",
    metadata,
    Column("purge_id", words(64), primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("document_id", words(36), nullable=False),
    Column("root_id", words(36)),
    Column("collection", words(128), nullable=False),
    Column("retention_class", words(128), nullable=False),
    Column("sha256", words(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("until", Day, nullable=False),
    Column("reason", words(), nullable=False),
    Column("salt", words(64), nullable=False),
    Column("state", words(16), nullable=False),
    Column("why", words(), nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("at", UtcTime),
    Column("refs", Json, nullable=False),
    sqlite_with_rowid=False,
)
"""`state`: planned, going (its destruction has begun), executed, withheld or failed. `refs`: what is to be destroyed, written
down before the first of it goes."""
Index("purge_items_by_document", purge_items.c.document_id)
Index("purge_items_by_state", purge_items.c.purge_id, purge_items.c.state, purge_items.c.position)

leaving = Table(
    "leaving",
    metadata,
    Column("key", words(), primary_key=True),
    Column("version", words(64), primary_key=True),
    Column("purge_id", words(64), nullable=False),
    sqlite_with_rowid=False,
)
"""Originals and texts that nobody refers to any more and that are being removed: until that is done nothing may refer to them
again. Texts stay in it until the purge has ended: who stored one meanwhile may not have entered it yet."""

purge_withheld = Table(
    "purge_withheld",
    metadata,
    Column("purge_id", words(64), primary_key=True),
    Column("document_id", words(36), primary_key=True),
    Column("why", words(64), nullable=False),
    Column("sentence", SourceText, nullable=False),
    Column("retention_class", words(128), nullable=False),
    Column("size", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What was past its last day when the plan was made, and was not planned."""

__all__ = ["decisions", "held", "holds", "leaving", "occurrences", "purge_items", "purge_withheld", "purges", "signers"]
