"""An erasure leaves no word of a removed document in any segment of any index of the archive on Elasticsearch."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archiver.adapters.index import elastic_erasure
from archiver.adapters.index.conditions import BODY, HEAD
from archiver.adapters.index.elastic import ElasticsearchIndex
from archiver.adapters.index.elastic_copies import Copies
from archiver.adapters.index.elastic_erasure import ElasticErasure
from archiver.adapters.index.elastic_layout import BODY_FORMS
from archiver.adapters.index.elastic_rebuilding import ElasticGenerations
from archiver.domain.query import SearchRequest
from archiver.errors import NotPermittedError, UnreachableError
from tests.support.elastic_indices import elastic_indices
from tests.support.index_entries import EVERYTHING, doc_id, entry

_DATA = Path(__file__).parents[2] / "dev" / ".servers" / "elasticsearch" / "data"
"""Of the server that `make servers` starts; where the tests start one of their own its files are not looked at."""
_SEGMENT = re.compile(r"(_[a-z0-9]+)[._]")


@pytest.fixture
def index() -> Iterator[ElasticsearchIndex]:
    """As a user with the program's rights and no others."""
    with elastic_indices().granted() as url:
        index = ElasticsearchIndex(url, writable=True)
        yield index
        index.discard()
        index.close()


def _secret(number: int, **changes: object) -> object:
    return entry(number, f"mot zorglub{number}corps", title=f"titre zorglub{number}titre", **changes)


def _in_dictionary(index: ElasticsearchIndex, name: str, number: int) -> bool:
    """Whether some segment's dictionary has words of this document, deleted or not: a server counts both."""
    words = {BODY: f"zorglub{number}corps", HEAD: f"zorglub{number}titre", BODY_FORMS: f"zorglub{number}corps"}
    asked: dict[str, Any] = {"term_statistics": True, "field_statistics": False, "positions": False, "offsets": False}
    told = index.client.termvectors(index=name, doc=words, fields=list(words), **asked).body["term_vectors"]
    return any("doc_freq" in term for field in told.values() for term in field["terms"].values())


def _files(index: ElasticsearchIndex, name: str) -> set[str]:
    """Names of the segments that lie on the disk."""
    settings = index.client.indices.get_settings(index=name, name="index.uuid").body
    folder = _DATA / "indices" / settings[name]["settings"]["index"]["uuid"]
    return {found[1] for path in folder.glob("*/index/*") if (found := _SEGMENT.match(path.name))}


def _listed(index: ElasticsearchIndex, name: str) -> set[str]:
    shards = index.client.indices.segments(index=name).body["indices"][name]["shards"]
    return {segment for copies in shards.values() for copy in copies for segment in copy["segments"]}


def _grep(word: str) -> list[str]:
    return subprocess.run(["grep", "-rlaF", word, _DATA / "indices"], capture_output=True, text=True, check=False).stdout.split()


def test_words_leave_every_index_there_is(index: ElasticsearchIndex) -> None:
    """The one that answers, one that a reindex has begun, and one kept from before a reindex."""
    generations = ElasticGenerations(index)
    index.add([_secret(n) for n in range(1, 60)])  # type: ignore[misc]
    index.commit(1)
    former = generations.reading()
    assert former is not None
    built = generations.building()
    built.add([_secret(n) for n in range(1, 60)])  # type: ignore[misc]
    built.commit(1)
    generations.promote(built)
    begun = generations.building()
    begun.add([_secret(n) for n in range(1, 30)])  # type: ignore[misc]
    names = [former.name, built.name, begun.name]
    assert index.remains([doc_id(7), doc_id(8)]) == {doc_id(7), doc_id(8)}

    index.remove([doc_id(7)], version=50)
    index.commit(50)
    for name in names:
        index.client.indices.refresh(index=name)
        assert _in_dictionary(index, name, 7), "the engine leaves them: else this test tests nothing"
    done = index.expunge(lambda _: [])

    assert [(one.kept, one.left, one.doubts) for one in done] == [(58, 0, ()), (58, 0, ()), (28, 0, ())]
    assert index.remains([doc_id(7), doc_id(8)]) == {doc_id(8)}
    for name in names:
        assert not _in_dictionary(index, name, 7)
        assert _in_dictionary(index, name, 8)
        if _DATA.exists():
            assert _files(index, name) == _listed(index, name), "no file of a former segment lies about"
    assert not _DATA.exists() or _grep("zorglub7corps") == _grep("zorglub7titre") == []
    built.add([_secret(7, version=49)])  # type: ignore[list-item]
    index.add([_secret(7, version=49)])  # type: ignore[list-item]
    index.commit(51)
    assert index.remains([doc_id(7)]) == set(), "an older state is turned away after an erasure, too"


def test_a_late_write_stays_out_when_the_server_has_forgotten_deletions(index: ElasticsearchIndex) -> None:
    """A deletion is forgotten after index.gc_deletes, and an older state would get in: what stands for a removed document is none."""
    index.add([entry(1, "secret", version=3)])
    name = index.generations.all()[0].name
    index.client.indices.put_settings(index=name, settings={"index.gc_deletes": "10ms"})
    index.remove([doc_id(1), doc_id(2)], version=7)
    index.commit(7)
    time.sleep(1.5)  # the server looks at its clock about once a second
    index.client.indices.refresh(index=name)
    index.add([entry(1, "secret", version=6), entry(2, "secret", version=6)])
    index.commit(8)
    assert index.search(SearchRequest("secret"), EVERYTHING).total == 0
    assert index.remains([doc_id(1), doc_id(2)]) == set()


def test_it_ends_while_others_go_on_writing(index: ElasticsearchIndex) -> None:
    """Documents replaced meanwhile leave new deletions in the files; they are not what was asked for."""
    index.add([_secret(n) for n in range(1, 200)])  # type: ignore[misc]
    index.commit(1)
    index.remove([doc_id(n) for n in range(1, 20)], version=50)
    index.commit(50)
    ended = threading.Event()

    def write() -> None:
        version = 100
        while not ended.wait(0.05):
            version += 1
            index.add([entry(n, "autre", version=version) for n in range(100, 120)])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        done = index.expunge(lambda _: [])
    finally:
        ended.set()
        writer.join()
    assert [(one.kept, one.left) for one in done] == [(180, 0)]
    name = index.generations.all()[0].name
    assert not [n for n in range(1, 20) if _in_dictionary(index, name, n)]


def test_what_is_still_kept_is_said(index: ElasticsearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right after a removal the copies still keep it for each other: who doesn't wait is told that it is there."""
    monkeypatch.setattr(elastic_erasure, "_LET_GO_SECONDS", 0.0)
    monkeypatch.setattr(elastic_erasure, "_SEARCHES_SECONDS", 0.0)
    index.add([_secret(n) for n in range(1, 20)])  # type: ignore[misc]
    index.commit(1)
    index.remove([doc_id(3)], version=50)
    name = index.generations.all()[0].name
    point = index.client.open_point_in_time(index=name, keep_alive="1m").body["id"]
    done = index.expunge(lambda _: [])
    index.client.close_point_in_time(id=point)
    assert done[0].left > 0
    assert ["recovery" in one or "fixed state" in one for one in done[0].doubts] == [True, True]
    assert _in_dictionary(index, name, 3)


def test_copies_out_of_reach_are_said(index: ElasticsearchIndex) -> None:
    index.add([entry(1, "mot")])
    name = index.generations.all()[0].name
    index.client.indices.put_settings(index=name, settings={"auto_expand_replicas": False, "number_of_replicas": 1})
    assert "1 copies of parts of the index are out of reach" in index.expunge(lambda _: [])[0].doubts[0]


def test_a_merge_that_fails_is_no_success(index: ElasticsearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    index.add([entry(1, "mot"), entry(2, "mot")])
    erasure = ElasticErasure(index.client, index._address, index.generations.all()[0])
    monkeypatch.setattr(Copies, "holding", lambda _: {("0", "n", "_0"): 1})
    monkeypatch.setattr(erasure, "_let_go", lambda: True)
    monkeypatch.setattr(erasure, "_task", lambda _: {"completed": True, "response": {"_shards": {"failed": 1}}})
    erasure.begin()
    with pytest.raises(UnreachableError, match="could not merge"):
        erasure.end(lambda: None)


def test_a_generation_dropped_meanwhile_needs_nothing(index: ElasticsearchIndex) -> None:
    index.add([entry(1, "mot"), entry(2, "mot")])
    index.remove([doc_id(1)], version=5)

    def drop() -> None:
        for one in index.generations.all():
            index.generations.drop(one)

    assert index.expunge(lambda _: [], alive=drop) == []


def test_a_reader_may_not() -> None:
    reader = ElasticsearchIndex("http://127.0.0.1:1/x", writable=False)
    with pytest.raises(NotPermittedError):
        reader.expunge(lambda _: [])
