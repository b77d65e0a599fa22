"""Holds and events on PostgreSQL and an S3 store: the store itself keeps what is held."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from archiver.adapters.catalog import postgres_engine
from archiver.adapters.catalog.engine import write
from archiver.adapters.catalog.intake_rows import take_in
from archiver.adapters.catalog.postgres import create_catalog, open_catalog
from archiver.adapters.catalog.sql import SqlCatalog
from archiver.adapters.objects.s3 import S3Store
from archiver.domain.record import original_key
from archiver.errors import LockedError, RefusedError
from archiver.ports.catalog import IntakeGroup
from archiver.services.holds import Wish
from archiver.services.selection import original_ids
from tests.support.documents import received
from tests.support.index_entries import EVERYTHING
from tests.support.kept_documents import KeptDocuments
from tests.support.moving_clock import RealClock
from tests.support.postgres import database
from tests.support.s3_buckets import buckets
from tests.support.servers import server_url

POLICY = """
classes:
  A: {title: a, period: P1Y, from: received, basis: law, lock: governance, then: destroy}
  E: {title: e, period: P1Y, from: event.end, basis: law, lock: governance, then: destroy}
  NOW: {title: n, period: PT0S, from: received, basis: law, lock: none, then: destroy}
"""


@pytest.fixture
def catalog() -> Iterator[SqlCatalog]:
    with database(server_url("postgres")) as url:
        made = create_catalog(url)
        yield made
        made.close()


@pytest.fixture
def kept(catalog: SqlCatalog, tmp_path: Path) -> Iterator[KeptDocuments]:
    with buckets(tmp_path / "scratch") as url:
        store = S3Store(url, RealClock(), scratch=tmp_path / "scratch")
        archive = KeptDocuments(catalog, store, RealClock())
        archive.apply(POLICY)
        yield archive
        store.close()


def test_the_store_itself_keeps_what_is_held(kept: KeptDocuments) -> None:
    """Due at once, with no lock at all: only the hold keeps it."""
    one = kept.archive("one", retention_class="NOW")
    kept.hold(one)
    assert kept.at_store(one) == {True}
    for ref in (kept.original(one).ref, kept.record(one).ref):  # type: ignore[union-attr]
        with pytest.raises(RefusedError):
            kept.objects.delete(ref)
        with pytest.raises(RefusedError):
            kept.objects.delete_bypassing(ref)  # type: ignore[attr-defined]
    kept.release()
    assert kept.at_store(one) == {False}
    kept.objects.delete(kept.original(one).ref)


def test_held_received_then_archived_dated_and_let_go(kept: KeptDocuments) -> None:
    one, twin = kept.receive("one", b"same", retention_class="E"), kept.archive("twin", b"same", retention_class="E")
    box = kept.receive("box", retention_class="E")
    members = kept.members(box, 3)
    kept.hold(one, box)
    kept.commit(one, box, members=members, members_of=box)
    kept.require_consistent()
    kept.events.record("end", kept.today(), [[one, twin, members[0].id]])
    assert all(kept.at_store(each) == {True} for each in [one, box, *(member.id for member in members)])
    assert kept.record(twin) is not None
    assert not kept.record(twin).lock.hold  # type: ignore[union-attr]
    kept.release()
    assert all(kept.at_store(each) == {False} for each in [one, twin, box, *(member.id for member in members)])
    until = kept.original(one).lock.until
    assert until is not None
    assert until > kept.clock.now() + timedelta(days=360)


def test_versions_put_on_top_are_left_and_the_archives_own_is_held(kept: KeptDocuments) -> None:
    one = kept.archive("one")
    document = kept.catalog.document(one)
    key = original_key("default", "A", document.sha256)
    kept.objects.overwrite(kept.original(one).ref.bucket, key, b"forged")  # type: ignore[attr-defined]
    kept.objects.hide(kept.original(one).ref.bucket, key)  # type: ignore[attr-defined]
    counts = kept.hold(one)
    assert counts.done == 1
    assert kept.original(one).lock.hold


def test_nothing_slips_between_a_hold_on_a_collection_and_an_arrival(catalog: SqlCatalog, kept: KeptDocuments) -> None:
    """An intake that looked for holds before there was one, and ends after: the hold waits for it, and then finds it."""
    arrived = threading.Event()

    def arrive() -> None:
        with write(catalog.engine) as connection:
            take_in(connection, IntakeGroup(documents=[received("late", collection="c")]), with_jobs=False)
            arrived.set()
            time.sleep(1.0)

    thread = threading.Thread(target=arrive)
    thread.start()
    arrived.wait()
    kept.holds.open(Wish("m", "r", "o", id="h", collection="c"), by="owner")
    found = list(original_ids(catalog, EVERYTHING, collection="c"))
    thread.join()
    assert found == [received("late").id]


def test_turns_on_a_server(catalog: SqlCatalog) -> None:
    """Many that share, one alone, in order of arrival; who waits in vain is told."""
    order: list[str] = []

    def alone() -> None:
        with catalog.waited_turn("retention", shared=False, seconds=20):
            order.append("alone")

    def shared() -> None:
        with catalog.waited_turn("retention", shared=True, seconds=20):
            order.append("shared")

    with catalog.waited_turn("retention", shared=True, seconds=20), catalog.waited_turn("retention", shared=True, seconds=20):
        first = threading.Thread(target=alone)
        first.start()
        _waiting(catalog, 1)
        second = threading.Thread(target=shared)
        second.start()
        _waiting(catalog, 2)
        assert order == []
    first.join(20)
    second.join(20)
    assert order == ["alone", "shared"]


def test_a_turn_ends_with_an_error_inside(catalog: SqlCatalog) -> None:
    with pytest.raises(ZeroDivisionError), catalog.waited_turn("retention", shared=False, seconds=5):
        raise ZeroDivisionError
    with catalog.waited_turn("retention", shared=False, seconds=5):
        pass


def test_a_turn_that_does_not_come_on_a_server(catalog: SqlCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(postgres_engine._LIMITS, "lock_timeout", "200ms")
    other = open_catalog(catalog.engine.url.render_as_string(hide_password=False))
    try:
        with (
            catalog.waited_turn("retention", shared=False, seconds=5),
            pytest.raises(LockedError, match="holds the lock 'retention'"),
            other.waited_turn("retention", shared=True, seconds=0.3),
        ):
            pass
    finally:
        other.close()


def _waiting(catalog: SqlCatalog, count: int) -> None:
    query = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM"
                 " pg_database WHERE datname = current_database())")  # fmt: skip
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        with catalog.engine.connect() as connection:
            if connection.execute(query).scalar_one() >= count:
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")
