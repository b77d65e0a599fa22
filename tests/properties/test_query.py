"""Any text gives a tree or a usage error; a tree written out parses to itself."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.query import All, Any, Between, Everything, Node, Not, Phrase, Prefix, Word, printed
from archiver.domain.query_parser import parse
from archiver.errors import UsageError

_SYNTAX = st.lists(
    st.sampled_from(['"', "(", ")", "+", "-", "*", ":", "\\", " ", "a", "été", "OR", "ET", "NOT", "title", "date", "kind",
                     "2024", "..", ">=", "«", "»", "”", "\udc80", "\x00", "東", "meta.", "'"]),
    max_size=40,
).map("".join)  # fmt: skip
_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)
_WORDS = _TEXT.filter(lambda text: any(char.isalnum() for char in text))
_FIELDS = st.sampled_from(["", "title", "author", "meta.x", "path"])
_DAYS = st.tuples(st.none() | st.dates(), st.none() | st.dates()).filter(any)


def _between(days: tuple[date | None, date | None]) -> Between:
    low, high = days
    return Between(*sorted((low, high))) if low and high else Between(low, high)


_LEAVES = (
    st.just(Everything())
    | st.builds(Word, _WORDS, _FIELDS)
    | st.builds(Word, st.text(min_size=1, max_size=9), st.just("class"))
    | st.builds(Phrase, _WORDS, _FIELDS)
    | st.builds(Prefix, _WORDS.map(lambda text: "abc" + text), _FIELDS)
    | _DAYS.map(_between)
)


def _flat(kind: type[All] | type[Any], nodes: list[Node]) -> Node:
    return kind(tuple(inner for node in nodes for inner in (node.nodes if isinstance(node, kind) else (node,))))


_TREES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(lambda nodes: _flat(All, nodes))
        | st.lists(inner, min_size=2, max_size=3).map(lambda nodes: _flat(Any, nodes))
        | inner.map(lambda node: node.node if isinstance(node, Not) else Not(node))
    ),
    max_leaves=8,
)


@given(_SYNTAX | _TEXT)
def test_any_text_gives_a_tree_or_a_usage_error(text: str) -> None:
    try:
        tree = parse(text)
    except UsageError:
        return
    assert parse(printed(tree)) == tree


@given(_TREES)
def test_written_out_and_read_back(tree: Node) -> None:
    assert parse(printed(tree)) == tree
