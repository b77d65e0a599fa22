"""The thread that takes deposits in, when whoever handed one in has gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.api.spool import Spool
from archiver.bootstrap import Archive, create
from archiver.bootstrap.depositor import Depositor
from archiver.domain.batch import LineState
from archiver.services.deposits import Deposit

POLICY = b"""
collections:
  invoices: {class: KEPT, grants: {read: [group:a]}}
classes:
  KEPT: {title: Kept, period: P1Y, from: received, basis: test, lock: none, then: destroy}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    from archiver.services.policies import Policies

    create(tmp_path / "archive")
    with Archive(tmp_path / "archive", writable=True) as archive:
        Policies(archive.catalog, archive.objects, archive.clock).apply(POLICY, by="test")
    return tmp_path / "archive"


@pytest.fixture
def archive(home: Path) -> Iterator[Archive]:
    with Archive(home, writable=True, always=True) as archive:
        yield archive


def handed_in(folder: Path, body: bytes, reference: str) -> Deposit:
    spool = Spool(folder)
    spool.write(body)
    return Deposit("key:erp", reference, "n", "invoices", spool)


def test_what_was_given_up_before_its_turn_is_not_taken_in(home: Path, archive: Archive, tmp_path: Path) -> None:
    depositor = Depositor(lambda: Archive(home, writable=True, always=True), archive.placement, lambda: None)
    inside, may_end = threading.Event(), threading.Event()

    def hold_the_turn() -> None:
        with archive.retention_turn():
            inside.set()
            may_end.wait(30)

    holder = threading.Thread(target=hold_the_turn)
    holder.start()
    inside.wait(30)
    first, lost, other = (handed_in(tmp_path, name.encode(), name) for name in ("first", "lost", "other"))
    told = depositor.hand_in(first)
    gone, kept = depositor.hand_in(lost), depositor.hand_in(other)
    cancelled = gone.cancel()
    lost.body.close()  # type: ignore[attr-defined]
    may_end.set()
    holder.join()
    assert told.result(60).state is LineState.NEW
    assert kept.result(60).state is LineState.NEW
    depositor.close()
    sources = {one.source: one.sha256 for one in archive.catalog.select()}
    assert cancelled == ("deposit:key:erp/lost" not in sources)
    assert sources["deposit:key:erp/first"] == first.body.sha256
    assert sources["deposit:key:erp/other"] == other.body.sha256


def test_bytes_that_were_let_go_of_are_not_taken_for_none(home: Path, archive: Archive, tmp_path: Path) -> None:
    depositor = Depositor(lambda: Archive(home, writable=True, always=True), archive.placement, lambda: None)
    lost, sound = handed_in(tmp_path, b"lost", "lost"), handed_in(tmp_path, b"sound", "sound")
    lost.body.close()  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="let go"):
        depositor.hand_in(lost).result(60)
    assert depositor.hand_in(sound).result(60).state is LineState.NEW
    depositor.close()
    assert [one.source for one in archive.catalog.select()] == ["deposit:key:erp/sound"]
