"""API keys, break-glass grants, and answers kept for requests that are sent again."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, LargeBinary, text

from archiver.adapters.catalog.migrations.columns import words

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Make the tables."""
    _api_keys()
    _break_glass()
    _api_replies()


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        Column("id", words(32), primary_key=True),
        Column("name", words(64), nullable=False),
        Column("digest", LargeBinary(32), nullable=False),
        *(Column(name, words(), nullable=False) for name in ("groups", "permissions", "purpose")),
        Column("created_at", words(32), nullable=False),
        Column("created_by", words(), nullable=False),
        Column("expires_at", words(32), nullable=False),
        Column("revoked_at", words(32)),
        Column("revoked_reason", words(), nullable=False),
        Column("rotated_to", words(32), nullable=False),
        Column("last_used_at", words(32)),
    )
    current = text("revoked_at IS NULL AND rotated_to = ''")
    op.create_index("api_keys_by_name", "api_keys", ["name"], unique=True, sqlite_where=current, postgresql_where=current)


def _break_glass() -> None:
    op.create_table(
        "break_glass",
        Column("id", words(32), primary_key=True),
        *(Column(name, words(), nullable=False) for name in ("principal", "groups", "reason", "granted_by")),
        Column("granted_at", words(32), nullable=False),
        Column("until", words(32), nullable=False),
        Column("ended_at", words(32)),
    )
    op.create_index("break_glass_by_principal", "break_glass", ["principal", "until"])


def _api_replies() -> None:
    op.create_table(
        "api_replies",
        Column("principal", words(), primary_key=True),
        Column("key", words(255), primary_key=True),
        Column("request_digest", words(64), nullable=False),
        Column("status", Integer, nullable=False),
        Column("headers", words(), nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("at", words(32), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("api_replies_by_time", "api_replies", ["at"])
