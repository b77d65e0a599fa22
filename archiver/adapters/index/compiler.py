"""From a query tree to conditions: which documents match, and in which order of merit. The same for every engine.

Merit is a ladder of conditions, best first; a document stands on the first rung it meets. No rung depends on how often
or how rarely a word occurs in other documents, so nobody's order reveals what others may read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from archiver.adapters.index.analysis import encodable, folded_words, without_elision
from archiver.adapters.index.conditions import (
    BODY,
    HEAD,
    Anything,
    Beginning,
    Condition,
    Exactly,
    Identified,
    InARow,
    Inflected,
    KeyBetween,
    Nothing,
    Place,
    Tagged,
    all_of,
    any_of,
    without,
)  # fmt: skip
from archiver.adapters.index.sort_keys import field_name, key_range, tag
from archiver.domain.query import ANYWHERE, All, Any, Between, Everything, Leaf, Node, Not, Phrase, Prefix, Word, leaves
from archiver.domain.query_fields import METADATA_PREFIX, Comparison, comparison

_LONGEST_PREFIX = 64
_NO_INFLECTION = frozenset({"path"})
"""Names of folders are no language: they are compared word by word, in their own form."""


class Reach(Enum):
    """Where and in which form the free words of a query must be found."""

    TITLE = "title"
    HEAD = "head"
    EXACT = "exact"
    INFLECTED = "inflected"


@dataclass(frozen=True, slots=True)
class Compiled:
    """`base` is what matches; `rungs` are (score, condition), best first, the last one being `base` itself."""

    base: Condition
    rungs: tuple[tuple[float, Condition], ...]


def compiled(node: Node) -> Compiled:
    """The tree's matches and its ladder. A query without free words has one rung."""
    base = _node(node, Reach.INFLECTED)
    free = [leaf for leaf in leaves(node) if isinstance(leaf, Word | Phrase | Prefix) and leaf.field == ANYWHERE]
    if not free:
        return Compiled(base, ((1.0, base),))
    some_in_head = any_of([_leaf(leaf, Reach.HEAD) for leaf in free]) if len(free) > 1 else None
    rungs = (
        (6.0, _node(node, Reach.TITLE)),
        (5.0, _node(node, Reach.HEAD)),
        (4.0, _adjacent(node, base)),
        (3.0, all_of([base, some_in_head]) if some_in_head else None),
        (2.0, _node(node, Reach.EXACT)),
        (1.0, base),
    )
    return Compiled(base, tuple((score, condition) for score, condition in rungs if condition is not None))


def _node(node: Node, reach: Reach) -> Condition:
    match node:
        case All(nodes):
            return _all(nodes, reach)
        case Any(nodes):
            return any_of([_node(child, reach) for child in nodes])
        case Not(child):
            return without(Anything(), [_node(child, Reach.INFLECTED)])
        case _:
            return _leaf(node, reach)


def _all(nodes: tuple[Node, ...], reach: Reach) -> Condition:
    wanted = [_node(child, reach) for child in nodes if not isinstance(child, Not)]
    unwanted = [_node(child.node, Reach.INFLECTED) for child in nodes if isinstance(child, Not)]
    return without(all_of(wanted or [Anything()]), unwanted)


def _leaf(leaf: Leaf, reach: Reach) -> Condition:
    match leaf:
        case Everything():
            return Anything()
        case Between(low, high):
            return KeyBetween(*key_range(low, high))
        case Word(text, name) | Phrase(text, name) if comparison(name) is Comparison.WHOLE:
            return _whole(name, text, beginning=False)
        case Prefix(text, name) if comparison(name) is Comparison.WHOLE:
            return _whole(name, text, beginning=True)
        case Prefix(text, name):
            return _prefix(_place(name, reach), folded_words(without_elision(text)))
        case Phrase(text, name):
            return _in_a_row(_place(name, reach), folded_words(text))
        case Word(text, name):
            return _word(_place(name, reach), folded_words(without_elision(text)), exact=reach is Reach.EXACT)


def _whole(name: str, value: str, *, beginning: bool) -> Condition:
    text = encodable(value if name == "id" else tag(name, value))
    if beginning and not 0 < len(text) <= _LONGEST_PREFIX:
        return Nothing()
    return Identified(text, beginning) if name == "id" else Tagged(text, beginning)


def _word(place: Place, words: list[str], *, exact: bool) -> Condition:
    """A word of several parts (`e-mail`, `東京`) is a phrase."""
    if len(words) != 1:
        return _in_a_row(place, words)
    return Exactly(place, words[0]) if exact or place.name in _NO_INFLECTION else Inflected(place, words[0])


def _prefix(place: Place, words: list[str]) -> Condition:
    if not words or len(words[-1]) > _LONGEST_PREFIX:
        return Nothing()
    return all_of([Beginning(place, words[-1]), *(Exactly(place, word) for word in words[:-1])])


def _in_a_row(place: Place, words: list[str]) -> Condition:
    if not words:
        return Nothing()
    return Exactly(place, words[0]) if len(words) == 1 else InARow(place, tuple(words))


def _adjacent(node: Node, base: Condition) -> Condition | None:
    """The words of the query side by side in the text, where the query is just several words."""
    words = node.nodes if isinstance(node, All) else ()
    plain = [child for child in words if isinstance(child, Word) and child.field == ANYWHERE]
    if len(plain) < 2:
        return None
    together = _in_a_row(Place(BODY), [part for word in plain for part in folded_words(word.text)])
    return together if len(plain) == len(words) else all_of([base, together])


def _place(name: str, reach: Reach) -> Place:
    if name != ANYWHERE:
        return Place(field_name(name.removeprefix(METADATA_PREFIX)), metadata=True)
    return {Reach.TITLE: Place("title", metadata=True), Reach.HEAD: Place(HEAD)}.get(reach, Place(BODY))
