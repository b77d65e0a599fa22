"""B8: search on Elasticsearch: access filter, order, total, facets and fragments against the server's own bare query.

    MINUTIER_BENCH_INDEX_URL=https://USER:PASSWORD@HOST:PORT/PREFIX python -m benchmarks.b8_elastic_search
        [--documents 100000] [--clients 8] [--rounds 5] [--keep]

The documents and questions of B4 on a real server. Each client is a process of its own and asks all questions, each way in
turn: the whole answer with two marked fragments of ten stored texts, and the same words as a plain query with the server's
own scores, ten hits and the count. Says what a client waits for, and how much of that is the server's own time (`took`).
With --keep the index is kept and used again. The prefix is to be one that nothing else uses: it is deleted at the end.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import statistics
import time
from collections.abc import Callable
from itertools import islice

from archiver.adapters.index.analysis import folded_words
from archiver.adapters.index.answers import parsed
from archiver.adapters.index.elastic import ElasticsearchIndex
from archiver.adapters.index.elastic_address import address_of
from archiver.adapters.index.elastic_answers import Question
from archiver.domain.access import Scope
from archiver.domain.query import SearchRequest
from benchmarks.b4_search import Vocabulary, entries, quantiles, questions

_SCOPE = Scope(frozenset(f"g{n}" for n in range(8)))
_OWNER = Scope(frozenset(), everything=True)
_WORDS_A_TEXT = 310

Timed = tuple[float, float]
"""Milliseconds a client waited, and those the server says it worked."""


def fill(index: ElasticsearchIndex, count: int, vocabulary: Vocabulary) -> None:
    """Index the documents as an import does; prints what it cost without making them."""
    stream, made, size, spent, waited = entries(count, vocabulary, random.Random(2)), 0, 0, 0.0, 0.0
    before = _server_cpu(index)
    index.add([])
    index.commit(0)
    index.begin_bulk()
    while batch := list(islice(stream, 1000)):
        made, size = made + len(batch), size + sum(len(one.text.encode()) for one in batch)
        cpu, wall = time.process_time(), time.perf_counter()
        index.add(batch)
        spent, waited = spent + time.process_time() - cpu, waited + time.perf_counter() - wall
    index.end_bulk()
    index.commit(made)
    server = (_server_cpu(index) - before) / made
    print(f"indexing: {made} documents of {size / made:.0f} bytes, {made / waited:.0f}/s, CPU ms each: "
          f"{spent / made * 1e3:.2f} here, {server:.2f} in the server")  # fmt: skip


def _server_cpu(index: ElasticsearchIndex) -> int:
    """Milliseconds of CPU the server has used so far."""
    nodes = index.client.nodes.stats(metric="process").body["nodes"]
    return sum(int(node["process"]["cpu"]["total_in_millis"]) for node in nodes.values())


def ours(index: ElasticsearchIndex, url: str, texts: list[str], scope: Scope) -> Callable[[list[str]], int]:
    """The whole answer; returns the server's own time."""
    address = address_of(url)

    def ask(words: list[str]) -> int:
        request = SearchRequest(" ".join(words))
        question = Question(address, request, scope)
        answer = index.client.msearch(searches=question.searches(parsed(request.text))).body
        page = question.page(answer)
        for place in range(len(page.hits)):
            index.highlight(request, texts[place])
        return int(answer["took"])

    return ask


def bare(index: ElasticsearchIndex, url: str) -> Callable[[list[str]], int]:
    """The server's own query: same words, all required, its own scores, ten hits and the count."""
    alias = address_of(url).read

    def ask(words: list[str]) -> int:
        wanted = {"match": {"body": {"query": " ".join(folded_words(" ".join(words))), "operator": "and"}}}
        found = index.client.search(index=alias, query=wanted, size=10, track_total_hits=True, source=False)
        return int(found.body["took"])

    return ask


def client(url: str, rounds: int, seed: int, ready: object, results: object) -> None:
    """One client: every question, each way in turn; the first round warms up and is not counted."""
    index, draw, vocabulary = ElasticsearchIndex(url, writable=False), random.Random(seed), Vocabulary(random.Random(1))
    texts = [vocabulary.text(draw, _WORDS_A_TEXT) for _ in range(10)]
    ways = {"bare": bare(index, url), "one of 25": ours(index, url, texts, _SCOPE), "owner": ours(index, url, texts, _OWNER)}
    times: dict[str, list[Timed]] = {name: [] for name in ways}
    asked = questions(vocabulary)
    ready.wait()  # type: ignore[attr-defined]
    for turn in range(rounds + 1):
        draw.shuffle(asked)
        for words in asked:
            for name, ask in ways.items():
                started = time.perf_counter()
                took = ask(words)
                if turn:
                    times[name].append(((time.perf_counter() - started) * 1e3, took))
    index.close()
    results.put(times)  # type: ignore[attr-defined]


def measure(url: str, clients: int, rounds: int) -> None:
    """All clients at once; prints the quantiles of each way."""
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(clients), context.Queue()
    children = [context.Process(target=client, args=(url, rounds, seed, ready, results)) for seed in range(clients)]
    for child in children:
        child.start()
    gathered = [results.get(timeout=600) for _ in children]
    for child in children:
        child.join()
    times = {name: [timed for one in gathered for timed in one[name]] for name in gathered[0]}
    bare50, bare95 = quantiles([waited for waited, _ in times["bare"]])
    for name, found in times.items():
        (p50, p95), (took50, took95) = (quantiles([timed[place] for timed in found]) for place in (0, 1))
        share = statistics.fmean(took for _, took in found) / statistics.fmean(waited for waited, _ in found)
        print(f"{clients} clients, {name:10} p50 {p50:.1f} p95 {p95:.1f} ms; server's own p50 {took50:.0f} p95 {took95:.0f} ms, "
              f"{share:.0%} of the wait; ÷ bare {p50 / bare50:.2f} {p95 / bare95:.2f}")  # fmt: skip


def main() -> None:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    url = os.environ["MINUTIER_BENCH_INDEX_URL"]
    index = ElasticsearchIndex(url, writable=True)
    if index.sequence() != arguments.documents:
        index.discard()
        fill(index, arguments.documents, Vocabulary(random.Random(1)))
    for clients in sorted({1, arguments.clients}):
        measure(url, clients, arguments.rounds)
    if not arguments.keep:
        index.discard()
    index.close()


if __name__ == "__main__":
    main()
