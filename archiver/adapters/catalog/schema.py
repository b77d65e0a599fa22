"""The one `MetaData` every catalogue table belongs to, and column types that behave alike on SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import MetaData, String, Text, types
from sqlalchemy.dialects.postgresql import TEXT

T = TypeVar("T")

metadata = MetaData()

_IN_CODE_ORDER = TEXT(collation="C")
"""Text of any length as PostgreSQL keeps ours: ordered by code, as SQLite does. Other orders change with the system's libraries,
and leave an index that no longer finds what is in it."""


def words(length: int | None = None) -> types.TypeEngine[str]:
    """Text; the length is what SQLite's schema says of it, and limits nothing."""
    return (String(length) if length else Text()).with_variant(_IN_CODE_ORDER, "postgresql")


class _Written(types.TypeDecorator[T]):
    """A value kept as text."""

    impl: Any = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> types.TypeEngine[Any]:
        return _IN_CODE_ORDER if dialect.name == "postgresql" else self.impl_instance


class UtcTime(_Written[datetime]):
    """A moment in UTC, kept as ISO 8601 text of fixed width, so that text order is time order."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Any) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class Day(_Written[date]):
    """A whole day, kept as ISO 8601 text."""

    impl = String(10)
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Any) -> str | None:
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Any) -> date | None:
        return None if value is None else date.fromisoformat(value)


class Json(_Written[Any]):
    """A small JSON value, kept as text; strings that are not UTF-8 (PEP 383 escapes) survive as \\udcXX."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        if value is None:
            return None
        try:
            return msgspec.json.encode(value).decode()
        except UnicodeEncodeError:  # a lone surrogate: only the slower way writes it as an escape
            return json.dumps(value, ensure_ascii=True, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Any) -> Any:
        if value is None:
            return None
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            return json.loads(value)


_UNSAFE = re.compile("[\\\\\x00\ud800-\udfff]")
_ESCAPED = re.compile(r"\\(\\|x[0-9a-f]{2}|u[0-9a-f]{4})")


def escape(text: str) -> str:
    """`text` as storable UTF-8: backslash, NUL, lone surrogates and the PEP 383 bytes of odd file names are escaped."""
    return _UNSAFE.sub(lambda m: _escape_one(m.group()), text) if _UNSAFE.search(text) else text


def unescape(text: str) -> str:
    """The inverse of `escape`."""
    return _ESCAPED.sub(lambda m: _unescape_one(m.group(1)), text) if "\\" in text else text


def _escape_one(char: str) -> str:
    code = ord(char)
    if char == "\\":
        return "\\\\"
    if code == 0:
        return "\\x00"
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def _unescape_one(body: str) -> str:
    if body == "\\":
        return "\\"
    code = int(body[1:], 16)
    return chr(code + 0xDC00 if body[0] == "x" and code >= 0x80 else code)


class SourceText(_Written[str]):
    """A path or name that may hold bytes which are not UTF-8; readable in the database, and reversible."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else escape(value)

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else unescape(value)


_KEY_BYTES = 1_800


class SourceKey(_Written[str]):
    """A source as part of a key: a very long one is cut, with its digest in place of the rest. Reads as it was written."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else source_key(value)


def source_key(source: str) -> str:
    """`source` in the form it has in a key, in at most 2,000 bytes of UTF-8; other sources have other keys."""
    escaped = escape(source)
    encoded = escaped.encode()
    if len(encoded) <= _KEY_BYTES:
        return escaped
    return f"{encoded[:_KEY_BYTES].decode('utf-8', 'ignore')}\\ {hashlib.sha256(encoded).hexdigest()}"
