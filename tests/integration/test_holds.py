"""Holds on the real catalogue and store of one machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from archiver.adapters.catalog.engine import read
from archiver.adapters.catalog.ledger_tables import ledger_outbox
from archiver.adapters.catalog.sql import create_sqlite
from archiver.adapters.objects.embedded import EmbeddedStore
from archiver.domain.tombstone import tombstone_of
from archiver.errors import NotFoundError, RefusedError, UsageError
from archiver.ports.objects import Bucket
from archiver.services.holds import Wish, overdue
from archiver.services.selection import original_ids
from tests.support.index_entries import EVERYTHING
from tests.support.kept_documents import KeptDocuments
from tests.support.moving_clock import MovingClock
from tests.support.small_archive import Fuse, Fused, PowerCut

POLICY = """
classes:
  A: {title: a, period: P1Y, from: received, basis: law, lock: governance, then: destroy}
  E: {title: e, period: P1Y, from: event.end, basis: law, lock: governance, then: destroy}
"""


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptDocuments]:
    clock = MovingClock()
    catalog, objects = create_sqlite(tmp_path / "catalog.sqlite"), EmbeddedStore(tmp_path / "objects", clock)
    archive = KeptDocuments(catalog, objects, clock)
    archive.apply(POLICY)
    yield archive
    objects.close()
    catalog.close()


def _entries(kept: KeptDocuments) -> list[tuple[str, str, dict[str, object]]]:
    with read(kept.catalog.engine) as connection:  # type: ignore[attr-defined]
        rows = connection.execute(select(ledger_outbox.c.kind, ledger_outbox.c.payload).order_by(ledger_outbox.c.id)).all()
    told = [(row.kind, json.loads(row.payload)) for row in rows]
    return [(kind, said["document"], said["data"]) for kind, said in told if "hold" in said["data"]]


def test_a_hold_is_at_the_store_in_the_catalogue_and_in_the_ledger(kept: KeptDocuments) -> None:
    one, other = kept.archive("one"), kept.archive("other")
    assert kept.at_store(one) == {False}
    counts = kept.hold(one)
    assert (counts.done, counts.before, counts.incomplete) == (1, 0, False)
    assert kept.at_store(one) == {True}
    assert kept.at_store(other) == {False}
    assert [kind for kind, _, _ in _entries(kept)] == ["hold-placed", "held"]
    assert _entries(kept)[1] == ("held", one, {"hold": "h"})
    (body,) = list(kept.objects.list(Bucket.DELETABLE, "holds/"))
    with kept.objects.open(body.ref) as stream:
        assert json.loads(stream.read())["matter"] == "2027-014"
    assert all("2027-014" not in json.dumps(entry) for entry in _entries(kept)), "the matter is in no ledger"


def test_placing_again_changes_nothing(kept: KeptDocuments) -> None:
    one = kept.archive("one")
    kept.hold(one)
    before = _entries(kept)
    counts = kept.hold(one)
    assert (counts.done, counts.before) == (0, 1)
    assert _entries(kept) == before


def test_releasing_one_hold_releases_no_other(kept: KeptDocuments) -> None:
    one, other = kept.archive("one"), kept.archive("other")
    kept.hold(one, other, name="first")
    kept.hold(one, name="second")
    assert kept.release(name="first").done == 2
    assert kept.at_store(one) == {True}
    assert kept.at_store(other) == {False}
    kept.release(name="second")
    assert kept.at_store(one) == {False}
    kept.require_consistent()


def test_bytes_stay_held_while_another_document_of_the_same_bytes_is(kept: KeptDocuments) -> None:
    one, twin = kept.archive("one", b"same"), kept.archive("twin", b"same")
    kept.hold(one, name="first")
    kept.hold(twin, name="second")
    kept.release(name="first")
    assert kept.original(one).lock.hold
    assert kept.record(one) is not None
    assert not kept.record(one).lock.hold  # type: ignore[union-attr]
    kept.release(name="second")
    assert not kept.original(one).lock.hold


def test_bytes_stay_held_while_a_document_that_is_not_archived_yet_is(kept: KeptDocuments) -> None:
    one, late = kept.archive("one", b"same"), kept.receive("late", b"same")
    kept.hold(one, name="first")
    kept.hold(late, name="second")
    kept.release(name="first")
    assert kept.original(one).lock.hold
    kept.commit(late)
    assert kept.at_store(late) == {True}


def test_a_release_leaves_the_stores_hold_while_the_end_is_not_known(kept: KeptDocuments) -> None:
    one = kept.archive("one", retention_class="E")
    assert kept.at_store(one) == {True}
    kept.hold(one)
    kept.release()
    assert kept.at_store(one) == {True}
    assert kept.held_by(one) == []


def test_a_policy_that_gives_a_date_leaves_a_hold_at_the_store(kept: KeptDocuments) -> None:
    one = kept.archive("one", retention_class="E")
    kept.hold(one)
    kept.apply(POLICY.replace("event.end", "received"))
    assert kept.catalog.document(one).retain_until is not None
    assert kept.at_store(one) == {True}
    kept.release()
    assert kept.at_store(one) == {False}


def test_a_part_may_be_let_go(kept: KeptDocuments) -> None:
    one, other = kept.archive("one"), kept.archive("other")
    kept.hold(one)
    counts = kept.release(one, other)
    assert (counts.done, counts.before) == (1, 1)
    assert kept.catalog.hold("h").released_at is None
    assert kept.at_store(one) == {False}


def test_a_member_is_held_by_what_contains_it(kept: KeptDocuments) -> None:
    root, members = kept.container("box.zip", 3)
    counts = kept.hold(members[1])
    assert (counts.done, counts.members) == (1, 1)
    assert kept.held_by(root) == ["h"]
    assert all(kept.at_store(one) == {True} for one in [root, *members])
    assert [(one.what, one.about) for one in kept.troubles] == [("member", root)]
    kept.release()
    assert all(kept.at_store(one) == {False} for one in [root, *members])


def test_what_is_held_before_it_is_archived_is_held_afterwards(kept: KeptDocuments) -> None:
    one, box = kept.receive("one"), kept.receive("box.zip")
    kept.hold(one, box)
    assert kept.original(one).lock.hold
    members = kept.members(box, 2)
    kept.commit(one, box, members=members, members_of=box)
    assert all(kept.at_store(each) == {True} for each in [one, box, *(member.id for member in members)])
    assert kept.catalog.document(one).retain_until is not None
    kept.release()
    kept.require_consistent()


def test_a_hold_on_a_collection_covers_what_arrives_later(kept: KeptDocuments) -> None:
    before = kept.archive("before", collection="c")
    hold, _ = kept.holds.open(Wish("m", "r", "o", id="h", collection="c"), by="owner")
    between = kept.receive("between", collection="c")
    kept.holds.place(hold, [list(original_ids(kept.catalog, EVERYTHING, collection="c"))])
    later = kept.archive("later", collection="c")
    kept.commit(between)
    elsewhere = kept.archive("elsewhere")
    assert [kept.at_store(one) for one in (before, between, later, elsewhere)] == [{True}, {True}, {True}, {False}]
    kept.release()
    after = kept.archive("after", collection="c")
    assert [kept.at_store(one) for one in (before, between, later, after)] == [{False}] * 4
    held = [document for kind, document, _ in _entries(kept) if kind == "held"]
    assert sorted(held) == sorted([before, between, later])


def test_what_is_destroyed_or_unknown_is_told(kept: KeptDocuments) -> None:
    one, gone = kept.archive("one"), kept.archive("gone")
    kept.catalog.commit_archived([tombstone_of(kept.catalog.document(gone), "p")], [])
    absent = "0" * 8 + gone[8:]
    counts = kept.hold(one, gone, absent)
    assert (counts.done, counts.gone, counts.absent, counts.incomplete) == (1, 1, 1, True)
    assert [(trouble.document_id, trouble.what) for trouble in kept.troubles] == [(gone, "gone"), (absent, "absent")]
    assert kept.held_by(gone) == []


def test_a_document_without_bytes_is_held_all_the_same_and_told(kept: KeptDocuments) -> None:
    one = kept.archive("one")
    path = kept.objects.local_path(kept.original(one).ref)
    path.unlink()
    counts = kept.hold(one)
    assert kept.held_by(one) == ["h"]
    assert (counts.done, counts.bare, counts.incomplete) == (1, 1, True)


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        (Wish("", "r", "o"), UsageError),
        (Wish("m", "r", ""), UsageError),
        (Wish("m", "r", "o", id="no name"), UsageError),
        (Wish("other", id="h"), UsageError),
        (Wish(id="ended"), RefusedError),
    ],
)
def test_wishes_that_are_refused(kept: KeptDocuments, wish: Wish, error: type[Exception]) -> None:
    kept.hold()
    kept.hold(name="ended")
    kept.release(name="ended")
    with pytest.raises(error):
        kept.holds.open(wish, by="owner")


def test_an_open_hold_is_found_by_its_id_alone(kept: KeptDocuments) -> None:
    kept.hold(review=date(2027, 1, 1))
    hold, fresh = kept.holds.open(Wish(id="h"), by="owner")
    assert (hold.matter, fresh) == ("2027-014", False)


def test_a_review_day_that_has_passed_releases_nothing(kept: KeptDocuments) -> None:
    one = kept.archive("one")
    kept.hold(one, review=date(2026, 2, 1))
    hold = kept.catalog.hold("h")
    assert not overdue(hold, kept.today())
    kept.clock.move(timedelta(days=30))  # type: ignore[attr-defined]
    assert overdue(hold, kept.today())
    assert kept.at_store(one) == {True}
    assert not overdue(replace(hold, released_at=kept.clock.now()), kept.today())


def test_releasing_what_was_never_placed(kept: KeptDocuments) -> None:
    with pytest.raises(NotFoundError):
        kept.release(name="nothing")


def _fused(kept: KeptDocuments, fuse: Fuse) -> KeptDocuments:
    return KeptDocuments(Fused(kept.catalog, fuse), Fused(kept.objects, fuse), kept.clock)  # type: ignore[arg-type]


def test_power_may_fail_at_any_step_of_placing_and_releasing(kept: KeptDocuments) -> None:
    """Afterwards nothing that is held lacks the store's hold, and repeating it ends as if nothing had happened."""
    root, members = kept.container("box.zip", 2)
    ids = [root, kept.archive("one", b"same"), kept.archive("twin", b"same"), kept.receive("late")]
    kept.hold(ids[1], name="other")
    calls = 0
    done = {"place": False, "release": False}
    while not all(done.values()):
        calls += 1
        for what in done:
            torn = _fused(kept, Fuse(calls))
            try:
                torn.hold(*ids) if what == "place" else torn.release(*ids)
                done[what] = True
            except PowerCut:
                done[what] = False
            for one in [*ids, *members]:
                held = kept.held_by(kept.catalog.document(one).root_id or one)
                assert not held or kept.original(one).lock.hold, f"{what}, cut off after call {calls}"
            kept.hold(*ids) if what == "place" else kept.release(*ids)
            kept.require_consistent()
    assert calls > 15
    assert kept.held_by(ids[1]) == ["other"]


def test_a_release_that_was_cut_off_is_finished(kept: KeptDocuments) -> None:
    one = kept.archive("one")
    calls = 0
    while True:
        calls += 1
        kept.hold(one, name=f"h{calls}")
        try:
            _fused(kept, Fuse(calls)).release(name=f"h{calls}")
        except PowerCut:
            kept.release(name=f"h{calls}")
        else:
            break
        assert kept.at_store(one) == {False}, f"cut off after call {calls}"
        assert kept.catalog.hold(f"h{calls}").released_at is not None
    assert calls > 8
