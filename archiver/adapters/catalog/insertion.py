"""Plain rows into a table at the driver's own speed: the statement is built once, values go through as they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, insert
from sqlalchemy.engine import Dialect


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of values the driver knows (text, integers, bytes, None), in the order of the table's columns.

    A table whose key the database counts itself takes its rows without that column.
    """
    if not rows:
        return
    statement, names = _statement(table, connection.dialect)
    if connection.dialect.positional:
        connection.exec_driver_sql(statement, list(rows))
    else:
        connection.exec_driver_sql(statement, [dict(zip(names, row, strict=True)) for row in rows])


@cache
def _statement(table: Table, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    names = tuple(column.name for column in table.columns if column is not table.autoincrement_column)
    return str(insert(table).inline().compile(dialect=dialect, column_keys=list(names))), names
