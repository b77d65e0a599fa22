"""The access filter inside Tantivy: the only place where a scope becomes a condition of a query."""

from __future__ import annotations

import tantivy

from archiver.adapters.index.entry_values import is_text
from archiver.adapters.index.layout import DENIES, GRANTS
from archiver.domain.access import Scope

_Occur, _Query = tantivy.Occur, tantivy.Query


def visible(schema: tantivy.Schema, scope: Scope, query: tantivy.Query) -> tantivy.Query:
    """`query` inside `scope`: one grant at least, no denial. Whatever a user asks for is nested under it.

    A scope without groups is never to reach the engine; should it, it matches nothing.
    """
    if scope.everything:
        return query
    granted = _any_of(schema, GRANTS, scope.groups)
    denied = _any_of(schema, DENIES, scope.groups)
    return _Query.boolean_query([(_Occur.Must, query), (_Occur.Must, granted), (_Occur.MustNot, denied)])


def _any_of(schema: tantivy.Schema, field: str, groups: frozenset[str]) -> tantivy.Query:
    terms = [(_Occur.Should, _Query.term_query(schema, field, group, "basic")) for group in sorted(groups) if is_text(group)]
    if not terms:
        return _Query.empty_query()
    return _Query.const_score_query(_Query.boolean_query(terms), 0.0)
