"""What was deleted from a catalogue's rows, or overwritten in them, is in no file of it after a scrub."""

from __future__ import annotations

import random
import re
import secrets
import subprocess
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import delete, make_url, select, text, update

from archiver.adapters.catalog import postgres_engine, tables
from archiver.adapters.catalog.engine import read, write
from archiver.adapters.catalog.insertion import upsert
from archiver.adapters.catalog.postgres import create_catalog, open_catalog
from archiver.adapters.catalog.rows import document_row
from archiver.adapters.catalog.scrub import copies_beside
from archiver.adapters.catalog.sql import SqlCatalog, create_sqlite, open_sqlite
from archiver.errors import NotPermittedError, UsageError
from tests.support.documents import archived
from tests.support.postgres import conninfo, database
from tests.support.servers import server_url

_COUNT = 600
_MARK = re.compile(rb"zorg(\d+)z")
_PARTS = {
    "the catalogue's file": True,
    "the catalogue's write-ahead log": True,
    "copies of the catalogue kept by an upgrade beside it": True,
}


def _words(number: int) -> str:
    return f"zorg{number}z"


def _fill(catalog: SqlCatalog, draw: random.Random) -> None:
    """Documents and lines of very different lengths, changed now and then, as imports and reading change them."""
    documents, lines = [], []
    for number in range(_COUNT):
        word = _words(number)
        some = {"text": word * draw.choice((1, 2, 30, 300)), "more": "q" * draw.randrange(300)}
        document = archived(f"{word}{'q' * draw.randrange(200)}", sequence=number + 1, declared=some, summary={"title": word})
        documents.append(document_row(document))
        path = f"/{draw.random()}/{word}{'q' * draw.randrange(300)}"
        lines.append({"batch_id": "b", "number": number, "source": path, "state": "done", "document_id": "", "reason": word})
    for start in range(0, _COUNT, 40):
        with write(catalog.engine) as connection:
            upsert(connection, tables.documents, documents[start : start + 40])
            upsert(connection, tables.lines, lines[start : start + 40])
            for number in draw.sample(range(1, start + 41), 10):
                row = tables.documents.c.sequence == number
                connection.execute(update(tables.documents).where(row).values(reason="r" * draw.randrange(400)))


def _empty(catalog: SqlCatalog, numbers: Iterable[int]) -> None:
    """As a purge leaves them: a document's row without names, no line."""
    bare = {"source": "", "name": "", "declared": {}, "summary": {}}
    for number in numbers:
        with write(catalog.engine) as connection:
            connection.execute(update(tables.documents).where(tables.documents.c.sequence == number + 1).values(bare))
            connection.execute(delete(tables.lines).where(tables.lines.c.number == number))


def _left(folder: Path) -> set[int]:
    return {int(found) for path in folder.glob("catalog.sqlite*") for found in _MARK.findall(path.read_bytes())}


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[SqlCatalog]:
    catalog = create_sqlite(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


@pytest.mark.parametrize("seed", range(4))
def test_no_byte_is_left(embedded: SqlCatalog, tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    _fill(embedded, draw)
    gone = set(draw.sample(range(_COUNT), _COUNT // 4))
    _empty(embedded, gone)
    assert _left(tmp_path) & gone, "the log still holds them: else this test tests nothing"
    found = embedded.scrub()
    assert {one.what: one.clean for one in found} == _PARTS
    assert _left(tmp_path) == set(range(_COUNT)) - gone
    assert embedded.scrub() == found
    with read(embedded.engine) as connection:
        assert len(connection.execute(select(tables.documents.c.id)).all()) == _COUNT


def test_without_rewriting_it_does_not_claim_more_than_it_did(embedded: SqlCatalog, tmp_path: Path) -> None:
    """Copies in the unused space of pages that were split: zeros were written over the rows only."""
    draw = random.Random(1)
    _fill(embedded, draw)
    gone = set(draw.sample(range(_COUNT), _COUNT // 2))
    _empty(embedded, gone)
    found = embedded.scrub(rewrite=False)
    assert [one.clean for one in found] == [False, True, True]
    assert len(_left(tmp_path) & gone) < len(gone) / 10, "secure_delete is off"


def test_a_reader_that_stays_is_said(embedded: SqlCatalog, tmp_path: Path) -> None:
    _fill(embedded, random.Random(1))
    reader = open_sqlite(tmp_path / "catalog.sqlite", read_only=True)
    told = list[None]()
    with read(reader.engine) as connection:
        connection.execute(select(tables.documents.c.id).limit(1)).all()
        _empty(embedded, [5])
        found = embedded.scrub(patience=0.5, alive=lambda: told.append(None))
        assert [one.clean for one in found] == [True, False, True]
        assert "a reader held it" in found[1].result
        assert told
    assert 5 in _left(tmp_path)
    assert all(one.clean for one in embedded.scrub())
    assert 5 not in _left(tmp_path)
    reader.close()


def test_a_reader_that_ends_is_waited_for(embedded: SqlCatalog, tmp_path: Path) -> None:
    _fill(embedded, random.Random(2))
    reader = open_sqlite(tmp_path / "catalog.sqlite", read_only=True)
    reading, asked = threading.Event(), threading.Event()

    def read_on() -> None:
        with read(reader.engine) as connection:
            connection.execute(select(tables.documents.c.id).limit(1)).all()
            reading.set()
            asked.wait(20)

    thread = threading.Thread(target=read_on)
    thread.start()
    reading.wait(20)
    _empty(embedded, [5])
    assert all(one.clean for one in embedded.scrub(alive=asked.set))
    thread.join()
    assert 5 not in _left(tmp_path)
    reader.close()


def test_copies_of_an_upgrade_are_named(embedded: SqlCatalog, tmp_path: Path) -> None:
    for name in ("catalog.sqlite.schema-1", "catalog.sqlite.schema-1.new", "catalog.sqlite-journal", "other"):
        (tmp_path / name).write_bytes(b"")
    found = embedded.scrub()[2]
    assert not found.clean
    assert "catalog.sqlite.schema-1, catalog.sqlite.schema-1.new" in found.result
    assert [one.name for one in copies_beside(tmp_path / "catalog.sqlite")] == [
        "catalog.sqlite.schema-1",
        "catalog.sqlite.schema-1.new",
    ]


def test_who_may_only_read_may_not(embedded: SqlCatalog, tmp_path: Path) -> None:
    reader = open_sqlite(tmp_path / "catalog.sqlite", read_only=True)
    with pytest.raises(NotPermittedError):
        reader.scrub()
    reader.close()


# -- PostgreSQL -----------------------------------------------------------------------------------------------------
_DATA = Path(__file__).parents[2] / "dev" / ".servers" / "postgres" / "data"
"""Of the server that `make servers` starts; where the tests start one of their own its files are not looked at."""


@pytest.fixture
def served() -> Iterator[str]:
    """A database that belongs to a role without any other right, as in production."""
    server, role = server_url("postgres"), f"minutier_test_{secrets.token_hex(6)}"
    with psycopg.connect(conninfo(server), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{role}'")
        try:
            with database(server) as url:
                admin.execute(f"ALTER DATABASE {make_url(url).database} OWNER TO {role}")
                yield make_url(url).set(username=role, password=role).render_as_string(hide_password=False)
        finally:
            admin.execute(f"DROP ROLE {role}")


def _in_tables(url: str) -> set[int]:
    """Marks in any file of the database but the log, once the server has written its memory out."""
    with psycopg.connect(conninfo(server_url("postgres"), make_url(url).database), autocommit=True) as admin:
        admin.execute("CHECKPOINT")
        (number,) = admin.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone() or (0,)
    found = subprocess.run(
        ["grep", "-raohE", "zorg[0-9]+z", _DATA / "base" / str(number)], capture_output=True, check=False
    ).stdout
    return {int(one) for one in _MARK.findall(found)}


@pytest.mark.parametrize("rewrite", [True, False])
def test_rows_leave_the_tables_of_a_server(served: str, rewrite: bool) -> None:
    catalog, draw = create_catalog(served), random.Random(3)
    _fill(catalog, draw)
    gone = set(draw.sample(range(_COUNT), _COUNT // 4))
    with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE documents, lines"))  # as the server does by itself: it keeps samples of the values
    _empty(catalog, gone)
    if _DATA.exists():
        assert _in_tables(served) & gone, "the server leaves them: else this test tests nothing"
    found = catalog.scrub(["documents", "lines"], rewrite=rewrite, patience=20)
    assert [one.clean for one in found] == [rewrite, rewrite, rewrite, False, False, True]
    assert "not permitted to the program's role" in found[3].result
    assert "write-ahead log" in found[4].what
    if _DATA.exists() and rewrite:
        assert _in_tables(served) == set(range(_COUNT)) - gone
    assert catalog.scrub(["documents", "lines"], rewrite=rewrite) == found
    with read(catalog.engine) as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "5min", "settings went back to others"
    catalog.close()


def test_a_transaction_that_may_see_what_was_deleted_is_said(served: str) -> None:
    catalog, other = create_catalog(served), open_catalog(served)
    _fill(catalog, random.Random(4))
    told = list[None]()
    with read(other.engine) as connection:
        connection.execute(text("SELECT 1")).scalar_one()
        _empty(catalog, [5])
        found = catalog.scrub(["lines"], patience=1, alive=lambda: told.append(None))
        assert not found[0].clean
        assert "older than the deletion" in found[0].result
        assert told
    assert catalog.scrub(["lines"])[0].clean
    other.close()
    catalog.close()


def test_a_table_in_use_is_said(served: str) -> None:
    catalog, other = create_catalog(served), open_catalog(served)
    with write(other.engine) as connection:
        connection.execute(text("LOCK TABLE lines IN ROW EXCLUSIVE MODE"))
        found = catalog.scrub(["lines", "seen"], patience=0.5)
    assert [one.result for one in found[:2]] == ["not done: others used it all the time", "holds living rows only"]
    other.close()
    catalog.close()


def test_writing_a_table_anew_may_take_longer_than_other_answers(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog, other = create_catalog(served), open_catalog(served)
    with write(other.engine) as connection:
        connection.execute(text("LOCK TABLE lines IN ROW EXCLUSIVE MODE"))
        monkeypatch.setattr(postgres_engine, "ANSWER_SECONDS", 0.3)
        assert catalog.scrub(["lines"], patience=1.2)[0].result == "not done: others used it all the time"
        monkeypatch.undo()
    other.close()
    catalog.close()


def test_tables_must_be_of_the_catalogue_and_the_catalogue_writable(served: str) -> None:
    catalog = create_catalog(served)
    with pytest.raises(UsageError, match="pg_class"):
        catalog.scrub(["pg_class"])
    everything = catalog.scrub(rewrite=False)
    assert {f"the table {name}, its indexes and its long values" for name in ("documents", "archive", "policies")} < {
        one.what for one in everything
    }
    catalog.close()
    reader = open_catalog(served, read_only=True)
    with pytest.raises(NotPermittedError):
        reader.scrub()
    reader.close()


def test_tables_of_another_owner_are_said(served: str) -> None:
    catalog = create_catalog(served)
    with psycopg.connect(conninfo(server_url("postgres"), make_url(served).database), autocommit=True) as admin:
        admin.execute("ALTER TABLE lines OWNER TO CURRENT_USER")
    assert "does not own it" in catalog.scrub(["lines"])[0].result
    catalog.close()
