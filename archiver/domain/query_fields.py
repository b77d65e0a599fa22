"""The fields a query may name, in English and French, and how each one is compared."""

from __future__ import annotations

from enum import Enum

from archiver.domain.extraction import Outcome
from archiver.domain.media import KINDS
from archiver.errors import UsageError

METADATA_PREFIX = "meta."
"""`meta.NAME:value` searches a metadata field that has no name of its own here."""


class Comparison(Enum):
    """How a value is compared: word by word, as a whole, or as a day."""

    WORDS = "words"
    WHOLE = "whole"
    DAY = "day"


_FIELDS: dict[str, Comparison] = {
    **dict.fromkeys(("title", "author", "subject", "from", "to", "path", "name"), Comparison.WORDS),
    **dict.fromkeys(("kind", "media", "collection", "class", "language", "outcome", "batch", "id", "parent"), Comparison.WHOLE),
    **dict.fromkeys(("date", "year"), Comparison.DAY),
}
_ALIASES = {
    "type": "kind",
    "titre": "title",
    "auteur": "author",
    "objet": "subject",
    "de": "from",
    "à": "to",
    "chemin": "path",
    "nom": "name",
    "classe": "class",
    "langue": "language",
    "lot": "batch",
    "année": "year",
    "annee": "year",
    "lang": "language",
}


def canonical(name: str, where: str) -> str:
    """The one name of a field as typed.

    Raises:
        UsageError: there is no such field.
    """
    folded = name.casefold()
    folded = _ALIASES.get(folded, folded)
    if folded in _FIELDS or (folded.startswith(METADATA_PREFIX) and len(folded) > len(METADATA_PREFIX)):
        return folded
    raise UsageError(
        f"there is no field {name!r} {where}",
        remedy=f"put it in quotes to search for the words, or use one of: {', '.join(sorted(_FIELDS))}, meta.NAME",
    )


def comparison(name: str) -> Comparison:
    """How the field with this canonical name is compared."""
    return _FIELDS.get(name, Comparison.WORDS)


def whole_value(name: str, value: str, where: str) -> tuple[str, str]:
    """Field and value of a whole-value comparison: folded where case says nothing, checked where the values are a closed set.

    Raises:
        UsageError: not one of the values this field can have.
    """
    if name == "kind" and "/" in value:
        name = "media"
    if name in ("kind", "media", "language", "outcome", "id", "parent"):
        value = value.casefold()
    if name == "kind" and value not in KINDS:
        raise UsageError(
            f"no document is of the kind {value!r} {where}", remedy=f"use one of: {', '.join(KINDS)}; or a media type"
        )
    if name == "outcome" and value not in set(Outcome):
        raise UsageError(f"no document has the outcome {value!r} {where}", remedy=f"use one of: {', '.join(Outcome)}")
    return name, value
