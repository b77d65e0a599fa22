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
from sqlalchemy import BigInteger, Boolean, Column, Connection, Integer, LargeBinary, Table, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect

Key = tuple[Any, ...]

_ENDS = 400
"""Values in one question."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of values the driver knows (text, integers, bytes, None), in the order of the table's columns.

    A table whose key the database counts itself takes its rows without that column.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_plain(table, connection.dialect), list(rows))
        return
    recordset = _recordset(table, connection.dialect)
    connection.exec_driver_sql(recordset.insert, (recordset.json(rows),))


def upsert(connection: Connection, table: Table, rows: Iterable[dict[str, Any]], *, keep: bool = False) -> None:
    """Insert rows; one whose primary key exists is replaced, or kept as it is when `keep`. Of two with one key the last counts,
    or the first when `keep`."""
    key = _key(table)
    new = _apart(rows, key, keep=keep)
    if not new:
        return
    if connection.dialect.name == "sqlite":
        _upsert_sqlite(connection, table, new, key, keep=keep)
        return
    recordset = _recordset(table, connection.dialect)
    statement = recordset.keep if keep else recordset.replace
    connection.exec_driver_sql(statement, (recordset.json(map(recordset.bound, new)),))


def add(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> set[Key]:
    """Insert rows whose primary key is not there yet, and say which: the keys of those that were inserted by this call.

    Decided by the database: of two transactions that add one key at the same time, one is told it did.
    """
    key = _key(table)
    new = _apart(rows, key, keep=True)
    if not new:
        return set()
    if connection.dialect.name == "sqlite":
        keys = [tuple(row[name] for name in key) for row in new]
        taken = _existing(connection, table, keys)
        _upsert_sqlite(connection, table, new, key, keep=True)
        return set(keys) - taken
    recordset = _recordset(table, connection.dialect)
    found = connection.exec_driver_sql(recordset.add, (recordset.json(map(recordset.bound, new)),))
    return {tuple(row) for row in found}


@dataclass(frozen=True, slots=True)
class _Recordset:
    """The statements that take a table's rows as one JSON value, and how its values are written there."""

    names: tuple[str, ...]
    binders: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    insert: str
    keep: str
    add: str
    replace: str

    def bound(self, row: dict[str, Any]) -> tuple[Any, ...]:
        """A row's values as the driver would get them."""
        return tuple(bind(row[name]) if bind else row[name] for name, bind in self.binders)

    def json(self, rows: Iterable[tuple[Any, ...]]) -> str:
        """Rows in the order of `names`, bytes as base64."""
        return msgspec.json.encode([dict(zip(self.names, row, strict=True)) for row in rows]).decode()


@cache
def _recordset(table: Table, dialect: Dialect) -> _Recordset:
    columns = [column for column in table.columns if column is not table.autoincrement_column]
    names = tuple(column.name for column in columns)
    key = _key(table)
    fields = ", ".join(f"{column.name} {_json_type(column)}" for column in columns)
    values = ", ".join(f"decode({c.name}, 'base64')" if isinstance(c.type, LargeBinary) else c.name for c in columns)
    into = f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} FROM json_to_recordset(%s::json) AS t({fields})"  # noqa: S608
    conflict = f"{into} ON CONFLICT ({', '.join(key)})"
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
    return _Recordset(
        names,
        tuple((column.name, _binder(column, dialect)) for column in columns),
        insert=into,
        keep=f"{conflict} DO NOTHING",
        add=f"{conflict} DO NOTHING RETURNING {', '.join(key)}",
        replace=f"{conflict} DO UPDATE SET {changed}",
    )


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


def _upsert_sqlite(connection: Connection, table: Table, rows: list[dict[str, Any]], key: tuple[str, ...], *, keep: bool) -> None:
    statement = sqlite.insert(table)
    if keep:
        connection.execute(statement.on_conflict_do_nothing(index_elements=key), rows)
        return
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), rows)


def _existing(connection: Connection, table: Table, keys: list[Key]) -> set[Key]:
    """Which of these keys there are. Asked by their common beginnings: of whole keys in a list SQLite makes a walk over the table."""
    *before, last = table.primary_key
    by_beginning: dict[Key, list[Any]] = {}
    for key in keys:
        by_beginning.setdefault(key[:-1], []).append(key[-1])
    found: set[Key] = set()
    for beginning, ends in by_beginning.items():
        here = [column == value for column, value in zip(before, beginning, strict=True)]
        for at in range(0, len(ends), _ENDS):
            query = select(last).where(*here, last.in_(ends[at : at + _ENDS]))
            found.update((*beginning, end) for end in connection.execute(query).scalars())
    return found


@cache
def _plain(table: Table, dialect: Dialect) -> str:
    names = [column.name for column in table.columns if column is not table.autoincrement_column]
    return str(insert(table).inline().compile(dialect=dialect, column_keys=names))
