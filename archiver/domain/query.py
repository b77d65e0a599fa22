"""The query language (DESIGN 8): words, "phrases", +must -not, prefix*, field:value, date ranges.

A query is a small tree. Every clause must match (`facture dupont` needs both words); `OR` or `OU` in capitals
separates alternatives and binds less tightly than juxtaposition (`a b OR c` is `(a b) OR c`); `-` takes away.
`+` is accepted for those used to it and changes nothing. `domain.query_parser` makes the tree from text, `printed`
writes it back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

ANYWHERE = ""
"""The field of a word that may stand in the text or in any metadata."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One question.

    Attributes:
        text: the query as typed; "" matches every visible document.
        collections: restrict to these; () searches all that are visible.
        sort: "relevance", "newest" or "oldest" (by the document's own date, ties by id; oldest is newest backwards).
    """

    text: str
    collections: tuple[str, ...] = ()
    limit: int = 10
    cursor: str | None = None
    facets: bool = True
    sort: str = "relevance"


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every visible document."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word, in any of its inflected forms; for an exact field (class, kind ...), its whole value."""

    text: str
    field: str = ANYWHERE


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words next to each other, in this order and these forms (case and accents apart)."""

    text: str
    field: str = ANYWHERE


@dataclass(frozen=True, slots=True)
class Prefix:
    """Words that begin with `text`."""

    text: str
    field: str = ANYWHERE


@dataclass(frozen=True, slots=True)
class Between:
    """The document's own date lies between two days, both included; None leaves that side open."""

    low: date | None
    high: date | None


@dataclass(frozen=True, slots=True)
class Not:
    """What `node` does not match."""

    node: Node


@dataclass(frozen=True, slots=True)
class All:
    """What every node matches; at least two."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """What at least one node matches; at least two."""

    nodes: tuple[Node, ...]


Leaf = Everything | Word | Phrase | Prefix | Between
Node = Leaf | Not | All | Any

_SPECIAL = re.compile(r'([\\"()*:+\-«»“”„])')
_OPERATORS = frozenset({"OR", "OU", "AND", "ET", "NOT", "SAUF"})


def printed(node: Node) -> str:
    """The query as text that parses to the same tree."""
    match node:
        case All(nodes):
            return " ".join(_grouped(child, (All, Any)) for child in nodes)
        case Any(nodes):
            return " OR ".join(_grouped(child, (Any,)) for child in nodes)
        case Not(child):
            return "-" + _grouped(child, (All, Any, Not))
        case _:
            return _leaf(node)


def _grouped(node: Node, kinds: tuple[type, ...]) -> str:
    return f"({printed(node)})" if isinstance(node, kinds) else printed(node)


def _leaf(node: Leaf) -> str:
    match node:
        case Everything():
            return "*"
        case Between(low, high):
            return f"date:{low.isoformat() if low else ''}..{high.isoformat() if high else ''}"
        case Word(text, name):
            return _named(name, f"\\{text}" if text in _OPERATORS else _escaped(text))
        case Prefix(text, name):
            return _named(name, _escaped(text) + "*")
        case Phrase(text, name):
            return _named(name, '"' + re.sub(r'(["\\])', r"\\\1", text) + '"')


def _escaped(text: str) -> str:
    escaped = _SPECIAL.sub(r"\\\1", text)
    return re.sub(r"(\s)", r"\\\1", escaped)


def _named(name: str, value: str) -> str:
    return f"{name}:{value}" if name else value


def leaves(node: Node) -> list[Leaf]:
    """The leaves that count for a match, left to right; what is under a `Not` is left out."""
    match node:
        case All(nodes) | Any(nodes):
            return [leaf for child in nodes for leaf in leaves(child)]
        case Not():
            return []
        case _:
            return [node]
