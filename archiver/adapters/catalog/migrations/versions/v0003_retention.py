"""Events, holds, decisions, personal keys, purges; what a purge selects by, and the mark it leaves on a destroyed document."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, text

from archiver.adapters.catalog.migrations.columns import words

revision = "3"
down_revision = "2"

_DUE = "root_id IS NULL AND retain_until IS NOT NULL AND state IN ('archived', 'quarantined')"
_UNDATED = "root_id IS NULL AND retain_until IS NULL AND state IN ('archived', 'quarantined')"


def upgrade() -> None:
    """Make the tables, and what documents need for them."""
    _documents()
    _facts()
    _holds()
    _signers()
    _purges()


def _documents() -> None:
    op.add_column("documents", Column("purge_id", words(64), nullable=False, server_default=""))
    _partial("members_by_content", ["sha256", "collection"], "root_id IS NOT NULL")
    _partial("documents_due", ["retain_until", "id"], _DUE)
    _partial("documents_undated", ["id"], _UNDATED)


def _partial(name: str, columns: list[str], condition: str) -> None:
    op.create_index(name, "documents", columns, sqlite_where=text(condition), postgresql_where=text(condition))


def _facts() -> None:
    op.create_table(
        "occurrences",
        Column("document_id", words(36), primary_key=True),
        Column("name", words(64), primary_key=True),
        Column("day", words(10), nullable=False),
        Column("recorded", words(10), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "decisions",
        Column("document_id", words(36), primary_key=True),
        Column("choice", words(16), nullable=False),
        Column("day", words(10), nullable=False),
        Column("by", words(), nullable=False),
        Column("reason", words(), nullable=False),
        Column("reference", words(), nullable=False),
        sqlite_with_rowid=False,
    )


def _holds() -> None:
    op.create_table(
        "holds",
        Column("id", words(64), primary_key=True),
        Column("matter", words(), nullable=False),
        Column("reason", words(), nullable=False),
        Column("owner", words(), nullable=False),
        Column("review", words(10)),
        Column("placed_at", words(32), nullable=False),
        Column("placed_by", words(), nullable=False),
        Column("collection", words(128), nullable=False),
        Column("released_at", words(32)),
        Column("released_by", words(), nullable=False),
    )
    op.create_index("holds_by_collection", "holds", ["collection"])
    op.create_table(
        "held",
        Column("document_id", words(36), primary_key=True),
        Column("hold_id", words(64), primary_key=True),
        Column("since", words(10), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("held_by_hold", "held", ["hold_id", "document_id"])


def _signers() -> None:
    op.create_table(
        "signers",
        Column("key_id", words(16), primary_key=True),
        Column("person", words(), nullable=False),
        Column("pseudonym", words(16), nullable=False),
        Column("public_key", words(64), nullable=False),
        Column("enrolled_at", words(32), nullable=False),
        Column("enrolled_by", words(), nullable=False),
        Column("revoked_at", words(32)),
    )


def _purges() -> None:
    op.create_table(
        "purges",
        Column("id", words(64), primary_key=True),
        Column("state", words(16), nullable=False),
        Column("made_at", words(32), nullable=False),
        Column("criteria", words(), nullable=False),
        Column("documents", BigInteger, nullable=False),
        Column("bytes", BigInteger, nullable=False),
        Column("withheld", BigInteger, nullable=False),
        *(Column(name, words(), nullable=False) for name in ("author", "plan")),
        Column("plan_key", words(64), nullable=False),
        Column("plan_signature", words(128), nullable=False),
        Column("approvals", words(), nullable=False),
        *(Column(name, words(32)) for name in ("started_at", "ended_at")),
    )
    op.create_table(
        "purge_items",
        Column("purge_id", words(64), primary_key=True),
        Column("position", BigInteger, primary_key=True),
        Column("document_id", words(36), nullable=False),
        Column("root_id", words(36)),
        *(Column(name, words(128), nullable=False) for name in ("collection", "retention_class")),
        Column("sha256", words(64), nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("until", words(10), nullable=False),
        Column("reason", words(), nullable=False),
        Column("salt", words(64), nullable=False),
        Column("state", words(16), nullable=False),
        Column("why", words(), nullable=False),
        Column("shared", Boolean, nullable=False),
        Column("at", words(32)),
        Column("refs", words(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("purge_items_by_document", "purge_items", ["document_id"])
    op.create_index("purge_items_by_state", "purge_items", ["purge_id", "state", "position"])
    op.create_table(
        "leaving",
        Column("key", words(), primary_key=True),
        Column("version", words(64), primary_key=True),
        Column("purge_id", words(64), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "purge_withheld",
        Column("purge_id", words(64), primary_key=True),
        Column("document_id", words(36), primary_key=True),
        Column("why", words(64), nullable=False),
        Column("sentence", words(), nullable=False),
        Column("retention_class", words(128), nullable=False),
        Column("size", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
