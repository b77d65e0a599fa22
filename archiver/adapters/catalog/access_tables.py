"""The catalogue's tables of who calls from outside: API keys, break-glass grants, answers kept for questions that come twice.

No stored object tells of any of them: they are no part of the catalogue's digest, and a rebuilt catalogue has none.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, text

from archiver.adapters.catalog.schema import Json, SourceText, UtcTime, metadata, words

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", words(32), primary_key=True),
    Column("name", words(64), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("groups", Json, nullable=False),
    Column("permissions", Json, nullable=False),
    Column("purpose", SourceText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", SourceText, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
    Column("revoked_reason", SourceText, nullable=False),
    Column("rotated_to", words(32), nullable=False),
    Column("last_used_at", UtcTime),
)
"""`digest`: of the secret, under a key that is not in this table. `rotated_to`: the key that takes this one's place; "" for none."""
_CURRENT = text("revoked_at IS NULL AND rotated_to = ''")
Index("api_keys_by_name", api_keys.c.name, unique=True, sqlite_where=_CURRENT, postgresql_where=_CURRENT)

break_glass = Table(
    "break_glass",
    metadata,
    Column("id", words(32), primary_key=True),
    Column("principal", SourceText, nullable=False),
    Column("groups", Json, nullable=False),
    Column("reason", SourceText, nullable=False),
    Column("granted_by", SourceText, nullable=False),
    Column("granted_at", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
)
Index("break_glass_by_principal", break_glass.c.principal, break_glass.c.until)

api_replies = Table(
    "api_replies",
    metadata,
    Column("principal", SourceText, primary_key=True),
    Column("key", words(255), primary_key=True),
    Column("request_digest", words(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", Json, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", UtcTime, nullable=False),
    sqlite_with_rowid=False,
)
"""What was answered to a request that changes something, so that the same request sent again is answered, not done, again."""
Index("api_replies_by_time", api_replies.c.at)

__all__ = ["api_keys", "api_replies", "break_glass"]
