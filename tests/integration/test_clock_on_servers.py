"""The clocks of a real database and a real object store, and what a destruction makes of one that is moved."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from archiver.adapters.catalog.postgres import create_catalog, open_catalog
from archiver.adapters.catalog.sql import SqlCatalog
from archiver.adapters.clock.agreeing import MARK, AgreeingClock
from archiver.adapters.clock.leaps import system_time
from archiver.errors import RefusedError, UnreachableError
from archiver.ports.clock import Doubt
from archiver.services.trusted_time import require_trusted_time
from tests.support.command import Minutier
from tests.support.on_servers import archive_on_servers, own_database, remove_buckets
from tests.support.servers import server_url, under

Source = Callable[[], datetime]


@pytest.fixture
def catalog() -> Iterator[SqlCatalog]:
    with own_database(server_url("postgres"), f"t{uuid.uuid4().hex[:12]}") as url:
        made = create_catalog(url)
        yield made
        made.close()


@pytest.fixture(scope="module")
def store() -> Iterator[Source]:
    """The clock of the real store, read as the program reads it."""
    from archiver.adapters.objects.s3 import create_buckets, time_of

    name = f"t{uuid.uuid4().hex[:12]}"
    url = under(server_url("minio"), name)
    create_buckets(url)
    yield lambda: time_of(url)
    remove_buckets(url, name)


def _off(source: Source, by: timedelta) -> Source:
    return lambda: source() + by


def test_real_clocks_agree(catalog: SqlCatalog, store: Source) -> None:
    clock = AgreeingClock(catalog, {"database": catalog.server_time, "object store": store})
    assert clock.skew() is None
    assert abs(require_trusted_time(clock) - system_time()) < timedelta(seconds=60)


@pytest.mark.parametrize("who", ["machine", "database", "object store"])
@pytest.mark.parametrize("by", [timedelta(minutes=5), timedelta(minutes=-5), timedelta(days=3000), timedelta(days=-3000)])
def test_one_that_is_off_stops_a_destruction_and_moves_no_time(
    catalog: SqlCatalog, store: Source, who: str, by: timedelta
) -> None:
    sources: dict[str, Source] = {"machine": system_time, "database": catalog.server_time, "object store": store}
    sources[who] = _off(sources[who], by)
    machine = sources.pop("machine")
    clock = AgreeingClock(catalog, sources, system=machine)
    with pytest.raises(RefusedError, match=f"seconds apart, in UTC: .*the {who} ") as caught:
        require_trusted_time(clock)
    assert "time service" in caught.value.remedy
    assert abs(clock.now() - system_time()) < timedelta(seconds=60)


def test_one_that_is_silent_stops_a_destruction(catalog: SqlCatalog) -> None:
    def gone() -> datetime:
        raise UnreachableError("gone")

    clock = AgreeingClock(catalog, {"database": catalog.server_time, "object store": gone})
    with pytest.raises(RefusedError, match="nobody can say what time it is for the object store"):
        require_trusted_time(clock)


def test_years_that_all_clocks_leap_are_not_followed_and_nothing_is_left_of_them(catalog: SqlCatalog, store: Source) -> None:
    sources: dict[str, Source] = {"database": catalog.server_time, "object store": store}
    AgreeingClock(catalog, sources).close()
    ahead = {name: _off(source, timedelta(days=3000)) for name, source in sources.items()}
    leapt = AgreeingClock(catalog, ahead, system=_off(system_time, timedelta(days=3000)))
    skew = leapt.skew()
    assert skew is not None
    assert skew.doubt is Doubt.AHEAD
    with pytest.raises(RefusedError, match="ahead of the archive"):
        require_trusted_time(leapt)
    leapt.close()
    assert AgreeingClock(catalog, sources).skew() is None


def test_a_leap_on_servers_is_told_refused_and_confirmed(tmp_path: Path) -> None:
    with archive_on_servers(tmp_path / "archive", broker="") as minutier:
        _set_mark(minutier, "2019-01-01T00:00:00.000000+00:00")
        told = minutier.run("--json", "doctor").rows
        assert [row["what"] for row in told if row["part"] == "locks"] == ["not tried: the time is in doubt"]
        assert any("days ahead of the archive's last time (2019-01-01 00:00)" in row["what"] for row in told)
        (tmp_path / "a.txt").write_text("a")
        minutier.run("import", tmp_path / "a.txt", code=5)
        minutier.run("doctor", "--clock-is-right")
        minutier.run("import", tmp_path / "a.txt")
        assert not [row for row in minutier.run("--json", "doctor").rows if "doubt" in row["what"]]


def test_doctor_on_servers_tells_of_a_mark_far_ahead(tmp_path: Path) -> None:
    with archive_on_servers(tmp_path / "archive", broker="") as minutier:
        _set_mark(minutier, "2151-01-01T00:00:00.000000+00:00")
        told = [row for row in minutier.run("--json", "doctor", code=None).rows if row["part"] == "clock"]
        assert any("behind the archive's last time (2151-01-01" in row["what"] for row in told)


def _set_mark(minutier: Minutier, mark: str) -> None:
    catalog = open_catalog(minutier.environment["MINUTIER_CATALOG_URL"], read_only=False, jobs=False)
    catalog.set_mark(MARK, mark)
    catalog.close()
