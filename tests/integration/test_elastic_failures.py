"""Elasticsearch that is down, slow, forbidden, of another version, or turns writes away: each is told apart, in bounded time."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from archiver.adapters.index import elastic_bulk
from archiver.adapters.index.elastic import ElasticsearchIndex
from archiver.adapters.index.elastic_address import address_of
from archiver.domain.access import Scope
from archiver.domain.query import SearchRequest
from archiver.errors import IntegrityError, MinutierError, NotPermittedError, UnreachableError, UsageError
from tests.support.elastic_indices import elastic_indices
from tests.support.index_entries import EVERYTHING, doc_id, entry

Answer = tuple[int, dict[str, Any] | str]


class ScriptedServer:
    """Answers like Elasticsearch as a function says; keeps what it was asked."""

    def __init__(self, answer: Callable[[str, str, bytes], Answer | None], *, product: str = "Elasticsearch") -> None:
        self.asked: list[tuple[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.asked.append((self.command, self.path))
                found = answer(self.command, self.path, body)
                if found is None:
                    return
                status, content = found
                raw = json.dumps(content).encode() if isinstance(content, dict) else content.encode()
                self.send_response(status)
                self.send_header("X-elastic-product", product)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_PUT = do_DELETE = _do

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://u:topsecret@127.0.0.1:{self._server.server_address[1]}/p"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def _index(url: str, **options: Any) -> Iterator[ElasticsearchIndex]:
    index = ElasticsearchIndex(url, writable=True, **options)
    yield index
    index.close()


_ALIASES: dict[str, Any] = {"p-1": {"aliases": {"p-read": {}, "p-write": {}, "p-1-in": {}}}}


def _bulk(results: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Callable[[str, str, bytes], Answer]:
    """A server whose bulk requests end as `results` says."""

    def answer(method: str, path: str, body: bytes) -> Answer:
        if "_alias" in path:
            return 200, _ALIASES
        lines = [json.loads(line)["index"] for line in body.splitlines()[::2]]
        return 200, {"errors": True, "items": [{"index": one} for one in results(lines)]}

    return answer


def _everything_fails(url: str, kind: type[MinutierError], match: str, **options: Any) -> None:
    """Every method tells the same error, and none tells a password."""
    with _index(url, **options) as index:
        asked: list[Callable[[], object]] = [
            lambda: index.search(SearchRequest("mot"), EVERYTHING),
            index.sequence,
            lambda: index.add([entry(1, "mot")]),
            lambda: index.remove([doc_id(1)]),
            lambda: index.commit(1),
            lambda: list(index.document_ids()),
            index.begin_bulk,
            index.facts,
        ]
        for ask in asked:
            with pytest.raises(kind, match=match) as caught:
                ask()
            assert type(caught.value) is kind
            assert caught.value.remedy
            assert caught.value.__cause__ is not None
            assert "topsecret" not in f"{caught.value} {caught.value.remedy}"


def test_nobody_answers() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        _everything_fails(f"http://u:topsecret@127.0.0.1:{taken.getsockname()[1]}/p", UnreachableError, "does not answer")


def test_no_answer_in_time() -> None:
    with ScriptedServer(lambda *_: time.sleep(1.0)) as server:
        started = time.monotonic()
        with _index(server.url, patience=0.2) as index, pytest.raises(UnreachableError, match="does not answer"):
            index.search(SearchRequest("mot"), EVERYTHING)
        assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("status", "kind", "reason", "error", "match"),
    [
        (503, "master_not_discovered_exception", "no master", UnreachableError, "cannot answer now"),
        (429, "circuit_breaking_exception", "too much", UnreachableError, "cannot answer now"),
        (403, "cluster_block_exception", "read-only / allow delete", UnreachableError, "blocked"),
        (401, "security_exception", "unable to authenticate", NotPermittedError, "does not permit"),
        (403, "security_exception", "unauthorized", NotPermittedError, "does not permit"),
        (400, "media_type_header_exception", "Invalid media-type", UsageError, "not of Elasticsearch 9"),
        (400, "illegal_argument_exception", "unknown", IntegrityError, "not as this program makes it"),
    ],
)
def test_each_refusal_is_told_apart(
    status: int, kind: str, reason: str, error: type[MinutierError], match: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elastic_bulk, "PAUSES", ())
    body = {"error": {"root_cause": [{"type": kind, "reason": reason}], "type": kind, "reason": reason}, "status": status}
    with ScriptedServer(lambda *_: (status, body)) as server:
        _everything_fails(server.url, error, match)


@pytest.mark.parametrize(
    ("product", "number"), [("OpenSearch", "9.0.0"), ("Elasticsearch", "8.19.1"), ("Elasticsearch", "10.0.0")]
)
def test_another_server_answers(product: str, number: str) -> None:
    with (
        ScriptedServer(lambda *_: (200, {"version": {"number": number}}), product=product) as server,
        _index(server.url) as index,
        pytest.raises(UsageError, match="not Elasticsearch 9"),
    ):
        index.facts()


@pytest.mark.parametrize("part", [{"timed_out": True, "_shards": {"failed": 0}}, {"timed_out": False, "_shards": {"failed": 1}}])
def test_a_partial_answer_is_none(part: dict[str, Any]) -> None:
    page = {"status": 200, "hits": {"total": {"value": 0}, "hits": []}, **part}
    with ScriptedServer(lambda *_: (200, {"responses": [page, page]})) as server, _index(server.url) as index:
        request = SearchRequest("mot", facets=False)
        with pytest.raises(UnreachableError, match="did not answer in time"):
            index.search(request, EVERYTHING)


def test_a_server_that_starts_does_not_know_its_users_yet() -> None:
    """It answers 401 to whom it let in before: that is out of reach, not forbidden, or workers would give up for good."""
    body = {"error": {"type": "security_exception", "reason": "unable to authenticate user [u]"}, "status": 401}
    starting = False

    def answer(method: str, path: str, request: bytes) -> Answer:
        return (401, body) if starting else (200, _ALIASES)

    with ScriptedServer(answer) as server:
        with _index(server.url) as index:
            index.generations.all()
        starting = True
        _everything_fails(server.url, UnreachableError, "let in before")


def test_writes_turned_away_are_sent_again_and_only_they(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elastic_bulk, "PAUSES", (0.0, 0.0, 0.0))
    sent: list[list[str]] = []

    def results(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        sent.append([line["_id"] for line in lines])
        away = {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "full"}}
        newer = {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "newer"}}
        if len(sent) == 1:
            return [{"status": 201}, away, newer, {**away, "status": 503}]
        return [away] + [{"status": 200}] * (len(lines) - 1) if len(sent) == 2 else [{"status": 200}] * len(lines)

    with ScriptedServer(_bulk(results)) as server, _index(server.url) as index:
        index.add([entry(n, "mot") for n in (1, 2, 3, 4)])
    assert sent == [[doc_id(1), doc_id(2), doc_id(3), doc_id(4)], [doc_id(2), doc_id(4)], [doc_id(2)]]


def test_writes_turned_away_for_ever_are_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elastic_bulk, "PAUSES", (0.0, 0.0))
    away = {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "full"}}
    with ScriptedServer(_bulk(lambda lines: [away] * len(lines))) as server, _index(server.url) as index:
        with pytest.raises(UnreachableError, match=r"does not take 2 of 2 documents now.*full"):
            index.add([entry(1, "mot"), entry(2, "mot")])
        assert len([path for _, path in server.asked if "_bulk" in path]) == 3


def test_a_document_the_index_refuses_is_named() -> None:
    def results(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        bad = {"status": 400, "error": {"type": "document_parsing_exception", "reason": "no such field"}}
        return [bad if line["_id"] == doc_id(2) else {"status": 201} for line in lines]

    with ScriptedServer(_bulk(results)) as server, _index(server.url) as index:
        both = [entry(1, "mot"), entry(2, "mot")]
        with pytest.raises(IntegrityError, match=f"document {doc_id(2)} is not indexed.*no such field"):
            index.add(both)


def test_a_request_too_large_is_halved_and_at_last_names_the_document() -> None:
    def answer(method: str, path: str, body: bytes) -> Answer:
        if "_alias" in path:
            return 200, _ALIASES
        lines = [json.loads(line)["index"] for line in body.splitlines()[::2]]
        if len(lines) > 1 or lines[0]["_id"] == doc_id(3):
            return 413, ""
        return 200, {"errors": False, "items": [{"index": {"status": 201}}]}

    with ScriptedServer(answer) as server, _index(server.url) as index:
        index.add([entry(1, "mot"), entry(2, "mot")])
        with pytest.raises(UsageError, match=doc_id(3)):
            index.add([entry(1, "mot"), entry(2, "mot"), entry(3, "mot")])


def test_chunks_are_bounded_in_bytes_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elastic_bulk, "CHUNK_BYTES", 20_000)
    monkeypatch.setattr(elastic_bulk, "CHUNK_COUNT", 7)
    sizes: list[int] = []

    def results(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        sizes.append(len(lines))
        return [{"status": 201}] * len(lines)

    with ScriptedServer(_bulk(results)) as server, _index(server.url) as index:
        index.add(entry(n, "mot") for n in range(1, 16))
        index.add(entry(n, " ".join(f"mot{n}x{i}" for i in range(1500))) for n in range(1, 4))
    assert sizes == [7, 7, 1, 1, 1, 1]


def test_no_scope_asks_nothing() -> None:
    with _index("http://127.0.0.1:1/p") as index:
        page = index.search(SearchRequest("mot"), Scope(frozenset()))
    assert (page.hits, page.total, page.not_fully_read, page.next_cursor) == ((), 0, 0, None)
    assert set(page.facets.values()) == {()}


@pytest.mark.parametrize(
    "url",
    ["", "ftp://h/p", "https://h", "https://h/", "https://h/P", "https://h/a*", "https://h/a/b", "https://h:x/p", "https://h/p?x=1",
     "https://h/p?shards=0", "https://h/p?replicas=many", "https://u:topsecret@/p"],
)  # fmt: skip
def test_urls_that_cannot_be_used(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        ElasticsearchIndex(url, writable=False)
    assert caught.value.remedy
    assert "topsecret" not in str(caught.value)


def test_a_url_in_all_its_parts() -> None:
    address = address_of("https://us%40er:p%2Fw@[::1]:9443/arch-1?ca=/etc/ca.pem&shards=3&replicas=2")
    assert (address.server, address.user, address.password, address.prefix) == ("https://[::1]:9443", "us@er", "p/w", "arch-1")
    assert (address.ca, address.shards, address.replicas) == ("/etc/ca.pem", 3, "2")
    assert str(address) == "https://[::1]:9443/arch-1"
    assert "p/w" not in repr(address)


def test_a_certificate_that_cannot_be_read() -> None:
    with pytest.raises(UsageError, match="certificate"):
        ElasticsearchIndex("https://h/p?ca=/no/such/file", writable=False).sequence()


class TestOnTheServer:
    @pytest.fixture
    def url(self) -> Iterator[str]:
        with elastic_indices().fresh() as url:
            yield url

    def test_the_longest_query_there_can_be_is_answered(self, url: str) -> None:
        with _index(url) as index:
            words = [f"facturation{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(64)]
            index.add([entry(1, " ".join(words), grants=tuple(f"g{n}" for n in range(500)))])
            index.commit(1)
            scope = Scope(frozenset(f"g{n}" for n in range(400, 900)))
            assert index.search(SearchRequest(" ".join(words)), scope).total == 1
            assert index.search(SearchRequest(" OR ".join(words)), scope).total == 1
            assert index.search(SearchRequest(f"{'x' * 60}* -{words[0]}"), scope).total == 0

    def test_a_wrong_password(self, url: str) -> None:
        wrong = url.replace(":testpassword@", ":topsecret@") if ":testpassword@" in url else url.replace("@", "x@")
        with _index(wrong) as index, pytest.raises(NotPermittedError) as caught:
            index.search(SearchRequest("mot"), EVERYTHING)
        assert "topsecret" not in str(caught.value)

    def test_an_index_dropped_by_hand_is_no_empty_answer(self, url: str) -> None:
        with _index(url) as index:
            index.add([entry(1, "mot")])
            index.commit(1)
            index.client.indices.delete_alias(index="*", name=index.generations.all()[0].name.rpartition("-")[0] + "-read")
            for ask in (
                lambda: index.search(SearchRequest("mot"), EVERYTHING),
                index.sequence,
                lambda: list(index.document_ids()),
            ):
                with pytest.raises(IntegrityError) as caught:
                    ask()
                assert "reindex" in caught.value.remedy

    def test_a_late_write_never_makes_an_index(self, url: str) -> None:
        with _index(url) as index:
            index.add([entry(1, "mot")])
            generation = index.generations.all()[0]
            index.generations.drop(generation)
            with pytest.raises(MinutierError):
                index.contents(generation).send(list(next(index.operations([entry(2, "mot")]))))
            assert index.generations.all() == []

    def test_unknown_fields_are_refused(self, url: str) -> None:
        with _index(url) as index:
            index.add([entry(1, "mot")])
            operation = next(index.operations([entry(2, "mot")]))[0]
            forged = dataclasses.replace(operation, source=operation.source[:-1] + b',"more":1}')
            with pytest.raises(IntegrityError, match=doc_id(2)):
                index.contents(index.generations.all()[0]).send([forged])
