"""Many rows into a table in one statement, at the driver's own speed.

SQLite runs one statement for each row without leaving the process. PostgreSQL gets all rows as one JSON value, which it unfolds
itself: one round trip whatever their number, half the work on both sides, and rows in the order of their keys, so that two
writers never wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Connection, Integer, LargeBinary, Table
from sqlalchemy.engine import Dialect

Key = tuple[Any, ...]

_ENDS = 400
"""Values in one question."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of values the driver knows (text, integers, bytes, None), in the order of the table's columns.

    A table whose key the database counts itself takes its rows without that column.
    """
    if rows:
        into = _into(table, connection.dialect)
        connection.exec_driver_sql(into.insert, into.values(rows))


def upsert(connection: Connection, table: Table, rows: Iterable[dict[str, Any]], *, keep: bool = False) -> None:
    """Insert rows; one whose primary key exists is replaced, or kept as it is when `keep`. Of two with one key the last counts,
    or the first when `keep`."""
    new = _apart(rows, _key(table), keep=keep)
    if new:
        into = _into(table, connection.dialect)
        connection.exec_driver_sql(into.keep if keep else into.replace, into.values(map(into.bound, new)))


def add(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> set[Key]:
    """Insert rows whose primary key is not there yet, and say which: the keys of those that were inserted by this call.

    Decided by the database: of two transactions that add one key at the same time, one is told it did.
    """
    key = _key(table)
    new = _apart(rows, key, keep=True)
    if not new:
        return set()
    into = _into(table, connection.dialect)
    values = into.values(map(into.bound, new))
    if connection.dialect.name == "postgresql":
        return {tuple(row) for row in connection.exec_driver_sql(f"{into.keep} RETURNING {', '.join(key)}", values)}
    keys = [tuple(row[name] for name in key) for row in new]
    taken = _existing(connection, table, keys)  # nobody else writes in between: SQLite has one writer at a time
    connection.exec_driver_sql(into.keep, values)
    return set(keys) - taken


@dataclass(frozen=True, slots=True)
class _Into:
    """The statements that write a table's rows, and how their values are given to them."""

    names: tuple[str, ...]
    binders: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    insert: str
    keep: str
    replace: str
    as_json: bool

    def bound(self, row: dict[str, Any]) -> tuple[Any, ...]:
        """A row's values as the driver takes them."""
        return tuple([bind(row[name]) if bind else row[name] for name, bind in self.binders])

    def values(self, rows: Iterable[tuple[Any, ...]]) -> Any:
        """Rows for one of the statements: as they are, or all in one JSON value with bytes as base64."""
        if not self.as_json:
            return list(rows)
        return (msgspec.json.encode([dict(zip(self.names, row, strict=True)) for row in rows]).decode(),)


@cache
def _into(table: Table, dialect: Dialect) -> _Into:
    columns = [column for column in table.columns if column is not table.autoincrement_column]
    names, key, as_json = tuple(column.name for column in columns), _key(table), dialect.name == "postgresql"
    into = f"INSERT INTO {table.name} ({', '.join(names)}) {_unfolded(columns) if as_json else _listed(columns)}"
    conflict = f"{into} ON CONFLICT ({', '.join(key)})"
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
    binders = tuple((column.name, _binder(column, dialect)) for column in columns)
    return _Into(names, binders, into, f"{conflict} DO NOTHING", f"{conflict} DO UPDATE SET {changed}", as_json)


def _listed(columns: Sequence[Column[Any]]) -> str:
    return f"VALUES ({', '.join('?' * len(columns))})"


def _unfolded(columns: Sequence[Column[Any]]) -> str:
    values = ", ".join(f"decode({c.name}, 'base64')" if isinstance(c.type, LargeBinary) else c.name for c in columns)
    fields = ", ".join(f"{column.name} {_json_type(column)}" for column in columns)
    return f"SELECT {values} FROM json_to_recordset(%s::json) AS t({fields})"  # noqa: S608


def _binder(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    if isinstance(column.type, LargeBinary):
        return None
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def _json_type(column: Column[Any]) -> str:
    if isinstance(column.type, BigInteger):
        return "bigint"
    if isinstance(column.type, Integer):
        return "integer"
    return "boolean" if isinstance(column.type, Boolean) else "text"


def _key(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key)


def _apart(rows: Iterable[dict[str, Any]], key: tuple[str, ...], *, keep: bool) -> list[dict[str, Any]]:
    """Rows with different keys, in the order of their keys."""
    unique: dict[Key, dict[str, Any]] = {}
    for row in rows:
        at = tuple(row[name] for name in key)
        if not keep or at not in unique:
            unique[at] = row
    return [unique[at] for at in sorted(unique)]


def _existing(connection: Connection, table: Table, keys: list[Key]) -> set[Key]:
    """Which of these keys there are. Asked by their common beginnings: of whole keys in a list SQLite makes a walk over the table."""
    *before, last = _key(table)
    by_beginning: dict[Key, list[Any]] = {}
    for key in keys:
        by_beginning.setdefault(key[:-1], []).append(key[-1])
    found: set[Key] = set()
    for beginning, ends in by_beginning.items():
        for at in range(0, len(ends), _ENDS):
            piece = ends[at : at + _ENDS]
            here = "".join(f"{name} = ? AND " for name in before)
            query = f"SELECT {last} FROM {table.name} WHERE {here}{last} IN ({', '.join('?' * len(piece))})"  # noqa: S608
            found.update((*beginning, row[0]) for row in connection.exec_driver_sql(query, (*beginning, *piece)))
    return found
