"""The catalogue's tables. No document text is ever in them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, text

from archiver.adapters.catalog.schema import Day, Json, SourceText, UtcTime, metadata

archive = Table(
    "archive",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    Column("spec", Json, nullable=False),
    Column("listed", Boolean, nullable=False, default=False),
    Column("lines", BigInteger, nullable=False, default=0),
)

lines = Table(
    "lines",
    metadata,
    Column("batch_id", String(128), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("source", SourceText, nullable=False),
    Column("state", String(16), nullable=False),
    Column("document_id", String(36), nullable=False, default=""),
    Column("reason", SourceText, nullable=False, default=""),
    sqlite_with_rowid=False,
)
Index("lines_by_source", lines.c.source, lines.c.batch_id)

documents = Table(
    "documents",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("sequence", BigInteger, nullable=False, unique=True),
    Column("collection", String(128), nullable=False),
    Column("retention_class", String(128), nullable=False),
    Column("source", SourceText, nullable=False),
    Column("name", SourceText, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("outcome", String(16)),
    Column("reason", SourceText, nullable=False),
    Column("media_type", SourceText, nullable=False),
    Column("language", String(8), nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("archived_at", UtcTime),
    Column("batch_id", String(128), nullable=False),
    Column("locator", Json, nullable=False),
    Column("parent_id", String(36)),
    Column("root_id", String(36)),
    Column("life", Integer, nullable=False),
    Column("declared", Json, nullable=False),
    Column("summary", Json, nullable=False),
    Column("grants", Json, nullable=False),
    Column("denies", Json, nullable=False),
    Column("retain_until", Day),
    Column("retention_note", SourceText, nullable=False),
    Column("lock_mode", String(16), nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("text_key", Text, nullable=False),
    Column("record_sha256", String(64), nullable=False),
    Column("members", Integer, nullable=False),
    Column("members_failed", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
)
Index(
    "documents_waiting",
    documents.c.sequence,
    sqlite_where=documents.c.state == "received",
    postgresql_where=documents.c.state == "received",
)
Index(
    "documents_by_content",
    documents.c.sha256,
    documents.c.collection,
    sqlite_where=documents.c.root_id.is_(None),
    postgresql_where=documents.c.root_id.is_(None),
)
READ_WHOLE = text("outcome IN ('complete', 'empty') AND text_key <> '' AND members = 0")
"""A document whose text serves every other document with the same bytes. As text: a planner must recognise the condition of
the index below, and does not with bound values. Without it a file with a million unreadable copies is a million rows to pass."""
Index(
    "documents_read_whole",
    documents.c.sha256,
    documents.c.collection,
    sqlite_where=READ_WHOLE,
    postgresql_where=READ_WHOLE,
)
Index(
    "documents_by_root",
    documents.c.root_id,
    documents.c.sequence,
    sqlite_where=documents.c.root_id.isnot(None),
    postgresql_where=documents.c.root_id.isnot(None),
)
Index("documents_by_batch", documents.c.batch_id, documents.c.sequence)

contents = Table(
    "contents",
    metadata,
    Column("collection", String(128), primary_key=True),
    Column("retention_class", String(128), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("version", String(64), nullable=False),
    sqlite_with_rowid=False,
)

seen = Table(
    "seen",
    metadata,
    Column("collection", String(128), primary_key=True),
    Column("source", SourceText, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("ctime_ns", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    Column("document_id", String(36), nullable=False),
    sqlite_with_rowid=False,
)

policies = Table(
    "policies",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("applied_at", UtcTime, nullable=False),
    Column("applied_by", SourceText, nullable=False),
    Column("body", Text, nullable=False),
)
