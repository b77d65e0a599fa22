"""What was read becomes durable in steps, and power may fail after any of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from archiver.domain import record
from archiver.domain.document import LockMode, State
from archiver.domain.extraction import Outcome
from archiver.domain.ledger import ARCHIVED, Tree
from archiver.ports.objects import Bucket
from archiver.services.commit import Commit
from archiver.services.extract import Result
from archiver.services.index_documents import catch_up
from archiver.services.texts import Texts
from retention.merkle import EMPTY_ROOT
from retention.policy_file import read_policy
from tests.support.documents import extraction
from tests.support.scripted_pool import box, dies
from tests.support.small_archive import Fuse, PowerCut, SmallArchive

TERMS = """
collections:
  default: {class: SHORT}
classes:
  SHORT: {title: s, period: P1Y, from: metadata.document_date, basis: "law 1", lock: governance, then: destroy}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of the same bytes, one of others, a container."""
    there = tmp_path / "in"
    there.mkdir()
    for name, body in {"a.txt": "one", "b.txt": "one", "c.txt": "two", "box.zip": "zip"}.items():
        (there / name).write_text(body)
    return there


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SmallArchive]:
    archive = SmallArchive(tmp_path / "archive", box=box("m1", "m2"))
    yield archive
    archive.close()


def _state(archive: SmallArchive) -> object:
    documents = {
        one.id: (one.name, one.state, one.outcome, one.text_key, one.sha256, one.parent_id, one.members)
        for one in archive.catalog.select()
    }
    events = sorted(leaf.document_id for leaf in archive.rows.leaves(Tree.CUSTODY) if leaf.kind == ARCHIVED)
    indexed = {key: entry.version for key, entry in archive.index.entries.items()}
    assert indexed == {one.id: one.sequence for one in archive.catalog.select()}
    assert not list(archive.objects.unconfirmed())
    assert archive.rows.state(Tree.CUSTODY).frontier.root() != EMPTY_ROOT
    return documents, events, archive.stored(), archive.catalog.tally("batch")


def test_power_may_fail_after_any_call_of_any_port(folder: Path, tmp_path: Path, archive: SmallArchive) -> None:
    """Same documents, same objects, one ledger entry each, wherever it was cut off."""
    archive.run(folder)
    expected = _state(archive)
    calls = 0
    while True:
        calls += 1
        torn = SmallArchive(tmp_path / f"torn-{calls}", box=box("m1", "m2"))
        try:
            torn.run(folder, fuse=Fuse(calls))
        except PowerCut:
            torn.pool.close()
            torn.index.close()
            for leftover in (torn.objects._layout.root / "staging").glob("*"):
                leftover.unlink()
            catch_up(torn.catalog, torn.index, Texts(torn.objects))
            torn.run(folder)
            documents, events, stored, tally = _state(torn)
            assert (documents, events, stored) == expected[:3], f"cut off after call {calls}"
            assert (tally.lines, sum(tally.by_outcome.values())) == (4, 4), f"cut off after call {calls}"
        else:
            assert calls > 20
            return
        finally:
            torn.close()


def test_a_record_that_is_there_already_stands(folder: Path, archive: SmallArchive) -> None:
    """Cut off between record and row, then read at another time: the row says what the record says."""
    archive.run(folder)
    (document,) = [one for one in archive.catalog.select() if one.name == "c.txt"]
    archive.clock.move(timedelta(days=1))
    commit = Commit(archive.catalog, archive.objects, archive.index, archive.clock, archive.placement)
    commit.add(Result(document, extraction("two")))
    commit.flush()
    again = archive.catalog.document(document.id)
    assert again.archived_at == document.archived_at
    assert record.digest(again) == again.record_sha256


def test_a_quarantined_record_stays_quarantined_when_adopted(folder: Path, tmp_path: Path) -> None:
    archive = SmallArchive(tmp_path / "archive", c=dies())
    archive.run(folder)
    document = archive.documents()["c.txt"]
    assert document.state is State.QUARANTINED
    (info,) = archive.objects.versions(Bucket.LOCKED, record.record_key("default", document.id))
    with archive.objects.open(info.ref) as stream:
        assert record.decode(stream.read()).state is State.QUARANTINED
    archive.close()


def test_shared_bytes_take_the_longest_lock(tmp_path: Path) -> None:
    archive = SmallArchive(tmp_path / "archive", read_policy(TERMS.encode(), version=1, source="test"))
    folder = tmp_path / "in"
    folder.mkdir()
    ends = {}
    for day, name in (("2030-05-05", "a"), ("2034-05-05", "b"), ("2020-05-05", "c"), ("2032-05-05", "d")):
        (folder / name).write_text("same")
        archive.run(folder, batch=f"batch-{name}", declared={"document_date": day})
        document = archive.documents()[name]
        content = archive.catalog.contents([("default", "SHORT", document.sha256)])["default", "SHORT", document.sha256]
        lock = archive.objects.head(content.ref).lock
        assert lock.mode is LockMode.GOVERNANCE
        assert lock.until is not None
        ends[name] = lock.until.year
    assert ends["a"] < ends["b"] == ends["c"] == ends["d"]
    archive.close()


def test_the_same_bytes_read_with_a_password_keep_a_text_of_their_own(tmp_path: Path, archive: SmallArchive) -> None:
    """Else the second document is `complete` and its stored text is the empty one of the first."""
    folder = tmp_path / "in2"
    folder.mkdir()
    (folder / "locked.txt").write_text("secret")
    archive.run(folder)
    document = archive.documents()["locked.txt"]
    commit = Commit(archive.catalog, archive.objects, archive.index, archive.clock, archive.placement)
    texts = Texts(archive.objects)
    for name, found in (
        ("x", extraction("", outcome=Outcome.ENCRYPTED)),
        ("y", extraction("secret")),
        ("z", extraction("secret")),
    ):
        (folder / f"{name}.txt").write_text(name)
        from dataclasses import replace

        from tests.support.documents import identifier

        twin = replace(document, id=identifier(name), name=name, sha256="d" * 64, root_id=document.id, parent_id=document.id)
        commit.add(Result(twin, found))
        commit.flush()
        stored = texts.of(archive.catalog.document(twin.id))
        assert stored is not None
        assert (stored.outcome, stored.text) == (found.outcome, found.text)


def test_a_second_reading_replaces_only_a_worse_one(folder: Path, archive: SmallArchive) -> None:
    archive.run(folder)
    document = archive.documents()["c.txt"]

    def reread(outcome: Outcome, text: str) -> tuple[object, str]:
        commit = Commit(archive.catalog, archive.objects, archive.index, archive.clock, archive.placement, again=True)
        commit.add(Result(archive.catalog.document(document.id), extraction(text, outcome=outcome)))
        commit.flush()
        now = archive.catalog.document(document.id)
        stored = Texts(archive.objects).of(now)
        assert stored is not None
        return now.outcome, stored.text

    assert reread(Outcome.CRASHED, "") == (Outcome.COMPLETE, "two")
    archive.catalog.commit_archived([_as(archive, document.id, Outcome.ENCRYPTED)], [])
    assert reread(Outcome.PARTIAL, "some") == (Outcome.PARTIAL, "some")
    assert reread(Outcome.COMPLETE, "all") == (Outcome.COMPLETE, "all")
    assert reread(Outcome.PARTIAL, "less") == (Outcome.COMPLETE, "all")
    assert archive.catalog.document(document.id).record_sha256 == document.record_sha256


def _as(archive: SmallArchive, document_id: str, outcome: Outcome):
    from dataclasses import replace

    return replace(archive.catalog.document(document_id), outcome=outcome)


def test_catching_up_commits_as_it_goes(archive: SmallArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    from archiver.services import index_documents
    from tests.support.documents import archived

    monkeypatch.setattr(index_documents, "_COMMIT", 1_000)
    archive.catalog.commit_archived([archived(str(n), text_key="") for n in range(3_200)], [])
    assert catch_up(archive.catalog, archive.index, Texts(archive.objects)) == 3_200
    assert archive.index.most_pending <= 1_000
    assert len(archive.index.entries) == 3_200
    assert archive.index.sequence() == archive.catalog.top_sequence()
