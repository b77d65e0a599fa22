"""The catalogue's schema, step by step: the steps lead to what the program expects, and take old archives along whole."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, Index, inspect, text

from archiver.adapters.catalog import schema_version
from archiver.adapters.catalog.engine import read, sqlite_engine, write
from archiver.adapters.catalog.postgres import create_catalog, open_catalog, upgrade_catalog
from archiver.adapters.catalog.postgres_engine import postgres_engine
from archiver.adapters.catalog.schema import metadata
from archiver.adapters.catalog.schema_version import SCHEMA_VERSION
from archiver.adapters.catalog.sql import create_sqlite, open_sqlite, upgrade_sqlite
from archiver.errors import IntegrityError, NoArchiveError, RefusedError, UnreachableError
from tests.support.command import Minutier
from tests.support.documents import archived
from tests.support.postgres import database
from tests.support.servers import server_url

FIRST = Path(__file__).parents[1] / "support" / "catalog_schema_1.sql"
ROW = (
    "INSERT INTO documents SELECT '{id}', {sequence}, 'default', 'UNCLASSIFIED', '/in/caf\\xe9', 'caf\\xe9', 'ab', 7, 'archived',"
    " 'complete', '', 'text/plain', 'fr', '2026-01-15T12:00:00.000000+00:00', NULL, 'batch', '[]', NULL, NULL, 0, '{{}}', '{{}}',"
    " '[\"group:a\"]', '[]', '2036-12-31', '', 'none', 1, 'texts/x', 'cd', 0, 0, 0"
)


@pytest.fixture
def url() -> Iterator[str]:
    with database(server_url("postgres")) as address:
        yield address


def old_file(path: Path, documents: int = 3) -> Path:
    """An archive's catalogue of version 0.1, with documents in it."""
    with sqlite3.connect(path) as raw:
        raw.executescript(FIRST.read_text("utf-8"))
        for number in range(1, documents + 1):
            raw.execute(ROW.format(id=f"{number:08d}", sequence=number))
    raw.close()
    return path


def first_step_only(engine: Engine) -> None:
    """What a program of schema 1 would have made on this database."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(schema_version._STEPS))
    with write(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "1")
        connection.execute(text("INSERT INTO archive VALUES ('schema', '1')"))
        connection.execute(text(ROW.format(id="00000001", sequence=1)))


def differences(engine: Engine) -> list[Any]:
    def of_this_database(thing: Any, *_: object) -> bool:
        return not isinstance(thing, Index) or thing._ddl_if is None or thing._ddl_if.dialect == engine.dialect.name

    def other_type(context: MigrationContext, _found: Any, _wanted: Any, found: Any, wanted: Any) -> bool:
        return found.compile(context.dialect) != wanted.compile(context.dialect)

    options = {"compare_type": other_type, "include_object": of_this_database}
    with read(engine) as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def described(engine: Engine) -> dict[str, Any]:
    """Columns, keys and indexes as the database itself tells them."""
    found = inspect(engine)
    return {
        name: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)],
            found.get_pk_constraint(name)["constrained_columns"],
            sorted(
                (i["name"], i["column_names"], [str(v) for v in i.get("dialect_options", {}).values()])
                for i in found.get_indexes(name)
            ),
        )
        for name in sorted(found.get_table_names())
        if name != "alembic_version"
    }


def test_the_steps_lead_to_the_tables_the_program_knows(tmp_path: Path) -> None:
    catalog = create_sqlite(tmp_path / "catalog.sqlite")
    assert differences(catalog.engine) == []
    catalog.close()


def test_the_steps_lead_to_the_tables_the_program_knows_on_postgres(url: str) -> None:
    catalog = create_catalog(url)
    assert differences(catalog.engine) == []
    catalog.close()


def test_the_newest_step_is_the_schema_the_program_needs() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(schema_version._STEPS)).get_heads() == [schema_version.SCHEMA_VERSION]


def test_the_first_step_makes_what_version_0_1_made(tmp_path: Path) -> None:
    engines = [sqlite_engine(old_file(tmp_path / "old.sqlite")), sqlite_engine(tmp_path / "new.sqlite")]
    first_step_only(engines[1])
    assert described(engines[0]) == described(engines[1])
    for engine in engines:
        engine.dispose()


def test_an_old_archive_is_brought_along_when_it_is_written_to(tmp_path: Path) -> None:
    path = old_file(tmp_path / "catalog.sqlite")
    with pytest.raises(NoArchiveError, match="schema 1") as caught:
        open_sqlite(path, read_only=True)
    assert "minutier upgrade" in caught.value.remedy
    catalog = open_sqlite(path)
    assert differences(catalog.engine) == []
    assert [(one.name, one.retain_until, one.grants) for one in catalog.select()] == [
        ("caf\udce9", date(2036, 12, 31), ("group:a",))
    ] * 3
    assert catalog.commit_archived([archived()], []) == 4
    catalog.close()
    open_sqlite(path, read_only=True).close()


def test_the_catalogue_as_it_was_stays_beside_it(tmp_path: Path) -> None:
    path = old_file(tmp_path / "catalog.sqlite")
    assert upgrade_sqlite(path) == ("1", tmp_path / "catalog.sqlite.schema-1")
    assert upgrade_sqlite(path) == (SCHEMA_VERSION, None)
    with sqlite3.connect(tmp_path / "catalog.sqlite.schema-1") as raw:
        assert raw.execute("SELECT value FROM archive").fetchall() == [("1",)]
        assert raw.execute("SELECT count(*) FROM documents").fetchall() == [(3,)]
    raw.close()


def test_no_room_for_the_copy_changes_nothing(tmp_path: Path) -> None:
    path = old_file(tmp_path / "catalog.sqlite")
    (tmp_path / "catalog.sqlite.schema-1.new").mkdir()
    with pytest.raises((UnreachableError, OSError)):
        upgrade_sqlite(path)
    with pytest.raises(NoArchiveError, match="schema 1"):
        open_sqlite(path, read_only=True)


def test_a_step_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    path = old_file(tmp_path / "catalog.sqlite")
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE jobs (something TEXT)")
    raw.close()
    with pytest.raises((UnreachableError, IntegrityError)):
        upgrade_sqlite(path)
    engine = sqlite_engine(path)
    assert "alembic_version" not in inspect(engine).get_table_names()
    engine.dispose()


def test_an_old_catalogue_on_postgres_waits_for_the_command(url: str) -> None:
    engine = postgres_engine(url)
    first_step_only(engine)
    with pytest.raises(NoArchiveError, match="schema 1") as caught:
        open_catalog(url)
    assert "minutier upgrade" in caught.value.remedy
    with ThreadPoolExecutor(3) as hosts:
        assert sorted(hosts.map(upgrade_catalog, [url] * 3)) == ["1", SCHEMA_VERSION, SCHEMA_VERSION]
    assert differences(engine) == []
    catalog = open_catalog(url)
    assert [one.name for one in catalog.select()] == ["caf\udce9"]
    catalog.close()
    engine.dispose()


def test_an_empty_or_newer_database_is_told(url: str) -> None:
    for look in (open_catalog, upgrade_catalog):
        with pytest.raises(NoArchiveError, match="holds no archive") as caught:
            look(url)
        assert "minutier init" in caught.value.remedy
    catalog = create_catalog(url)
    catalog.set_mark("schema", "99")
    catalog.close()
    for look in (open_catalog, upgrade_catalog, create_catalog):
        with pytest.raises(NoArchiveError, match="99") as caught:
            look(url)
        assert "newer" in caught.value.remedy


def test_keeping_is_never_shortened_by_whoever_writes(tmp_path: Path, url: str) -> None:
    for catalog in (create_sqlite(tmp_path / "catalog.sqlite"), create_catalog(url)):
        catalog.commit_archived([archived(retain_until=None)], [])
        catalog.commit_archived([archived(retain_until=date(2030, 1, 1))], [])
        catalog.commit_archived([archived(retain_until=date(2031, 1, 1))], [])
        for shorter in (date(2030, 12, 31), None):
            with pytest.raises(RefusedError, match="less long"):
                catalog.commit_archived([replace(archived("b"), retain_until=None), archived(retain_until=shorter)], [])
        assert [(one.name, one.retain_until) for one in catalog.select()] == [("a.txt", date(2031, 1, 1))]
        catalog.close()


def test_nobody_loads_what_only_an_upgrade_needs(tmp_path: Path) -> None:
    create_sqlite(tmp_path / "catalog.sqlite").close()
    program = (
        "import sys; from pathlib import Path; from archiver.adapters.catalog.sql import open_sqlite;"
        "open_sqlite(Path(sys.argv[1])).close(); sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "catalog.sqlite")], check=True)


def test_the_command_upgrades_and_says_where_the_copy_is(tmp_path: Path) -> None:
    archive = Minutier(tmp_path / "archive")
    archive.run("init")
    (archive.home / "catalog.sqlite").unlink()
    old_file(archive.home / "catalog.sqlite")
    assert "minutier upgrade" in archive.run("search", "x", code=10).err
    copy = str(archive.home / "catalog.sqlite.schema-1")
    assert archive.run("--json", "upgrade").rows == [{"before": "1", "after": SCHEMA_VERSION, "copy": copy}]
    assert "already" in archive.run("upgrade").out
    archive.run("search", "x")
    Minutier(tmp_path / "nothing").run("upgrade", code=10)
