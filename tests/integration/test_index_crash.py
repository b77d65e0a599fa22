"""The index after `kill -9`: replaying from the last committed sequence gives exactly what should be there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archiver.adapters.index.embedded import TantivyIndex
from archiver.adapters.index.state import load
from archiver.domain.query import SearchRequest
from archiver.errors import IntegrityError, NotPermittedError, UnreachableError
from archiver.ports.index import IndexEntry
from tests.support.index_entries import EVERYTHING, doc_id, entry

_DOCUMENTS = 40
_WRITE = """
import itertools, sys
from pathlib import Path
from archiver.adapters.index.embedded import TantivyIndex
from tests.integration.test_index_crash import version_of
index = TantivyIndex(Path(sys.argv[1]), writable=True)
print("ready", flush=True)
for sequence in itertools.count(index.sequence() + 1):
    index.add([version_of(sequence)])
    if sequence % 3 == 0:
        index.commit(sequence)
        print(sequence, flush=True)
"""


def version_of(sequence: int) -> IndexEntry:
    """What the catalogue says at `sequence`: each document changes its text and its partition again and again."""
    number = sequence % _DOCUMENTS + 1
    return entry(number, f"mot v{sequence}", version=sequence, partition=str(2030 + sequence % 3))


def _expected(sequence: int) -> dict[str, int]:
    return {version_of(n).document_id: n for n in range(1, sequence + 1)}


def _write_until_killed(folder: Path, seconds: float) -> None:
    child = subprocess.Popen([sys.executable, "-c", _WRITE, str(folder)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(seconds)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()


def test_killed_at_random_moments(tmp_path: Path) -> None:
    draw = random.Random(7)
    for _ in range(6):
        _write_until_killed(tmp_path, draw.uniform(0.0, 0.4))
        index = TantivyIndex(tmp_path, writable=True)
        reached = index.sequence() + 9
        index.add([version_of(sequence) for sequence in range(index.sequence() + 1, reached + 1)])
        index.commit(reached)
        assert dict(index.document_ids()) == _expected(reached)
        assert len(list(index.document_ids())) == len(_expected(reached))
        assert index.search(SearchRequest("mot"), EVERYTHING).total == len(_expected(reached))
        index.close()


def test_killed_between_partitions_and_state(tmp_path: Path) -> None:
    """The engine has committed, our state has not: the replay moves the document on, out of a partition no state lists."""
    index = TantivyIndex(tmp_path, writable=True)
    index.add([entry(1, "premier")])
    index.commit(1)
    before = (tmp_path / "state.json").read_bytes()
    index.add([entry(1, "second", version=2, partition="2036")])
    index.commit(2)
    index.close()
    (tmp_path / "state.json").write_bytes(before)

    index = TantivyIndex(tmp_path, writable=True)
    assert index.sequence() == 1
    index.add([entry(1, "troisième", version=3, partition="2040")])
    index.commit(3)
    assert list(index.document_ids()) == [(doc_id(1), 3)]
    index.add([entry(2, "autre", version=4, partition="2036")])
    index.commit(4)
    assert sorted(index.document_ids()) == [(doc_id(1), 3), (doc_id(2), 4)]
    assert index.search(SearchRequest("second"), EVERYTHING).total == 0
    index.close()


def test_half_made_folders_are_dropped(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path, writable=True)
    index.add([entry(1, "mot")])
    index.commit(1)
    index.close()
    listed = load(tmp_path).folders[0][1]
    for name, label in (
        ("half", b'{"colle'),
        ("empty", b'{"collection": "x", "partition": "open"}'),
        ("rewrite", (tmp_path / listed / "partition.json").read_bytes()),
    ):
        folder = tmp_path / Path(listed).parent / name
        folder.mkdir()
        (folder / "partition.json").write_bytes(label)
    TantivyIndex(tmp_path, writable=True).close()
    assert [path.name for path in (tmp_path / listed).parent.iterdir()] == [Path(listed).name]


def test_index_of_another_format_is_made_again(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path, writable=True)
    index.add([entry(1, "mot")])
    index.commit(4)
    index.close()
    state = tmp_path / "state.json"
    state.write_text(state.read_text().replace('"format": 1', '"format": 0'))
    reader = TantivyIndex(tmp_path, writable=False)
    with pytest.raises(UnreachableError, match="another version"):
        reader.search(SearchRequest("mot"), EVERYTHING)
    index = TantivyIndex(tmp_path, writable=True)
    assert index.sequence() == 0
    assert index.search(SearchRequest("mot"), EVERYTHING).total == 0
    index.close()


@pytest.mark.parametrize("damaged", ["state.json", "*/*/meta.json"])
def test_damage_is_said(tmp_path: Path, damaged: str) -> None:
    index = TantivyIndex(tmp_path, writable=True)
    index.add([entry(1, "mot")])
    index.commit(1)
    index.close()
    for path in tmp_path.glob(damaged):
        path.write_text("{")
    with pytest.raises(IntegrityError) as caught:
        TantivyIndex(tmp_path, writable=False).search(SearchRequest("mot"), EVERYTHING)
    assert "reindex" in caught.value.remedy


def test_a_reader_does_not_write(tmp_path: Path) -> None:
    with pytest.raises(NotPermittedError):
        TantivyIndex(tmp_path, writable=False).commit(1)
