"""An erasure leaves no word of a removed document in any file of the embedded index, wherever it is cut off."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import tantivy

from archiver.adapters.index import erasure, snapshots
from archiver.adapters.index.conditions import BODY, HEAD
from archiver.adapters.index.embedded import TantivyIndex
from archiver.adapters.index.layout import ID
from archiver.adapters.index.segment_files import segment_files
from archiver.adapters.index.state import IndexState, load
from archiver.domain.query import SearchRequest
from archiver.errors import IntegrityError, NotPermittedError
from archiver.ports.index import EntriesOf, IndexEntry
from tests.support.index_entries import EVERYTHING, doc_id, entry

_MARKER = "zorglub"


def _secret(number: int, **changes: object) -> IndexEntry:
    """An entry with words of its own in its text, its title and its metadata."""
    word = f"{_MARKER}{number}x"
    return entry(number, f"mot {word}corps", title=f"titre {word}titre", fields={"note": [f"{word}note"]}, **changes)


def _giving(entries: Iterable[IndexEntry]) -> EntriesOf:
    known = {one.document_id: one for one in entries}
    return lambda ids: (known[one] for one in ids if one in known)


def _partition_folders(root: Path) -> list[Path]:
    return [path.parent for path in root.glob("*/*/meta.json")]


def _words_in_files(root: Path, prefix: str) -> set[str]:
    """Terms that begin so in the dictionary of any segment on the disk, those of deleted documents included."""
    found: set[str] = set()
    for folder in _partition_folders(root):
        searcher = tantivy.Index.open(str(folder)).searcher()
        for field in (BODY, HEAD, ID):
            found |= {term for term, _ in searcher.terms_with_prefix(field, prefix)}
    return found


def _listed_files(root: Path) -> bool:
    """Whether every folder is listed by the state, and every file in it by the engine."""
    listed = {root / folder for _, folder in load(root).folders}
    return set(_partition_folders(root)) == listed and all(segment_files(folder).clean for folder in listed)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[TantivyIndex]:
    opened = TantivyIndex(tmp_path, writable=True)
    yield opened
    opened.close()


def _filled(index: TantivyIndex) -> list[IndexEntry]:
    """Three partitions in several segments: two lose some documents, one all."""
    entries = [_secret(number, partition=("open", "2036", "2040")[number % 3]) for number in range(1, 61)]
    for start in range(0, 60, 12):
        index.add(entries[start : start + 12])
        index.commit(start + 12)
    return entries


def test_words_are_in_files_before_and_not_after(index: TantivyIndex, tmp_path: Path) -> None:
    entries = _filled(index)
    gone = {one.document_id for one in entries if one.partition == "2040"} | {doc_id(3), doc_id(4)}
    index.remove(gone, version=100)
    index.commit(100)
    assert f"{_MARKER}4xcorps" in _words_in_files(tmp_path, _MARKER), "the engine leaves them: else this test tests nothing"
    kept = [one for one in entries if one.document_id not in gone]

    done = index.expunge(_giving(kept))

    assert [(one.kept, one.left, one.doubts, one.rewritten, one.dropped) for one in done] == [(len(kept), 0, (), 2, 1)]
    expected = {f"{_MARKER}{int(one.document_id[-4:], 16)}x{where}" for one in kept for where in ("corps", "titre", "note")}
    assert _words_in_files(tmp_path, _MARKER) == expected
    assert not _words_in_files(tmp_path, "") & gone
    assert _listed_files(tmp_path)
    assert dict(index.document_ids()) == {one.document_id: one.version for one in kept}
    assert index.sequence() == 100
    assert index.remains([one.document_id for one in entries]) == {one.document_id for one in kept}


def test_a_second_time_changes_nothing_and_says_the_same(index: TantivyIndex, tmp_path: Path) -> None:
    entries = _filled(index)
    index.remove([doc_id(5)], version=100)
    index.commit(100)
    first = index.expunge(_giving(entries))
    before = sorted(tmp_path.rglob("*"))
    second = index.expunge(_giving([]))
    assert sorted(tmp_path.rglob("*")) == before
    assert [replace(one, rewritten=0, dropped=0) for one in first] == second


def test_former_states_go_too(index: TantivyIndex, tmp_path: Path) -> None:
    index.add([_secret(1), entry(2, "autre")])
    index.commit(1)
    now = entry(1, "public", version=2)
    index.add([now])
    index.commit(2)
    assert _words_in_files(tmp_path, _MARKER)
    index.expunge(_giving([now, entry(2, "autre")]))
    assert not _words_in_files(tmp_path, _MARKER)
    assert dict(index.document_ids()) == {doc_id(1): 2, doc_id(2): 1}


def test_what_waits_for_a_commit_is_not_lost(index: TantivyIndex, tmp_path: Path) -> None:
    index.add([_secret(1), _secret(2)])
    index.commit(1)
    index.remove([doc_id(1)], version=3)
    index.add([entry(3, "neuf")])
    index.expunge(_giving([_secret(2), entry(3, "neuf")]))
    assert sorted(index.document_ids()) == [(doc_id(2), 1), (doc_id(3), 1)]
    assert index.sequence() == 1, "what was committed early is replayed"
    assert not _words_in_files(tmp_path, f"{_MARKER}1x")


def test_another_process_learns_it_from_the_disk(tmp_path: Path) -> None:
    first = TantivyIndex(tmp_path, writable=True)
    entries = _filled(first)
    first.remove([doc_id(7)], version=100)
    first.commit(100)
    first.close()
    second = TantivyIndex(tmp_path, writable=True)
    assert second.expunge(_giving(entries))[0].rewritten == 1
    assert not _words_in_files(tmp_path, f"{_MARKER}7x")
    second.close()


def test_a_reader_goes_on_and_sees_the_new_files(index: TantivyIndex, tmp_path: Path) -> None:
    entries = _filled(index)
    reader = TantivyIndex(tmp_path, writable=False)
    walk = reader.document_ids()
    next(walk)
    for number in (1, 2, 3):
        index.remove([doc_id(number)], version=100)
        index.expunge(_giving(entries))
        assert reader.search(SearchRequest("mot"), EVERYTHING).total == 60 - number
    assert len(list(walk)) == 59, "who had begun ends on the files he had"
    assert reader.remains([doc_id(1), doc_id(4)]) == {doc_id(4)}
    reader.close()


def test_a_folder_that_vanishes_while_it_is_opened(index: TantivyIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state was read, then the writer put another folder in the place of the one it names."""
    entries = _filled(index)
    reader = TantivyIndex(tmp_path, writable=False)
    snapshots = reader._snapshots
    opened, turns = snapshots._opened, iter([True])

    def late(state: object) -> object:
        if next(turns, False):
            index.remove([doc_id(1)], version=100)
            index.expunge(_giving(entries))
        return opened(state)  # type: ignore[arg-type]

    monkeypatch.setattr(snapshots, "_opened", late)
    assert reader.search(SearchRequest("mot"), EVERYTHING).total == 59
    reader.close()


def test_strays_are_removed_or_told(index: TantivyIndex, tmp_path: Path) -> None:
    """Files of a segment that no state lists: a crash before a commit leaves them."""
    entries = _filled(index)
    folder = _partition_folders(tmp_path)[0]
    (folder / "0123456789abcdef0123456789abcdef.term").write_bytes(_MARKER.encode())
    done = index.expunge(_giving(entries))
    assert (done[0].left, done[0].doubts, done[0].rewritten) == (0, (), 1)
    assert _listed_files(tmp_path)
    assert len(dict(index.document_ids())) == 60


def test_an_older_state_than_the_index_stops_it(index: TantivyIndex, tmp_path: Path) -> None:
    index.add([entry(1, "neuf", version=9), entry(2, "autre")])
    index.commit(9)
    index.remove([doc_id(2)])
    with pytest.raises(IntegrityError, match="state 9"):
        index.expunge(_giving([entry(1, "vieux", version=8)]))
    assert len(_partition_folders(tmp_path)) == 1, "nothing half made is left"
    assert dict(index.document_ids()) == {doc_id(1): 9}


def test_what_the_catalogue_does_not_know_is_dropped(index: TantivyIndex, tmp_path: Path) -> None:
    index.add([_secret(1), _secret(2), _secret(3)])
    index.commit(1)
    index.remove([doc_id(1)])
    assert index.expunge(_giving([_secret(2)]))[0].kept == 1
    index.add([_secret(4), _secret(6)])
    index.commit(2)
    index.remove([doc_id(2), doc_id(6)])
    done = index.expunge(_giving([]))
    assert (done[0].kept, done[0].left) == (0, 0)
    assert not _partition_folders(tmp_path)
    index.add([_secret(5)])
    index.commit(3)
    assert dict(index.document_ids()) == {doc_id(5): 1}


def test_entries_are_asked_for_a_few_at_a_time(index: TantivyIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "_ASKED", 7)
    entries = [entry(number, "mot") for number in range(1, 60)]
    index.add(entries)
    index.commit(1)
    index.remove([doc_id(1)])
    asked, told = list[int](), list[None]()

    def entries_of(ids: Sequence[str]) -> Iterable[IndexEntry]:
        asked.append(len(ids))
        return _giving(entries)(ids)

    index.expunge(entries_of, alive=lambda: told.append(None))
    assert max(asked) == 7
    assert sum(asked) == 58
    assert len(told) >= len(asked)


def test_a_reader_may_not(tmp_path: Path) -> None:
    with pytest.raises(NotPermittedError):
        TantivyIndex(tmp_path, writable=False).expunge(_giving([]))


_ERASE = """
import sys
from pathlib import Path
from archiver.adapters.index.embedded import TantivyIndex
from tests.integration.test_index_erasure import living
index = TantivyIndex(Path(sys.argv[1]), writable=True)
print("ready", flush=True)
index.expunge(living)
print("done", flush=True)
"""
_MANY, _GONE = 600, 40


def _many() -> list[IndexEntry]:
    return [_secret(number, partition=str(2030 + number % 4)) for number in range(1, _MANY + 1)]


def living(ids: Sequence[str]) -> Iterable[IndexEntry]:
    """The entries of documents that were not removed."""
    return (_secret(number, partition=str(2030 + number % 4)) for one in ids if (number := int(one[-4:], 16)) > _GONE)


def test_killed_at_random_moments(tmp_path: Path) -> None:
    draw = random.Random(11)
    index = TantivyIndex(tmp_path, writable=True)
    index.add(_many())
    index.commit(1)
    index.remove([doc_id(number) for number in range(1, _GONE + 1)], version=9)
    index.commit(9)
    index.close()
    for _ in range(8):
        child = subprocess.Popen([sys.executable, "-c", _ERASE, tmp_path], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(draw.uniform(0.0, 0.12))
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        reader = TantivyIndex(tmp_path, writable=False)
        assert len(dict(reader.document_ids())) == _MANY - _GONE
        reader.close()
    index = TantivyIndex(tmp_path, writable=True)
    done = index.expunge(living)
    assert (done[0].kept, done[0].left, done[0].doubts) == (_MANY - _GONE, 0, ())
    assert _listed_files(tmp_path)
    gone = {f"{_MARKER}{number}xcorps" for number in range(1, _GONE + 1)}
    words = _words_in_files(tmp_path, _MARKER)
    assert not words & gone
    assert len(words) == 3 * (_MANY - _GONE)
    index.close()


_ERASE_WITHOUT_ROOM = """
import resource, sys
from pathlib import Path
from archiver.adapters.index.embedded import TantivyIndex
from archiver.errors import UnreachableError
from tests.integration.test_index_erasure import living
index = TantivyIndex(Path(sys.argv[1]), writable=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
try:
    index.expunge(living)
except UnreachableError as error:
    print(error.remedy)
"""


def test_without_room_nothing_is_lost(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path, writable=True)
    index.add(_many())
    index.commit(1)
    index.remove([doc_id(1)], version=9)
    index.commit(9)
    index.close()
    before = sorted(_partition_folders(tmp_path))
    ended = subprocess.run(
        [sys.executable, "-c", _ERASE_WITHOUT_ROOM, tmp_path], capture_output=True, cwd=Path(__file__).parents[2], check=True
    )
    assert b"make room" in ended.stdout
    assert sorted(_partition_folders(tmp_path)) == before
    index = TantivyIndex(tmp_path, writable=True)
    assert len(dict(index.document_ids())) == _MANY - 1
    assert index.expunge(living)[0].left == 0
    index.close()


class _Cut(BaseException):
    pass


@pytest.mark.parametrize("step", ["store", "drop_folder"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("turn", range(4))
def test_cut_off_at_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool, turn: int) -> None:
    """As if the process ended there: another one finds the old files or the new, and ends the work."""
    index = TantivyIndex(tmp_path, writable=True)
    entries = _filled(index)
    gone = {one.document_id for one in entries if one.partition == "2040"} | {doc_id(3), doc_id(4)}
    index.remove(gone, version=100)
    index.commit(100)
    kept = [one for one in entries if one.document_id not in gone]
    real, calls = getattr(erasure, step), iter(range(99))

    def cut(*arguments: object) -> None:
        here = next(calls) == turn
        if here and not after:
            raise _Cut
        real(*arguments)
        if here:
            raise _Cut

    with monkeypatch.context() as patch:
        patch.setattr(erasure, step, cut)
        with contextlib.suppress(_Cut):
            index.expunge(_giving(kept))
    index.close()
    index = TantivyIndex(tmp_path, writable=True)
    assert {one for one, _ in index.document_ids()} == {one.document_id for one in kept}
    done = index.expunge(_giving(kept))
    assert (done[0].kept, done[0].left, done[0].doubts) == (len(kept), 0, ())
    assert not {word for word in _words_in_files(tmp_path, _MARKER) if word.startswith((f"{_MARKER}3x", f"{_MARKER}4x"))}
    assert _listed_files(tmp_path)
    index.close()


def test_a_reader_that_looks_while_a_folder_is_taken_away_finds_the_new_one(
    index: TantivyIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = _filled(index)
    reader = TantivyIndex(tmp_path, writable=False)
    assert reader.search(SearchRequest(""), EVERYTHING).total == 60
    index.remove([doc_id(3)], version=100)
    index.commit(100)

    def load_and_be_overtaken(folder: Path) -> IndexState:
        state = load(folder)
        monkeypatch.setattr(snapshots, "load", load)
        index.expunge(_giving([one for one in entries if one.document_id != doc_id(3)]))
        assert any(not (folder / path).exists() for _, path in state.folders), "a folder is gone: else this test tests nothing"
        return state

    monkeypatch.setattr(snapshots, "load", load_and_be_overtaken)
    assert reader.search(SearchRequest(""), EVERYTHING).total == 59
    reader.close()
