"""The schema that archives had before their catalogue could be on PostgreSQL."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, text

from archiver.adapters.catalog.migrations.columns import words

revision = "1"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    _archive()
    _batches()
    _documents()
    _contents()
    _ledger()


def _archive() -> None:
    op.create_table("archive", Column("key", words(64), primary_key=True), Column("value", words(), nullable=False))
    op.create_table(
        "policies",
        Column("version", Integer, primary_key=True),
        Column("sha256", words(64), nullable=False),
        Column("applied_at", words(32), nullable=False),
        Column("applied_by", words(), nullable=False),
        Column("body", words(), nullable=False),
    )


def _batches() -> None:
    op.create_table(
        "batches",
        Column("id", words(128), primary_key=True),
        Column("state", words(16), nullable=False),
        Column("created_at", words(32), nullable=False),
        Column("finished_at", words(32)),
        Column("spec", words(), nullable=False),
        Column("listed", Boolean, nullable=False),
        Column("lines", BigInteger, nullable=False),
    )
    op.create_table(
        "lines",
        Column("batch_id", words(128), primary_key=True),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("source", words(), nullable=False),
        Column("state", words(16), nullable=False),
        Column("document_id", words(36), nullable=False),
        Column("reason", words(), nullable=False),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("lines_by_source_hash", "lines", ["source"], postgresql_using="hash")
    else:
        op.create_index("lines_by_source", "lines", ["source", "batch_id"])


def _documents() -> None:
    op.create_table(
        "documents",
        Column("id", words(36), primary_key=True),
        Column("sequence", BigInteger, nullable=False, unique=True),
        Column("collection", words(128), nullable=False),
        Column("retention_class", words(128), nullable=False),
        Column("source", words(), nullable=False),
        Column("name", words(), nullable=False),
        Column("sha256", words(64), nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("state", words(16), nullable=False),
        Column("outcome", words(16)),
        Column("reason", words(), nullable=False),
        Column("media_type", words(), nullable=False),
        Column("language", words(8), nullable=False),
        Column("received_at", words(32), nullable=False),
        Column("archived_at", words(32)),
        Column("batch_id", words(128), nullable=False),
        Column("locator", words(), nullable=False),
        Column("parent_id", words(36)),
        Column("root_id", words(36)),
        Column("life", Integer, nullable=False),
        Column("declared", words(), nullable=False),
        Column("summary", words(), nullable=False),
        Column("grants", words(), nullable=False),
        Column("denies", words(), nullable=False),
        Column("retain_until", words(10)),
        Column("retention_note", words(), nullable=False),
        Column("lock_mode", words(16), nullable=False),
        Column("policy_version", Integer, nullable=False),
        Column("text_key", words(), nullable=False),
        Column("record_sha256", words(64), nullable=False),
        Column("members", Integer, nullable=False),
        Column("members_failed", Integer, nullable=False),
        Column("attempts", Integer, nullable=False),
    )
    whole = "outcome IN ('complete', 'empty') AND text_key <> '' AND members = 0"
    _partial("documents_waiting", ["sequence"], "state = 'received'")
    _partial("documents_by_content", ["sha256", "collection"], "root_id IS NULL")
    _partial("documents_read_whole", ["sha256", "collection"], whole)
    _partial("documents_by_root", ["root_id", "sequence"], "root_id IS NOT NULL")
    op.create_index("documents_by_batch", "documents", ["batch_id", "sequence"])


def _partial(name: str, columns: list[str], condition: str) -> None:
    op.create_index(name, "documents", columns, sqlite_where=text(condition), postgresql_where=text(condition))


def _contents() -> None:
    op.create_table(
        "contents",
        Column("collection", words(128), primary_key=True),
        Column("retention_class", words(128), primary_key=True),
        Column("sha256", words(64), primary_key=True),
        Column("size", BigInteger, nullable=False),
        Column("key", words(), nullable=False),
        Column("version", words(64), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "seen",
        Column("collection", words(128), primary_key=True),
        Column("source", words(), primary_key=True),
        Column("size", BigInteger, nullable=False),
        Column("mtime_ns", BigInteger, nullable=False),
        Column("ctime_ns", BigInteger, nullable=False),
        Column("inode", BigInteger, nullable=False),
        Column("document_id", words(36), nullable=False),
        sqlite_with_rowid=False,
    )


def _ledger() -> None:
    op.create_table(
        "ledger_outbox",
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("tree", words(8), nullable=False),
        Column("at", words(32), nullable=False),
        Column("kind", words(32), nullable=False),
        Column("document_id", words(36), nullable=False),
        Column("payload", words(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ledger_leaves",
        Column("tree", words(8), primary_key=True),
        Column("position", BigInteger, primary_key=True, autoincrement=False),
        Column("kind", words(32), nullable=False),
        Column("document_id", words(36), nullable=False),
        Column("hash", LargeBinary(32), nullable=False),
        Column("payload", words()),
        Column("salt", LargeBinary(32)),
        sqlite_with_rowid=False,
    )
    op.create_index("ledger_leaves_by_document", "ledger_leaves", ["document_id"])
    op.create_table(
        "ledger_nodes",
        Column("tree", words(8), primary_key=True),
        Column("level", Integer, primary_key=True, autoincrement=False),
        Column("position", BigInteger, primary_key=True, autoincrement=False),
        Column("hash", LargeBinary(32), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_state",
        Column("tree", words(8), primary_key=True),
        Column("size", BigInteger, nullable=False),
        Column("frontier", LargeBinary, nullable=False),
        Column("sealed_to", BigInteger, nullable=False),
        Column("planned_to", BigInteger, nullable=False),
    )
    op.create_table(
        "ledger_heads",
        Column("tree", words(8), primary_key=True),
        Column("size", BigInteger, primary_key=True, autoincrement=False),
        Column("body", words(), nullable=False),
    )
