"""B4: what access filter, facets, exact order and snippets cost on top of the engine's own bare query.

    python -m benchmarks.b4_search [--documents 100000] [--folder DIR] [--rounds 5]

Texts are drawn from a Zipf-like vocabulary of French and English stems, about 4 KB each; documents are granted to one to
three of 200 groups, the user is in eight. Each query is run through the program and as the engine's plain query for the
same words over the same partition, in turn, in one run; a figure is the median over the rounds. Also says what indexing
cost. With --folder the index is kept and used again.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate, islice, pairwise, product
from pathlib import Path

from archiver.adapters.index.embedded import TantivyIndex
from archiver.adapters.index.engine import open_for_reading
from archiver.adapters.index.state import load
from archiver.domain.access import Scope
from archiver.domain.identifiers import document_id
from archiver.domain.query import SearchRequest
from archiver.ports.index import IndexEntry

_STEMS = ("factur", "contrat", "bail", "loy", "paiement", "société", "client", "command", "livr", "résili", "déclar", "invoice",
          "payment", "company", "supplier", "deliver", "notic", "lease", "servic", "agreement")  # fmt: skip
_MIDDLES = ("", "a", "é", "i", "o", "ab", "er", "ion", "oc", "um", "at", "is", "ol", "en", "ar", "ut", "il", "os", "em", "ir")
_STARTS = (
    "",
    "re",
    "dé",
    "pré",
    "sur",
    "con",
    "inter",
    "mé",
    "co",
    "pro",
    "ex",
    "im",
    "trans",
    "sub",
    "anti",
    "para",
    "bi",
    "tri",
    "mono",
    "poly",
)
_ENDS = ("", "s", "e", "es", "er", "ing", "é", "ation")
_WORDS_A_TEXT = 310
_GROUPS = 200
_SCOPE = Scope(frozenset(f"g{n}" for n in range(8)))
_RANKS = (3, 20, 100, 500, 2_000, 10_000)


class Vocabulary:
    """Words with the frequencies of a language: the n-th is drawn in proportion to 1/(n+2)."""

    def __init__(self, draw: random.Random) -> None:
        self.words = ["".join(parts) for parts in product(_STARTS, _STEMS, _MIDDLES, _ENDS)]
        draw.shuffle(self.words)
        self._weights = list(accumulate(1 / (place + 2) for place in range(len(self.words))))

    def text(self, draw: random.Random, words: int) -> str:
        """`words` words in a row."""
        return " ".join(draw.choices(self.words, cum_weights=self._weights, k=words))


def entries(count: int, vocabulary: Vocabulary, draw: random.Random) -> Iterator[IndexEntry]:
    """Documents of one collection, in a partition of unknown expiry."""
    for number in range(count):
        yield IndexEntry(
            document_id=document_id(b"k" * 32, "all", str(number), ""),
            version=number + 1,
            collection="all",
            partition="open",
            retention_class=f"C{min(9, int(draw.expovariate(0.5)))}",
            batch="b",
            grants=tuple(f"g{draw.randrange(_GROUPS)}" for _ in range(draw.randint(1, 3))),
            denies=(f"g{draw.randrange(_GROUPS)}",) if draw.random() < 0.05 else (),
            title=vocabulary.text(draw, 5),
            author="Jean Dupont",
            text=vocabulary.text(draw, _WORDS_A_TEXT),
            path=f"/in/{number % 997}/document_{number}.pdf",
            kind=draw.choice(("pdf", "word", "mail", "sheet", "image")),
            media_type="application/pdf",
            language=draw.choice(("fr", "en")),
            outcome=draw.choices(("complete", "partial", "corrupt"), (95, 3, 2))[0],
            day=date(2015, 1, 1) + timedelta(days=draw.randrange(3650)),
            size=4000,
        )


def fill(folder: Path, count: int, vocabulary: Vocabulary) -> None:
    """Index the documents in commits of 10,000; prints what it cost without making them."""
    index, draw, made = TantivyIndex(folder, writable=True), random.Random(2), 0
    spent = waited = size = 0.0
    stream = entries(count, vocabulary, draw)
    while batch := list(islice(stream, 1000)):
        size += sum(len(one.text.encode()) for one in batch)
        made += len(batch)
        cpu, wall = time.process_time(), time.perf_counter()
        index.add(batch)
        if made % 10_000 == 0 or made == count:
            index.commit(made)
        spent, waited = spent + time.process_time() - cpu, waited + time.perf_counter() - wall
    cpu, wall = time.process_time(), time.perf_counter()
    index.close()
    spent, waited = spent + time.process_time() - cpu, waited + time.perf_counter() - wall
    disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"indexing: {made} documents of {size / made:.0f} bytes, {spent / made * 1e3:.2f} CPU ms each, {made / waited:.0f}/s")
    print(f"on disk: {disk / 1e6:.0f} MB, {disk / size:.2f} of the text")


def questions(vocabulary: Vocabulary) -> list[list[str]]:
    """One, two and three words from all parts of the vocabulary."""
    words = [vocabulary.words[rank] for rank in _RANKS]
    return (
        [[word] for word in words]
        + [[a, b] for a, b in pairwise(words)]
        + [[words[0], words[1], words[3]], [words[1], words[2], words[4]]]
    )


def bare(folder: Path) -> Callable[[list[str]], object]:
    """The engine's own query: same words, all required, its own scores, ten hits and the count."""
    index = open_for_reading(folder / load(folder).folders[0][1])
    searcher = index.searcher()

    def ask(words: list[str]) -> object:
        return searcher.search(index.parse_query(" ".join(words), ["body"], conjunction_by_default=True), 10)

    return ask


def ours(index: TantivyIndex, texts: list[str], scope: Scope) -> Callable[[list[str]], object]:
    """The whole answer: filter, order, total, facets, and two marked fragments of ten stored texts."""

    def ask(words: list[str]) -> object:
        request = SearchRequest(" ".join(words))
        page = index.search(request, scope)
        return page, [index.highlight(request, texts[place]) for place in range(len(page.hits))]

    return ask


@dataclass
class Times:
    """Wall and CPU milliseconds of one way of asking."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def run(self, ask: Callable[[list[str]], object], words: list[str]) -> None:
        """Ask once."""
        wall, cpu = time.perf_counter(), time.thread_time()
        ask(words)
        self.wall.append((time.perf_counter() - wall) * 1e3)
        self.cpu.append((time.thread_time() - cpu) * 1e3)


def quantiles(times: list[float]) -> tuple[float, float]:
    """p50 and p95."""
    ordered = sorted(times)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def measure(folder: Path, vocabulary: Vocabulary, rounds: int) -> None:
    """All questions, each way in turn; prints a line a question (CPU) and the quantiles of both."""
    index, draw = TantivyIndex(folder, writable=False), random.Random(5)
    texts = [vocabulary.text(draw, _WORDS_A_TEXT) for _ in range(10)]
    owner = ours(index, texts, Scope(frozenset(), everything=True))
    ways = {"bare": bare(folder), "one of 25": ours(index, texts, _SCOPE), "owner": owner}
    times, first = {name: Times() for name in ways}, Times()
    for words in questions(vocabulary):
        first.run(owner, words)
        for _ in range(rounds):
            for name, ask in ways.items():
                times[name].run(ask, words)
        medians = " ".join(f"{name} {statistics.median(found.cpu[-rounds:]):.2f}" for name, found in times.items())
        print(f"{' '.join(words):45} first {first.cpu[-1]:.2f} {medians} CPU ms")
    for kind in ("wall", "cpu"):
        report(kind, {name: quantiles(getattr(found, kind)) for name, found in times.items()})
    index.close()


def report(kind: str, found: dict[str, tuple[float, float]]) -> None:
    """A line for each way, in ms and against the bare query."""
    bare50, bare95 = found["bare"]
    for name, (p50, p95) in found.items():
        print(f"{kind:4} {name:10} p50 {p50:.2f} p95 {p95:.2f} ms; ÷ bare {p50 / bare50:.2f} {p95 / bare95:.2f}")


def main() -> None:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or Path(scratch) / "index"
        vocabulary = Vocabulary(random.Random(1))
        if load(folder).sequence != arguments.documents:
            fill(folder, arguments.documents, vocabulary)
        measure(folder, vocabulary, arguments.rounds)


if __name__ == "__main__":
    main()
