"""Conditions as Elasticsearch's queries. Nothing of what a user wrote reaches the server but as a term."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from archiver.adapters.index import conditions as c
from archiver.adapters.index.compiler import Compiled
from archiver.adapters.index.elastic_layout import (
    BODY_FORMS,
    DENIES,
    FIELD_FORMS,
    FIELDS,
    GRANTS,
    HEAD_FORMS,
    HIDDEN,
    ID,
    ORDER,
    REMOVED,
    STATE,
    TAGS,
)  # fmt: skip
from archiver.adapters.index.elastic_words import beginnings, bounded, named
from archiver.adapters.index.entry_values import is_text
from archiver.domain.access import Scope

Query: TypeAlias = dict[str, Any]

_FORMS = {c.BODY: BODY_FORMS, c.HEAD: HEAD_FORMS}
_NOTHING: Query = {"match_none": {}}


def query(condition: c.Condition) -> Query:
    """The query that meets exactly what meets the condition. Only for a place where no scores are made."""
    match condition:
        case c.Anything():
            return {"match_all": {}}
        case c.Nothing():
            return _NOTHING
        case c.AllOf(conditions):
            return {"bool": {"filter": [query(one) for one in conditions]}}
        case c.AnyOf(conditions):
            return _union([query(one) for one in conditions])
        case c.Without(wanted, unwanted):
            return {"bool": {"filter": [query(wanted)], "must_not": [query(one) for one in unwanted]}}
        case _:
            return _leaf(condition)


def _leaf(condition: c.Condition) -> Query:
    match condition:
        case c.Exactly(place, word):
            return _term(_column(place), _token(place, word))
        case c.Inflected(place, word):
            return _inflected(place, word)
        case c.InARow(place, words):
            return {"match_phrase": {_column(place): " ".join(_token(place, word) for word in words)}}
        case c.Beginning(place, text):
            return _prefix(_column(place), _token(place, text))
        case c.Tagged(tag, beginning):
            return _prefix(TAGS, tag) if beginning else _term(TAGS, bounded(tag))
        case c.Identified(document_id, beginning):
            return _prefix(ID, document_id) if beginning else _term(ID, document_id)
        case c.KeyBetween(first, last):
            return {"range": {ORDER: {"gte": first, "lte": last}}}
    raise AssertionError(condition)


def _inflected(place: c.Place, word: str) -> Query:
    forms = [_prefix(_forms_column(place), _token(place, beginning)) for beginning in beginnings(word)]
    return _union(forms) if forms else _term(_column(place), _token(place, word))


def ranked(wanted: Compiled) -> Query:
    """The ladder: a document's score is that of its best rung. What is no match at all is for the filter beside it."""
    rungs = [_rung(score, condition, wanted.base) for score, condition in wanted.rungs]
    return rungs[0] if len(rungs) == 1 else {"dis_max": {"queries": rungs}}


def _rung(score: float, condition: c.Condition, base: c.Condition) -> Query:
    """Every document asked meets the base, so it need not be asked for it again."""
    if isinstance(condition, c.AllOf) and base in condition.conditions:
        condition = c.all_of([part for part in condition.conditions if part != base])
    return {"constant_score": {"filter": query(c.Anything() if condition == base else condition), "boost": score}}


def visible(scope: Scope) -> Query:
    """The access filter: the only place where a scope becomes a condition of a query. Everything else is nested beside it.

    A scope without groups is never to reach the engine; should it, it matches nothing.
    """
    hidden = {"terms": {HIDDEN: [REMOVED, STATE]}}
    if scope.everything:
        return {"bool": {"must_not": [hidden]}}
    groups = sorted(bounded(group) for group in scope.groups if is_text(group))
    if not groups:
        return _NOTHING
    return {"bool": {"filter": [{"terms": {GRANTS: groups}}], "must_not": [{"terms": {DENIES: groups}}, hidden]}}


def _column(place: c.Place) -> str:
    return FIELDS if place.metadata else place.name


def _forms_column(place: c.Place) -> str:
    return FIELD_FORMS if place.metadata else _FORMS[place.name]


def _token(place: c.Place, word: str) -> str:
    return named(place.name, word) if place.metadata else word


def _term(field: str, value: str) -> Query:
    return {"term": {field: value}}


def _prefix(field: str, value: str) -> Query:
    return {"prefix": {field: value}}


def _union(queries: Sequence[Query]) -> Query:
    return queries[0] if len(queries) == 1 else {"bool": {"should": list(queries), "minimum_should_match": 1}}
