"""Elasticsearch: many writers, removed documents, scans that are forgotten, settings for bulk, rights, facts."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from archiver.adapters.index import elastic_bulk
from archiver.adapters.index.elastic import ElasticsearchIndex
from archiver.adapters.index.elastic_layout import bulk
from archiver.adapters.index.elastic_roles import grant, revoke
from archiver.domain.query import SearchRequest
from archiver.errors import NotPermittedError
from tests.support.elastic_indices import elastic_indices
from tests.support.index_entries import EVERYTHING, doc_id, entry
from tests.support.servers import server_url, under


@pytest.fixture
def index() -> Iterator[ElasticsearchIndex]:
    with elastic_indices().fresh() as url:
        index = ElasticsearchIndex(url, writable=True)
        yield index
        index.close()


def test_a_late_write_does_not_bring_a_removed_document_back(index: ElasticsearchIndex) -> None:
    index.add([entry(1, "secret", version=3), entry(2, "autre", version=3)])
    index.remove([doc_id(1), doc_id(9)], version=7)
    index.add([entry(1, "secret", version=6), entry(9, "secret", version=6)])
    index.commit(7)
    assert index.search(SearchRequest("*"), EVERYTHING).total == 1
    assert [one for one, _ in index.document_ids()] == [doc_id(2)]
    index.remove([doc_id(2)], version=2)
    index.commit(8)
    assert index.search(SearchRequest("autre"), EVERYTHING).total == 1, "removed in a state before this one"


def test_nothing_of_a_removed_document_is_kept_as_sent(index: ElasticsearchIndex) -> None:
    index.add([entry(1, "secret", grants=("a",))])
    index.remove([doc_id(1)], version=2)
    found = index.client.get(index=index.generations.all()[0].name, id=doc_id(1)).body
    assert (found["_source"], found["_version"]) == ({"hidden": "removed"}, 2)


def test_the_text_is_not_kept_as_sent(index: ElasticsearchIndex) -> None:
    index.add([entry(1, "confidentiel", title="Intitulé", author="Durand")])
    found = str(index.client.get(index=index.generations.all()[0].name, id=doc_id(1)).body).casefold()
    assert "confidentiel" not in found
    assert "intitul" not in found
    assert "durand" not in found


def test_the_sequence_never_goes_back(index: ElasticsearchIndex) -> None:
    for sequence in (5, 9, 7, 9, 0):
        index.commit(sequence)
    assert index.sequence() == 9
    index.discard()
    assert index.sequence() == 0


def test_a_new_index_made_by_many_at_once_is_one(index: ElasticsearchIndex) -> None:
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(index.add, [entry(n, "mot")]) for n in range(1, 5)]:
            done.result()
    index.commit(1)
    assert len(index.generations.all()) == 1
    assert index.search(SearchRequest("mot"), EVERYTHING).total == 4


def test_many_writers_in_any_order_end_with_the_newest(index: ElasticsearchIndex) -> None:
    """Four threads add all states of all documents, each in an order of its own; a fifth removes."""
    states = [entry(n, f"etat{v}", version=v) for v in range(1, 9) for n in range(1, 31)]

    def write(turn: int) -> None:
        for one in states[turn * 17 :] + states[: turn * 17] if turn % 2 else reversed(states):
            if int(one.version) % 4 == turn or one.version == 8:
                index.add([one])

    index.add([])
    index.commit(1)
    with ThreadPoolExecutor(5) as threads:
        writers = [threads.submit(write, turn) for turn in range(4)]
        writers.append(threads.submit(index.remove, [doc_id(n) for n in range(1, 6)], version=20))
        for done in writers:
            done.result()
    index.commit(20)
    assert dict(index.document_ids()) == {doc_id(n): 8 for n in range(6, 31)}
    assert index.search(SearchRequest("etat8", limit=1), EVERYTHING).total == 25


def test_a_scan_the_server_has_forgotten_goes_on(index: ElasticsearchIndex) -> None:
    index.add([entry(n, "mot") for n in range(1, 31)])
    index.commit(1)
    contents = index.contents(index.generations.all()[0])
    seen = list[str]()
    for state in contents.states(page=4):
        seen.append(state.document_id)
        if len(seen) in (4, 16):
            stats = index.client.indices.stats(index=contents.generation.name, metric="search").body
            assert stats["_all"]["primaries"]["search"]["open_contexts"] >= 1
            index.client.close_point_in_time(id=_open_point(index))
    assert seen == [doc_id(n) for n in range(1, 31)]


def test_a_scan_waited_for_too_long_goes_on(index: ElasticsearchIndex) -> None:
    """The server looks for contexts that are out of time once a minute; a scan is not to notice either way."""
    index.add([entry(n, "mot") for n in range(1, 11)])
    index.commit(1)
    seen = list[str]()
    for state in index.contents(index.generations.all()[0]).states(page=4, keep="1ms"):
        seen.append(state.document_id)
        time.sleep(0.05)
    assert seen == [doc_id(n) for n in range(1, 11)]


def test_settings_for_bulk_are_taken_back_and_a_crash_is_mended(index: ElasticsearchIndex) -> None:
    index.add([entry(1, "mot")])
    assert not index.facts().in_bulk
    index.begin_bulk()
    index.begin_bulk()
    assert index.facts().in_bulk
    index.add([entry(2, "mot")])
    index.commit(2)
    assert index.search(SearchRequest("mot"), EVERYTHING).total == 2, "a crash here leaves a working index"
    index.end_bulk()
    index.end_bulk()
    assert not index.facts().in_bulk
    found = index.client.indices.get_settings(index=index.generations.all()[0].name).body
    kept = next(iter(found.values()))["settings"]["index"]
    assert kept["auto_expand_replicas"] == "0-1"
    assert bulk()["number_of_replicas"] == 0


def test_facts(index: ElasticsearchIndex) -> None:
    assert index.facts().reading == ""
    index.add([entry(1, "mot")])
    found = index.facts()
    assert found.version.startswith("9.")
    assert (found.status, found.nodes, found.copies, found.unassigned) == ("green", 1, 0, 0)
    assert found.reading.endswith("-1")
    assert found.current
    assert found.server_time is not None
    assert abs(found.server_time - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_very_long_text_is_found_by_each_of_its_words(index: ElasticsearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.adapters.index.elastic_document.MOST_CHARACTERS", 60)
    index.add([entry(1, " ".join(["début du texte"] * 5 + ["loin derrière suivi"]))])
    index.commit(1)
    found = {text: index.search(SearchRequest(text), EVERYTHING).total for text in ("loin suivi", "suivis", '"début du texte"')}
    assert found == {"loin suivi": 1, "suivis": 1, '"début du texte"': 1}
    assert index.search(SearchRequest('"loin derrière"'), EVERYTHING).total == 0, "the limit that is documented"


def test_memory_does_not_grow_with_the_stream(index: ElasticsearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elastic_bulk, "CHUNK_COUNT", 10)
    made, most, sent = 0, 0, 0

    def entries() -> Iterator[object]:
        nonlocal made, most
        for n in range(1, 101):
            made += 1
            most = max(most, made - sent)
            yield entry(n, "mot")

    contents = type(index.contents(index.generations.written()[0]))
    send = contents.send

    def counted(self: object, operations: list[object]) -> None:
        nonlocal sent
        send(self, operations)  # type: ignore[arg-type]
        sent += len(operations)

    monkeypatch.setattr(contents, "send", counted)
    index.add(entries())  # type: ignore[arg-type]
    assert sent == 100
    assert most <= 12


def _open_point(index: ElasticsearchIndex) -> str:
    """The id of the point in time of the scan that runs in this process."""
    import gc

    from archiver.adapters.index.elastic_scan import Scan

    return next(one._point for one in gc.get_objects() if isinstance(one, Scan) and one._client is index.client and one._point)


class TestLeastPrivilege:
    @pytest.fixture
    def url(self) -> Iterator[str]:
        admin = server_url("elasticsearch")
        parts = urlsplit(admin)
        name = f"t{uuid.uuid4().hex[:16]}"
        url = f"{parts.scheme}://{name}:Secret-{name}@{parts.hostname}:{parts.port}/{name}"
        if not parts.username:
            pytest.skip("the server runs without security")
        grant(under(admin, "admin"), url)
        yield url
        admin_index = ElasticsearchIndex(under(admin, name), writable=True)
        admin_index.discard()
        admin_index.close()
        revoke(under(admin, "admin"), url)

    def test_the_program_can_do_its_work(self, url: str) -> None:
        from archiver.adapters.index.elastic_rebuilding import ElasticGenerations

        index = ElasticsearchIndex(url, writable=True)
        index.begin_bulk()
        index.add([entry(1, "mot"), entry(2, "mot")])
        index.remove([doc_id(2)])
        index.commit(3)
        index.end_bulk()
        assert index.search(SearchRequest("mot"), EVERYTHING).total == 1
        assert list(index.document_ids()) == [(doc_id(1), 1)]
        assert index.facts().status == "green"
        generations = ElasticGenerations(index)
        built = generations.building()
        built.add([entry(1, "mot")])
        built.commit(3)
        generations.promote(built)
        assert generations.drop_former()
        assert index.sequence() == 3
        index.discard()
        index.close()

    def test_it_can_touch_nothing_of_others(self, url: str) -> None:
        others = url[:-1] + ("x" if url[-1] != "x" else "y")
        index = ElasticsearchIndex(others, writable=True)
        for ask in (
            lambda: index.add([entry(1, "mot")]),
            lambda: index.commit(1),
            lambda: index.client.options(ignore_status=()) and index.generations.create(reads=True),
        ):
            with pytest.raises(NotPermittedError):
                ask()
        index.close()

    def test_a_reader_cannot_write(self, url: str) -> None:
        writer = ElasticsearchIndex(url, writable=True)
        writer.add([entry(1, "mot")])
        writer.commit(1)
        writer.close()
        grant(under(server_url("elasticsearch"), "admin"), url, reader=True)
        reader = ElasticsearchIndex(url, writable=True)
        assert reader.search(SearchRequest("mot"), EVERYTHING).total == 1
        assert reader.sequence() == 1
        assert len(list(reader.document_ids())) == 1
        with pytest.raises(NotPermittedError):
            reader.add([entry(2, "mot")])
        with pytest.raises(NotPermittedError):
            reader.remove([doc_id(1)])
        reader.close()


def test_one_index_object_serves_many_threads(index: ElasticsearchIndex) -> None:
    index.add([entry(n, "mot " + "autre " * (n % 3)) for n in range(1, 41)])
    index.commit(1)
    expected, wrong = index.search(SearchRequest("mot autre"), EVERYTHING), list[object]()

    def ask() -> None:
        for _ in range(10):
            if (page := index.search(SearchRequest("mot autre"), EVERYTHING)) != expected:
                wrong.append(page)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []
