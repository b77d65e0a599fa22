"""Databases of a test's own on the PostgreSQL server of the tests."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Engine, make_url, text

from archiver.adapters.catalog.schema import metadata


def conninfo(url: str, database: str | None = None) -> str:
    """A URL as the driver takes it, of another database if one is named."""
    address = make_url(url).set(drivername="postgresql")
    return (address.set(database=database) if database else address).render_as_string(hide_password=False)


@contextmanager
def database(server: str) -> Iterator[str]:
    """The URL of a new database, dropped at the end. It sorts as French is sorted: nothing of ours may depend on that."""
    name = f"minutier_test_{secrets.token_hex(6)}"
    with psycopg.connect(conninfo(server), autocommit=True) as admin:
        french = "LOCALE_PROVIDER icu ICU_LOCALE 'fr-FR' LOCALE 'C.UTF-8' TEMPLATE template0 ENCODING 'UTF8'"
        admin.execute(f"CREATE DATABASE {name} {french}")  # type: ignore[call-overload]
        try:
            url = make_url(server).set(database=name, drivername="postgresql+psycopg")
            yield url.render_as_string(hide_password=False)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[call-overload]


def empty(engine: Engine) -> None:
    """Remove all rows; the marks of the schema stay."""
    names = ", ".join(table.name for table in metadata.sorted_tables if table.name != "archive")
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
        connection.execute(text("DELETE FROM archive WHERE key <> 'schema'"))
