"""Column types as the first schema has them; apart from the program's own, which may change."""

from __future__ import annotations

from sqlalchemy import String, Text
from sqlalchemy.dialects.postgresql import TEXT
from sqlalchemy.types import TypeEngine


def words(length: int | None = None) -> TypeEngine[str]:
    """Text, ordered by code on both databases."""
    return (String(length) if length else Text()).with_variant(TEXT(collation="C"), "postgresql")
