"""The catalogue's tables. No document text is ever in them. What changes here needs a migration."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, text

from archiver.adapters.catalog.schema import Day, Json, SourceKey, SourceText, UtcTime, metadata, words

archive = Table(
    "archive",
    metadata,
    Column("key", words(64), primary_key=True),
    Column("value", words(), nullable=False),
)

batches = Table(
    "batches",
    metadata,
    Column("id", words(128), primary_key=True),
    Column("state", words(16), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    Column("spec", Json, nullable=False),
    Column("listed", Boolean, nullable=False, default=False),
    Column("lines", BigInteger, nullable=False, default=0),
)

lines = Table(
    "lines",
    metadata,
    Column("batch_id", words(128), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("source", SourceText, nullable=False),
    Column("state", words(16), nullable=False),
    Column("document_id", words(36), nullable=False, default=""),
    Column("reason", SourceText, nullable=False, default=""),
    sqlite_with_rowid=False,
)
# A path may be longer than what PostgreSQL takes into an ordered index; by hash it may have any length.
Index("lines_by_source", lines.c.source, lines.c.batch_id).ddl_if(dialect="sqlite")
Index("lines_by_source_hash", lines.c.source, postgresql_using="hash").ddl_if(dialect="postgresql")

documents = Table(
    "documents",
    metadata,
    Column("id", words(36), primary_key=True),
    Column("sequence", BigInteger, nullable=False, unique=True),
    Column("collection", words(128), nullable=False),
    Column("retention_class", words(128), nullable=False),
    Column("source", SourceText, nullable=False),
    Column("name", SourceText, nullable=False),
    Column("sha256", words(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("state", words(16), nullable=False),
    Column("outcome", words(16)),
    Column("reason", SourceText, nullable=False),
    Column("media_type", SourceText, nullable=False),
    Column("language", words(8), nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("archived_at", UtcTime),
    Column("batch_id", words(128), nullable=False),
    Column("locator", Json, nullable=False),
    Column("parent_id", words(36)),
    Column("root_id", words(36)),
    Column("life", Integer, nullable=False),
    Column("declared", Json, nullable=False),
    Column("summary", Json, nullable=False),
    Column("grants", Json, nullable=False),
    Column("denies", Json, nullable=False),
    Column("retain_until", Day),
    Column("retention_note", SourceText, nullable=False),
    Column("lock_mode", words(16), nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("text_key", words(), nullable=False),
    Column("record_sha256", words(64), nullable=False),
    Column("members", Integer, nullable=False),
    Column("members_failed", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("purge_id", words(64), nullable=False, server_default=""),
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
Index(
    "members_by_content",
    documents.c.sha256,
    documents.c.collection,
    sqlite_where=documents.c.root_id.isnot(None),
    postgresql_where=documents.c.root_id.isnot(None),
)
DUE = text("root_id IS NULL AND retain_until IS NOT NULL AND state IN ('archived', 'quarantined')")
"""Originals that have a last day: what a purge selects from."""
Index("documents_due", documents.c.retain_until, documents.c.id, sqlite_where=DUE, postgresql_where=DUE)
UNDATED = text("root_id IS NULL AND retain_until IS NULL AND state IN ('archived', 'quarantined')")
"""Originals that have none: what waits for an event, or for ever."""
Index("documents_undated", documents.c.id, sqlite_where=UNDATED, postgresql_where=UNDATED)
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
    Column("collection", words(128), primary_key=True),
    Column("retention_class", words(128), primary_key=True),
    Column("sha256", words(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("key", words(), nullable=False),
    Column("version", words(64), nullable=False),
    sqlite_with_rowid=False,
)

seen = Table(
    "seen",
    metadata,
    Column("collection", words(128), primary_key=True),
    Column("source", SourceKey, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("ctime_ns", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    Column("document_id", words(36), nullable=False),
    sqlite_with_rowid=False,
)

policies = Table(
    "policies",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("sha256", words(64), nullable=False),
    Column("applied_at", UtcTime, nullable=False),
    Column("applied_by", SourceText, nullable=False),
    Column("body", words(), nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("kind", words(8), primary_key=True),
    Column("document_id", words(36), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("batch_id", words(128), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("announced_at", BigInteger),
    Column("owner", words(128)),
    Column("leased_until", BigInteger),
    Column("deaths", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Work that waits. Times are microseconds since 1970 by the database's clock. A row is in one of three states: to be announced
(no `announced_at`), announced (no `owner`), or held; each has its index, in the order in which its rows come up."""
_SILENT = text("announced_at IS NULL AND owner IS NULL")
_ANNOUNCED = text("announced_at IS NOT NULL AND owner IS NULL")
_HELD = text("owner IS NOT NULL")
Index("jobs_to_announce", jobs.c.kind, jobs.c.due_at, jobs.c.version, sqlite_where=_SILENT, postgresql_where=_SILENT)
Index("jobs_announced", jobs.c.kind, jobs.c.announced_at, jobs.c.version, sqlite_where=_ANNOUNCED, postgresql_where=_ANNOUNCED)
Index("jobs_held", jobs.c.kind, jobs.c.leased_until, jobs.c.version, sqlite_where=_HELD, postgresql_where=_HELD)
Index("jobs_by_owner", jobs.c.owner, sqlite_where=_HELD, postgresql_where=_HELD)
Index("jobs_by_version", jobs.c.kind, jobs.c.version)
Index("jobs_by_batch", jobs.c.kind, jobs.c.batch_id, jobs.c.size)
