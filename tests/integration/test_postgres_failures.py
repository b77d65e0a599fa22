"""PostgreSQL stopped, crashed, frozen, full, read-only or misnamed: each told as what it is, in bounded time."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import Connection, exc, make_url, text

from archiver.adapters.catalog import postgres_engine
from archiver.adapters.catalog.engine import read, transact, write
from archiver.adapters.catalog.failures import translated
from archiver.adapters.catalog.postgres import create_catalog, open_catalog
from archiver.adapters.catalog.schema_version import SCHEMA_VERSION
from archiver.adapters.catalog.sql import SqlCatalog
from archiver.adapters.jobs.rows import SqlJobs
from archiver.errors import IntegrityError, MinutierError, NoArchiveError, NotPermittedError, UnreachableError, UsageError
from archiver.ports.catalog import IntakeGroup
from archiver.ports.jobs import Kind
from tests.support.documents import archived, received
from tests.support.own_server import OwnServer, own_server
from tests.support.postgres import conninfo, database
from tests.support.servers import server_url


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    with own_server("postgres", tmp_path_factory.mktemp("postgres"), PG_OPTS="-c max_connections=12") as own:
        create_catalog(own.url).close()
        yield own


@pytest.fixture
def catalog(server: OwnServer) -> Iterator[SqlCatalog]:
    server.start()
    found = open_catalog(server.url, jobs=True)
    yield found
    found.close()


@pytest.fixture
def url() -> Iterator[str]:
    with database(server_url("postgres")) as address:
        create_catalog(address).close()
        yield address


def secret(url: str) -> str:
    return make_url(url).password or ""


def said(error: MinutierError) -> str:
    return f"{error} {error.remedy}"


@pytest.mark.parametrize("end", ["crash", "stop"])
def test_a_restart_costs_no_later_call(server: OwnServer, catalog: SqlCatalog, end: str) -> None:
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: catalog.counts(), range(9)))  # several connections wait in the pool
    getattr(server, end)()
    started = time.monotonic()
    for ask in (
        lambda: catalog.document("x"),
        lambda: SqlJobs(catalog.engine).indexed_up_to(),
        lambda: catalog.set_mark("a", "b"),
    ):
        with pytest.raises(UnreachableError) as caught:
            ask()
        assert "database minutier at 127.0.0.1" in str(caught.value)
        assert secret(server.url) not in said(caught.value)
        assert caught.value.__cause__ is not None
    assert time.monotonic() - started < 30
    server.start()
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: catalog.counts(), range(9)))


def test_a_commit_cut_in_the_middle_is_out_of_reach_and_may_be_repeated(server: OwnServer, catalog: SqlCatalog) -> None:
    name = f"cut-{time.monotonic_ns()}"

    def cut() -> None:
        with write(catalog.engine) as connection:
            connection.execute(text("UPDATE archive SET value = 'lost' WHERE key = 'schema'"))
            server.crash()
            connection.execute(text("SELECT 1"))

    with pytest.raises(UnreachableError):
        cut()
    server.start()
    assert catalog.get_mark("schema") == SCHEMA_VERSION
    group = IntakeGroup(documents=[received(name)])
    for _ in range(2):
        catalog.commit_intake(group)
    catalog.commit_archived([archived(name)], [])
    assert [one.name for one in catalog.select()].count(name) == 1


def test_a_frozen_server_is_not_waited_for_without_end(catalog: SqlCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    with read(catalog.engine) as connection:
        session = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    monkeypatch.setattr(postgres_engine, "ANSWER_SECONDS", 1.0)
    os.kill(session, signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(UnreachableError, match="no answer"):
            catalog.counts()
        assert time.monotonic() - started < 15
    finally:
        os.kill(session, signal.SIGCONT)
    catalog.counts()


def test_more_connections_than_the_server_takes(server: OwnServer, catalog: SqlCatalog) -> None:
    taken = []
    try:
        with suppress(psycopg.OperationalError):
            for _ in range(20):
                taken.append(psycopg.connect(conninfo(server.url)))
        assert len(taken) < 20
        with pytest.raises(UnreachableError, match="no more connections") as caught:
            open_catalog(server.url)
        assert "max_connections" in caught.value.remedy
    finally:
        for one in taken:
            one.close()


def test_a_standby_is_read_and_not_written(server: OwnServer, catalog: SqlCatalog) -> None:
    with read(catalog.engine) as connection:
        data = Path(connection.execute(text("SHOW data_directory")).scalar_one())
    server.stop()
    (data / "standby.signal").touch()
    try:
        server.start()
        reader = open_catalog(server.url, read_only=True)
        reader.counts()
        reader.close()
        for write_something in (lambda: catalog.set_mark("a", "b"), lambda: catalog.commit_archived([archived()], [])):
            with pytest.raises(UnreachableError) as caught:
                write_something()
            assert "standby" in caught.value.remedy
    finally:
        server.stop()
        (data / "standby.signal").unlink()


def test_nobody_there_nobody_known_and_nothing_there_are_told_apart(url: str) -> None:
    address = make_url(url)

    def opened(**other: object) -> MinutierError:
        with pytest.raises(MinutierError) as caught:
            open_catalog(address.set(**other).render_as_string(hide_password=False))
        assert secret(url) not in said(caught.value)
        assert "not-this-one" not in said(caught.value)
        return caught.value

    assert isinstance(opened(port=1), UnreachableError)
    assert isinstance(opened(host="nowhere.invalid"), UnreachableError)
    assert isinstance(opened(password="not-this-one"), NotPermittedError)
    assert isinstance(opened(username="nobody"), NotPermittedError)
    missing = opened(database="minutier_test_none")
    assert (type(missing), "minutier init" in missing.remedy) == (NoArchiveError, True)
    assert isinstance(opened(drivername="mysql"), UsageError)
    for nonsense in ("postgresql+psycopg://x:not-this-one@[::", "not-this-one"):
        with pytest.raises(UsageError) as caught:
            open_catalog(nonsense)
        assert "not-this-one" not in said(caught.value)


def test_who_may_not_is_told_so(url: str) -> None:
    address = make_url(url)
    role = f"reader_{address.database}"
    with psycopg.connect(conninfo(url), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'reads'")  # type: ignore[call-overload]
        admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")  # type: ignore[call-overload]
        try:
            reader = open_catalog(address.set(username=role, password="reads").render_as_string(hide_password=False))
            reader.counts()
            with pytest.raises(NotPermittedError, match="permission denied"):
                reader.set_mark("a", "b")
            reader.close()
        finally:
            admin.execute(f"DROP OWNED BY {role}")  # type: ignore[call-overload]
            admin.execute(f"DROP ROLE {role}")  # type: ignore[call-overload]


def test_a_lock_is_waited_for_in_bounds(url: str) -> None:
    impatient = make_url(url).update_query_dict({"options": "-c lock_timeout=200ms"}).render_as_string(hide_password=False)
    catalog = open_catalog(impatient, jobs=True)
    with psycopg.connect(conninfo(url)) as other:
        other.execute("LOCK TABLE documents IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(UnreachableError, match="lock") as caught:
            catalog.commit_archived([archived()], [])
        assert "another transaction" in caught.value.remedy
    catalog.commit_archived([archived()], [])
    catalog.close()


def test_of_two_that_wait_for_each_other_both_get_through(url: str) -> None:
    catalog = open_catalog(url, jobs=True)
    for key in "ab":
        catalog.set_mark(key, "0")
    met = Barrier(2)

    def cross(order: str) -> int:
        tries = []

        def work(connection: Connection) -> int:
            tries.append(1)
            for place, key in enumerate(order):
                connection.execute(text("UPDATE archive SET value = value || 'x' WHERE key = :key"), {"key": key})
                if place == 0 and len(tries) == 1:
                    met.wait(10)
            return len(tries)

        return transact(catalog.engine, work)

    with ThreadPoolExecutor(2) as threads:
        assert sum(threads.map(cross, ["ab", "ba"])) == 3
    assert {catalog.get_mark(key) for key in "ab"} == {"0xx"}
    catalog.close()


def test_a_catalogue_that_lost_a_table_is_damaged(url: str) -> None:
    catalog = open_catalog(url, jobs=True)
    with psycopg.connect(conninfo(url), autocommit=True) as admin:
        admin.execute("DROP TABLE jobs")
    with pytest.raises(IntegrityError, match="damaged") as caught:
        SqlJobs(catalog.engine).backlog(Kind.EXTRACT)
    assert "catalog.sqlite" not in said(caught.value)
    catalog.close()


@pytest.mark.parametrize(
    ("state", "wanted", "hint"),
    [
        ("53100", UnreachableError, "disk is full"),
        ("53200", UnreachableError, ""),
        ("57P01", UnreachableError, ""),
        ("57P03", UnreachableError, ""),
        ("58030", UnreachableError, ""),
        ("57014", UnreachableError, "longer"),
        ("08006", UnreachableError, ""),
        ("XX001", IntegrityError, "restore"),
        ("58P01", IntegrityError, "restore"),
        ("22001", UsageError, ""),
        ("42501", NotPermittedError, "grants"),
    ],
)
def test_what_the_server_says_by_its_code(state: str, wanted: type[MinutierError], hint: str) -> None:
    pytest.importorskip("psycopg")
    engine = postgres_engine.postgres_engine("postgresql://somebody:secret-word@host/name")
    original = type("Said", (Exception,), {"sqlstate": state})("as the server says it")
    with pytest.raises(wanted) as caught, translated(engine):
        raise exc.OperationalError("SELECT 1", {}, original)
    assert hint in caught.value.remedy
    assert "secret-word" not in said(caught.value)
    assert caught.value.__cause__ is not None
