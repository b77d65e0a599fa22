"""Elasticsearch and the embedded index give the same answers: random documents, random questions, the real server."""

from __future__ import annotations

import dataclasses
import itertools
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.adapters.index.analysis import TOO_LONG, folded_words, placed_words
from archiver.adapters.index.elastic import ElasticsearchIndex
from archiver.adapters.index.embedded import TantivyIndex
from archiver.domain.access import Scope
from archiver.domain.query import SearchRequest
from archiver.ports.index import Index, IndexEntry, IndexPage
from tests.support.elastic_indices import elastic_indices
from tests.support.index_entries import EVERYTHING, entry

_LONG = "x" * 130
_WORDS = tuple(
    "facture factures facturé facturée FACTURATION facturer bail baux bailler été étés l'été d’été loyer loyers louer "
    "resilie résilié résilier résiliation payer paie paiement payment payments company companies invoice invoiced invoices "
    "œuvre oeuvres cœur coeur final ﬁnal e-mail 2024-01-01 12.5 n°12 東京都 naïve Ünïcode straße ß æther anticonstitutionnellement "
    "maison maisons general généraux chevaux cheval yeux oeil université universal university a le la de et y ys ies "
    f"{_LONG} mot\u00adcoupé zéro\u200blargeur \udce9trange".split()
)
_GROUPS = ("a", "b", "c", "A", "é")
_NAMES = ("title", "subject", "from", "dc:rights", "Mon champ", "path")

_words = st.sampled_from(_WORDS)
_texts = st.lists(_words, max_size=9).map(" ".join)
_few = st.lists(_words, max_size=3).map(" ".join)
_entries = st.lists(
    st.builds(
        lambda text, title, author, path, grants, denies, second, day, outcome, kind, fields, language: dataclasses.replace(
            entry(1, text), title=title, author=author, path=f"/{path}/{title}.pdf", grants=tuple(grants), denies=tuple(denies),
            collection="second" if second else "first", day=date(2020, 1, 1) + timedelta(days=day), outcome=outcome, kind=kind,
            fields=fields, language=language, partition="2031" if second else "open",
        ),
        _texts, _few, _few, _few, st.sets(st.sampled_from(_GROUPS), max_size=3), st.sets(st.sampled_from(_GROUPS), max_size=1),
        st.booleans(), st.sampled_from([0, 1, 400]), st.sampled_from(["complete", "partial"]), st.sampled_from(["pdf", "mail"]),
        st.dictionaries(st.sampled_from(_NAMES), st.lists(_few, max_size=2), max_size=2), st.sampled_from(["fr", "en", ""]),
    ),
    min_size=1, max_size=12,
)  # fmt: skip

_leaf = st.one_of(
    _words,
    st.lists(_words, min_size=1, max_size=3).map(lambda words: '"' + " ".join(words) + '"'),
    _words.filter(lambda word: len(word) > 4 and word.isalpha()).map(lambda word: word[:4] + "*"),
    st.builds(lambda name, word: f"{name}:{word}", st.sampled_from(["title", "subject", "name", "path", "author", "meta.dc_rights",
                                                                     "from"]), _words.filter(str.isalnum)),
    st.sampled_from(["kind:mail", "outcome:partial", "year:2020", "date:<2020-01-02", "language:fr", "lang:e*", "*", "class:fr*",
                     "title:fac*", 'title:"facture bail"', "meta.mon_champ:loyer", "id:0*", "batch:b1"]),
)  # fmt: skip
_queries = st.recursive(
    _leaf,
    lambda some: st.one_of(
        st.lists(some, min_size=2, max_size=3).map(lambda parts: "(" + " ".join(parts) + ")"),
        st.lists(some, min_size=2, max_size=3).map(lambda parts: "(" + " OR ".join(parts) + ")"),
        some.map(lambda part: f"-({part})"),
    ),
    max_leaves=5,
)
_scopes = st.one_of(st.just(EVERYTHING), st.sets(st.sampled_from(_GROUPS), min_size=1).map(lambda g: Scope(frozenset(g))))


@pytest.fixture(scope="module")
def elastic() -> Iterator[ElasticsearchIndex]:
    with elastic_indices().fresh() as url:
        index = ElasticsearchIndex(url, writable=True)
        yield index
        index.close()


_example = itertools.count()


def _placed(entries: list[IndexEntry], number: int) -> list[IndexEntry]:
    """The entries in collections of their own, under ids of their own."""
    return [
        dataclasses.replace(one, document_id=str(uuid.uuid5(uuid.UUID(int=number), str(place))), collection=f"{one.collection}{number}")
        for place, one in enumerate(entries)
    ]  # fmt: skip


def _answers(index: Index, request: SearchRequest, scope: Scope) -> list[IndexPage]:
    pages = [index.search(request, scope)]
    while (cursor := pages[-1].next_cursor) is not None:
        pages.append(index.search(dataclasses.replace(request, cursor=cursor), scope))
    return pages


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(_entries, st.lists(_queries, min_size=4, max_size=10), _scopes, st.sampled_from(["relevance", "newest", "oldest"]))
def test_both_give_the_same_pages(
    elastic: ElasticsearchIndex, entries: list[IndexEntry], queries: list[str], scope: Scope, sort: str
) -> None:
    number = next(_example)
    placed = _placed(entries, number)
    with TemporaryDirectory() as folder:
        embedded = TantivyIndex(Path(folder), writable=True)
        for index in (embedded, elastic):
            index.add(placed)
            index.commit(number + 1)
        for text in queries:
            request = SearchRequest(text, collections=(f"first{number}", f"second{number}"), limit=3, sort=sort)
            assert _answers(elastic, request, scope) == _answers(embedded, request, scope), text
            for one in placed[:3]:
                assert elastic.highlight(request, one.text) == embedded.highlight(request, one.text)
        embedded.close()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=40), _words, st.text("é\u0130ß", max_size=200)), max_size=12).map(" ".join))
def test_words_with_places_are_the_folded_words(text: str) -> None:
    assert [word for word in placed_words(text) if word != TOO_LONG] == folded_words(text)


def test_a_word_left_out_keeps_its_place(elastic: ElasticsearchIndex, tmp_path: Path) -> None:
    embedded = TantivyIndex(tmp_path, writable=True)
    one = dataclasses.replace(entry(77, f"avant {_LONG} après fin"), collection="places")
    for index in (embedded, elastic):
        index.add([one])
        index.commit(10**6)
        found = {
            text: index.search(SearchRequest(text, collections=("places",)), EVERYTHING).total
            for text in ('"avant après"', '"après fin"', "avant après")
        }
        assert found == {'"avant après"': 0, '"après fin"': 1, "avant après": 1}
    embedded.close()


def test_every_word_finds_the_same_forms(elastic: ElasticsearchIndex, tmp_path: Path) -> None:
    """Among them words with a common stem that the dictionary does not look for: `payer` does not find `paie`."""
    embedded = TantivyIndex(tmp_path, writable=True)
    ours = [dataclasses.replace(entry(1000 + n, word), collection="forms") for n, word in enumerate(_WORDS)]
    for index in (embedded, elastic):
        index.add(ours)
        index.commit(10**6 + 1)
    for word in _WORDS:
        request = SearchRequest(f'"{word}" OR {word.replace("-", " ")}' if word.isascii() else word, ("forms",), limit=100)
        assert elastic.search(request, EVERYTHING) == embedded.search(request, EVERYTHING), word
    embedded.close()
