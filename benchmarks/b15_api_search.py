"""B15: a search over HTTP, whole, against the engine's own bare query on the same index, in one run.

    python -m benchmarks.b15_api_search [--documents 100000] [--folder DIR] [--rounds 5] [--clients 1]

The texts, groups and questions of B4, archived in earnest: catalogue, stored texts, index. `minutier serve` runs as a process of
its own; a client with a kept connection asks for ten hits with access filter, total, facets, two marked fragments a hit, and each
answer is written to the access log before it goes out. In turn with each the engine's plain query for the same words is run over
the same partition, in this process. Goal: p95 at most 1.5 times the bare query's and 5 ms. With --folder the archive is kept and
used again.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from archiver.adapters.index.engine import open_for_reading
from archiver.adapters.index.state import load
from archiver.bootstrap import Archive, create
from archiver.domain.batch import Batch, BatchState, Line
from archiver.domain.extraction import Extraction, Outcome
from archiver.ports.sources import FileStamp, SourceEntry
from archiver.services.commit import Commit
from archiver.services.extract import Result
from archiver.services.intake import Intake, IntakeOptions
from benchmarks.b4_search import _GROUPS, _WORDS_A_TEXT, Times, Vocabulary, quantiles, questions
from tests.support.api import make_key, serving_process

_GROUP = 256
GOAL_TIMES, GOAL_MORE = 1.5, 5.0


class Texts:
    """`ports.sources.SourceReader` of B4's texts; each follows from its name."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def text(self, source: str) -> str:
        return self._vocabulary.text(random.Random(source), _WORDS_A_TEXT)

    def stamp(self, source: str) -> FileStamp:
        return FileStamp(len(self.text(source).encode()), 1, 1, 1)

    def chunks(self, source: str) -> Iterator[bytes]:
        yield self.text(source).encode()


def fill(home: Path, count: int, vocabulary: Vocabulary) -> None:
    """A new archive of so many documents, each granted to one to three groups."""
    create(home)
    texts, draw = Texts(vocabulary), random.Random(2)
    with Archive(home, writable=True) as archive:
        archive.catalog.create_batch(Batch("made", BatchState.RUNNING, archive.clock.now(), {}))
        parts = (archive.catalog, archive.objects, texts, archive.clock, archive.placement, archive.keys.identifier_key())
        intake = Intake(*parts, IntakeOptions("made", "all"))
        commit = Commit(archive.catalog, archive.objects, archive.index, archive.clock, archive.placement)
        for start in range(0, count, _GROUP):
            group = [_line(number, draw) for number in range(start, min(start + _GROUP, count))]
            for document in intake.take(group)[0]:
                commit.add(Result(document, _read(texts.text(document.source))))
        commit.flush()
        archive.catalog.set_batch_state("made", BatchState.FINISHED, listed=True)
        archive.ledger.sequence()
        archive.ledger.seal()


def _line(number: int, draw: random.Random) -> tuple[Line, SourceEntry]:
    source = f"/in/{number % 997}/document_{number}.txt"
    groups = tuple(f"g{draw.randrange(_GROUPS)}" for _ in range(draw.randint(1, 3)))
    return Line(number + 1, source), SourceEntry(source, number + 1, grants=groups)


def _read(text: str) -> Extraction:
    return Extraction(
        Outcome.COMPLETE, "text/plain", text=text, language="fr", fingerprint=hashlib.sha256(b"made").hexdigest()[:16]
    )


def over_http(port: int, token: str) -> Callable[[list[str]], object]:
    """The whole answer, read to its end, over a connection that is kept."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(words: list[str]) -> object:
        connection.request("POST", "/v1/search", json.dumps({"query": " ".join(words)}), headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{answer.status}: {body.decode()}")
        return body

    return ask


def bare(home: Path) -> Callable[[list[str]], object]:
    """The engine's own query: same words, all required, its own scores, ten hits and the count."""
    folder = home / "index"
    index = open_for_reading(folder / load(folder).folders[0][1])
    searcher = index.searcher()

    def ask(words: list[str]) -> object:
        return searcher.search(index.parse_query(" ".join(words), ["body"], conjunction_by_default=True), 10)

    return ask


def measure(home: Path, vocabulary: Vocabulary, rounds: int, clients: int, port: int, token: str) -> None:
    """Both ways in turn; prints the quantiles and what the goal says. With several clients the others only ask."""
    ways = {"bare": bare(home), "api": over_http(port, token)}
    times = {name: Times() for name in ways}
    asked, ending = questions(vocabulary), threading.Event()
    others = [threading.Thread(target=_ask_on, args=(over_http(port, token), asked, ending)) for _ in range(clients - 1)]
    for words in asked:
        ways["api"](words)
    for one in others:
        one.start()
    for _ in range(rounds):
        for words in asked:
            for name, ask in ways.items():
                times[name].run(ask, words)
    ending.set()
    for one in others:
        one.join()
    (bare50, bare95), (api50, api95) = (quantiles(times[name].wall) for name in ("bare", "api"))
    allowed = bare95 * GOAL_TIMES + GOAL_MORE
    print(f"bare p50 {bare50:.2f} p95 {bare95:.2f} ms; API p50 {api50:.2f} p95 {api95:.2f} ms, {clients} clients")
    print(f"p95 {api95:.2f} ms against {allowed:.2f} allowed (1.5 times bare and 5 ms){'' if api95 <= allowed else ': missed'}")
    print(f"median of what HTTP, access log, catalogue and texts add: {statistics.median(times['api'].wall) - bare50:.2f} ms")


def _ask_on(ask: Callable[[list[str]], object], asked: list[list[str]], ending: threading.Event) -> None:
    while not ending.is_set():
        for words in asked:
            if not ending.is_set():
                ask(words)
                time.sleep(0.005)


def main() -> None:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=1)
    arguments = parser.parse_args()
    vocabulary = Vocabulary(random.Random(1))
    with tempfile.TemporaryDirectory() as scratch:
        home = arguments.folder or Path(scratch) / "archive"
        if not home.is_dir():
            began = time.perf_counter()
            fill(home, arguments.documents, vocabulary)
            print(f"{arguments.documents:,} documents archived in {time.perf_counter() - began:.0f} s")
        groups = tuple(f"g{n}" for n in range(8))
        token = make_key(home, f"bench-{random.getrandbits(32):x}", groups=groups, scopes="search")
        with serving_process(home, api_rate="1000000/second") as server:
            port = urlsplit(server.url).port or 0
            measure(home, vocabulary, arguments.rounds, arguments.clients, port, token)


if __name__ == "__main__":
    main()
