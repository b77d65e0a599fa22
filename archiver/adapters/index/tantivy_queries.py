"""Conditions as Tantivy's queries."""

from __future__ import annotations

import tantivy

from archiver.adapters.index import conditions as c
from archiver.adapters.index.inflections import Inflections
from archiver.adapters.index.layout import FIELDS, ID, ORDER, TAGS

_Occur, _Query = tantivy.Occur, tantivy.Query


class TantivyQueries:
    """Writes conditions as queries, with the words of one state of the index."""

    def __init__(self, schema: tantivy.Schema, inflections: Inflections) -> None:
        self._schema = schema
        self._inflections = inflections

    def query(self, condition: c.Condition) -> tantivy.Query:
        """The query that meets exactly what meets the condition."""
        match condition:
            case c.Anything():
                return _Query.all_query()
            case c.Nothing():
                return _Query.empty_query()
            case c.AllOf(conditions):
                return _Query.boolean_query([(_Occur.Must, self.query(one)) for one in conditions])
            case c.AnyOf(conditions):
                return _union([self.query(one) for one in conditions])
            case c.Without(wanted, unwanted):
                parts = [(_Occur.MustNot, self.query(one)) for one in unwanted]
                return _Query.boolean_query([(_Occur.Must, self.query(wanted)), *parts])
            case _:
                return self._leaf(condition)

    def _leaf(self, condition: c.Condition) -> tantivy.Query:
        match condition:
            case c.Exactly(place, word):
                return self._term(_column(place), word)
            case c.Inflected(place, word):
                return _union([self._term(_column(place), form) for form in self._inflections.of(word)])
            case c.InARow(place, words):
                return _Query.phrase_query(self._schema, _column(place), list(words))
            case c.Beginning(place, text):
                return self._beginning(_column(place), text)
            case c.Tagged(tag, beginning):
                return self._beginning(TAGS, tag) if beginning else self._term(TAGS, tag)
            case c.Identified(document_id, beginning):
                return self._beginning(ID, document_id) if beginning else self._term(ID, document_id)
            case c.KeyBetween(first, last):
                return self.order_between(first, last)
        raise AssertionError(condition)

    def order_between(self, first: int, last: int) -> tantivy.Query:
        """Documents whose sort key lies between the two, both included."""
        return _Query.range_query(self._schema, ORDER, tantivy.FieldType.Integer, first, last, True, True)

    def _beginning(self, field: str, text: str) -> tantivy.Query:
        return _Query.fuzzy_term_query(self._schema, field, text, distance=0, prefix=True)

    def _term(self, field: str, term: str) -> tantivy.Query:
        return _Query.term_query(self._schema, field, term, "basic")


def _column(place: c.Place) -> str:
    return f"{FIELDS}.{place.name}" if place.metadata else place.name


def _union(queries: list[tantivy.Query]) -> tantivy.Query:
    return queries[0] if len(queries) == 1 else _Query.boolean_query([(_Occur.Should, query) for query in queries])
