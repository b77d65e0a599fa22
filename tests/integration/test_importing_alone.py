"""One importer a batch, also after the database has let go of its lock."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from archiver.adapters.catalog.postgres import create_catalog
from archiver.adapters.catalog.sql import SqlCatalog
from archiver.errors import LockedError
from tests.support.on_servers import own_database
from tests.support.servers import server_url


@pytest.fixture
def catalogs() -> Iterator[tuple[SqlCatalog, SqlCatalog]]:
    with own_database(server_url("postgres"), f"turns{uuid.uuid4().hex[:8]}") as url:
        one, two = create_catalog(url), create_catalog(url)
        yield one, two
        one.close()
        two.close()


def cut(catalog: SqlCatalog) -> None:
    """What a restart of the server does to a connection."""
    from sqlalchemy import text

    here = "(SELECT oid FROM pg_database WHERE datname = current_database())"  # others on the server are other tests'
    with catalog.engine.connect() as connection:
        connection.execute(
            text(f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = {here}")
        )


def test_a_turn_is_held_and_let_go(catalogs: tuple[SqlCatalog, SqlCatalog]) -> None:
    one, two = catalogs
    turn = one.turn("batch x")
    turn.hold()
    turn.hold()
    assert "process" in two.holder("batch x")
    with pytest.raises(LockedError, match="batch x"):
        two.turn("batch x").hold()
    turn.close()
    assert two.holder("batch x") == ""
    other = two.turn("batch x")
    other.hold()
    other.close()


def test_a_turn_that_was_cut_is_taken_again(catalogs: tuple[SqlCatalog, SqlCatalog]) -> None:
    one, two = catalogs
    turn = one.turn("batch x")
    turn.hold()
    cut(two)
    assert two.holder("batch x") == ""
    turn.hold()
    assert two.holder("batch x")
    turn.close()


def test_who_lost_its_turn_to_another_stops(catalogs: tuple[SqlCatalog, SqlCatalog]) -> None:
    one, two = catalogs
    turn = one.turn("batch x")
    turn.hold()
    cut(two)
    other = two.turn("batch x")
    other.hold()
    with pytest.raises(LockedError):
        turn.hold()
    other.close()
