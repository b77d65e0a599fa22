"""From a query tree to what the engine runs: which documents match, and in which order of merit.

Merit is a ladder of conditions, best first; a document stands on the first rung it meets. No rung depends on how often
or how rarely a word occurs in other documents, so nobody's order reveals what others may read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import tantivy

from archiver.adapters.index.analysis import folded_words, without_elision
from archiver.adapters.index.inflections import Inflections
from archiver.adapters.index.layout import BODY, FIELDS, HEAD, ID, ORDER, TAGS, field_name, key_range, tag
from archiver.domain.query import ANYWHERE, All, Any, Between, Everything, Leaf, Node, Not, Phrase, Prefix, Word, leaves
from archiver.domain.query_fields import METADATA_PREFIX, Comparison, comparison

_Occur, _Query = tantivy.Occur, tantivy.Query
_LONGEST_PREFIX = 64


class Reach(Enum):
    """Where and in which form the free words of a query must be found."""

    TITLE = "title"
    HEAD = "head"
    EXACT = "exact"
    INFLECTED = "inflected"


@dataclass(frozen=True, slots=True)
class Compiled:
    """`base` is what matches; `rungs` are (score, condition), best first, the last one being `base` itself."""

    base: tantivy.Query
    rungs: tuple[tuple[float, tantivy.Query], ...]


class Compiler:
    """Makes engine queries of trees, with the words of one state of the index."""

    def __init__(self, schema: tantivy.Schema, inflections: Inflections) -> None:
        self._schema = schema
        self._inflections = inflections

    def compile(self, node: Node) -> Compiled:
        """The tree's matches and its ladder. A query without free words has one rung."""
        base = self._node(node, Reach.INFLECTED)
        free = [leaf for leaf in leaves(node) if isinstance(leaf, Word | Phrase | Prefix) and leaf.field == ANYWHERE]
        if not free:
            return Compiled(base, ((1.0, base),))
        some_in_head = _union([self._leaf(leaf, Reach.HEAD) for leaf in free]) if len(free) > 1 else None
        rungs = (
            (6.0, self._node(node, Reach.TITLE)),
            (5.0, self._node(node, Reach.HEAD)),
            (4.0, self._adjacent(node, base)),
            (3.0, _intersection([base, some_in_head]) if some_in_head else None),
            (2.0, self._node(node, Reach.EXACT)),
            (1.0, base),
        )
        return Compiled(base, tuple((score, query) for score, query in rungs if query is not None))

    def _node(self, node: Node, reach: Reach) -> tantivy.Query:
        match node:
            case All(nodes):
                return self._all(nodes, reach)
            case Any(nodes):
                return _union([self._node(child, reach) for child in nodes])
            case Not(child):
                return _without(_Query.all_query(), [self._node(child, Reach.INFLECTED)])
            case _:
                return self._leaf(node, reach)

    def _all(self, nodes: tuple[Node, ...], reach: Reach) -> tantivy.Query:
        wanted = [self._node(child, reach) for child in nodes if not isinstance(child, Not)]
        unwanted = [self._node(child.node, Reach.INFLECTED) for child in nodes if isinstance(child, Not)]
        return _without(_intersection(wanted or [_Query.all_query()]), unwanted)

    def _leaf(self, leaf: Leaf, reach: Reach) -> tantivy.Query:
        match leaf:
            case Everything():
                return _Query.all_query()
            case Between(low, high):
                first, last = key_range(low, high)
                return self.order_between(first, last)
            case Word(text, name) | Phrase(text, name) if comparison(name) is Comparison.WHOLE:
                return self._whole(name, text)
            case Prefix(text, name) if comparison(name) is Comparison.WHOLE:
                return self._beginning(*((ID, text) if name == "id" else (TAGS, tag(name, text))))
            case Prefix(text, name):
                return self._prefix(_places(name, reach), folded_words(without_elision(text)))
            case Phrase(text, name):
                return _union([self._sequence(place, folded_words(text)) for place in _places(name, reach)])
            case Word(text, name):
                return self._word(_places(name, reach), folded_words(without_elision(text)), reach)

    def order_between(self, first: int, last: int) -> tantivy.Query:
        """Documents whose sort key lies between the two, both included."""
        return _Query.range_query(self._schema, ORDER, tantivy.FieldType.Integer, first, last, True, True)

    def _whole(self, name: str, value: str) -> tantivy.Query:
        return self._term(ID, value) if name == "id" else self._term(TAGS, tag(name, value))

    def _word(self, places: list[str], words: list[str], reach: Reach) -> tantivy.Query:
        """A word of several parts (`e-mail`, `東京`) is a phrase."""
        if len(words) != 1:
            return _union([self._sequence(place, words) for place in places])
        forms = (words[0],) if reach is Reach.EXACT else self._inflections.of(words[0])
        return _union([self._term(place, form) for place in places for form in forms])

    def _prefix(self, places: list[str], words: list[str]) -> tantivy.Query:
        if not words:
            return _Query.empty_query()
        last = _union([self._beginning(place, words[-1]) for place in places])
        return _intersection([last, *(_union([self._term(place, word) for place in places]) for word in words[:-1])])

    def _beginning(self, field: str, text: str) -> tantivy.Query:
        if not text or len(text) > _LONGEST_PREFIX:
            return _Query.empty_query()
        return _Query.fuzzy_term_query(self._schema, field, _text(text), distance=0, prefix=True)

    def _sequence(self, field: str, words: list[str]) -> tantivy.Query:
        if not words:
            return _Query.empty_query()
        return self._term(field, words[0]) if len(words) == 1 else _Query.phrase_query(self._schema, field, list(words))

    def _term(self, field: str, term: str) -> tantivy.Query:
        return _Query.term_query(self._schema, field, _text(term), "basic")

    def _adjacent(self, node: Node, base: tantivy.Query) -> tantivy.Query | None:
        """The words of the query side by side in the text, where the query is just several words."""
        words = node.nodes if isinstance(node, All) else ()
        plain = [child for child in words if isinstance(child, Word) and child.field == ANYWHERE]
        if len(plain) < 2:
            return None
        together = self._sequence(BODY, [part for word in plain for part in folded_words(word.text)])
        return together if len(plain) == len(words) else _intersection([base, together])


def _places(name: str, reach: Reach) -> list[str]:
    if name != ANYWHERE:
        return [f"{FIELDS}.{field_name(name.removeprefix(METADATA_PREFIX))}"]
    return [{Reach.TITLE: f"{FIELDS}.title", Reach.HEAD: HEAD}.get(reach, BODY)]


def _text(term: str) -> str:
    return term if term.isascii() else term.encode("utf-8", "replace").decode("utf-8")


def _union(queries: list[tantivy.Query]) -> tantivy.Query:
    if len(queries) < 2:
        return queries[0] if queries else _Query.empty_query()
    return _Query.boolean_query([(_Occur.Should, query) for query in queries])


def _intersection(queries: list[tantivy.Query]) -> tantivy.Query:
    return queries[0] if len(queries) == 1 else _Query.boolean_query([(_Occur.Must, query) for query in queries])


def _without(query: tantivy.Query, unwanted: list[tantivy.Query]) -> tantivy.Query:
    if not unwanted:
        return query
    return _Query.boolean_query([(_Occur.Must, query), *((_Occur.MustNot, one) for one in unwanted)])
