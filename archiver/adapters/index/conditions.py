"""What a document must meet, in words of the index and of no engine. Each engine writes these as its own queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

BODY, HEAD = "body", "head"
"""Places of words: the text with all metadata but the path, and what names a document (title, subject, file name)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where words stand: `BODY`, `HEAD`, or one metadata field by its normal name."""

    name: str
    metadata: bool = False


@dataclass(frozen=True, slots=True)
class Anything:
    """Every document."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No document."""


@dataclass(frozen=True, slots=True)
class Exactly:
    """A folded word in this form."""

    place: Place
    word: str


@dataclass(frozen=True, slots=True)
class Inflected:
    """A folded word in any of its forms."""

    place: Place
    word: str


@dataclass(frozen=True, slots=True)
class InARow:
    """At least two folded words next to each other, in this order."""

    place: Place
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Beginning:
    """A folded word that begins so."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """A whole value, as `layout.tag` writes it; `beginning`: any value that begins so."""

    tag: str
    beginning: bool = False


@dataclass(frozen=True, slots=True)
class Identified:
    """The document's id; `beginning`: any id that begins so."""

    document_id: str
    beginning: bool = False


@dataclass(frozen=True, slots=True)
class KeyBetween:
    """The sort key lies between the two, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of at least two."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of at least two."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """`condition`, and none of `unwanted`."""

    condition: Condition
    unwanted: tuple[Condition, ...]


Condition: TypeAlias = (
    Anything
    | Nothing
    | Exactly
    | Inflected
    | InARow
    | Beginning
    | Tagged
    | Identified
    | KeyBetween
    | AllOf
    | AnyOf
    | Without
)  # fmt: skip


def all_of(conditions: Sequence[Condition]) -> Condition:
    """Every one of them; at least one is given."""
    return conditions[0] if len(conditions) == 1 else AllOf(tuple(conditions))


def any_of(conditions: Sequence[Condition]) -> Condition:
    """At least one of them; of none, nothing."""
    if not conditions:
        return Nothing()
    return conditions[0] if len(conditions) == 1 else AnyOf(tuple(conditions))


def without(condition: Condition, unwanted: Sequence[Condition]) -> Condition:
    """`condition` and none of the others."""
    return Without(condition, tuple(unwanted)) if unwanted else condition
