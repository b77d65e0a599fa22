"""From an `IndexEntry` to what Elasticsearch is sent: two lines of JSON, one with the version, one with the fields."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from typing import Any

import msgspec

from archiver.adapters.index.analysis import LONGEST_WORD, TOO_LONG, placed_words
from archiver.adapters.index.conditions import BODY, HEAD
from archiver.adapters.index.elastic_layout import (
    BODY_FORMS,
    DENIES,
    DIGEST,
    FIELD_FORMS,
    FIELDS,
    GRANTS,
    HEAD_FORMS,
    HIDDEN,
    ID,
    ORDER,
    PARTITION,
    TAGS,
)  # fmt: skip
from archiver.adapters.index.elastic_words import Forms, bounded, named
from archiver.adapters.index.entry_values import facet_values, group, metadata, plain_values, tags
from archiver.adapters.index.sort_keys import order_key
from archiver.ports.index import IndexEntry

MOST_CHARACTERS = 24_000_000
"""Folded characters of one document that are indexed with their places; see `_shortened`."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Operation:
    """One write of one document: its state at a version, as JSON."""

    document_id: str
    version: int
    source: bytes

    def lines(self, target: str) -> bytes:
        """The write as lines of a bulk request to the alias `target`."""
        action = {
            "_index": target,
            "_id": self.document_id,
            "version": self.version,
            "version_type": "external_gte",
            "require_alias": True,
        }
        return b"".join((_encode({"index": action}), b"\n", self.source, b"\n"))


class Documents:
    """Makes writes of entries; keeps the forms of words it has met. Safe for several threads."""

    def __init__(self) -> None:
        self._forms = Forms()

    def operation(self, entry: IndexEntry) -> Operation:
        """The write of one entry.

        Raises:
            UsageError: its id is not a canonical UUID, or a group's name is not valid text.
        """
        source = {
            ID: entry.document_id,
            ORDER: order_key(entry.day, entry.document_id),
            PARTITION: bounded(entry.partition),
            DIGEST: digest(entry),
            TAGS: [bounded(value) for value in tags(entry)],
            GRANTS: [bounded(group(one)) for one in entry.grants],
            DENIES: [bounded(group(one)) for one in entry.denies],
            **{name: bounded(value) for name, value in facet_values(entry).items() if value},
            **self._words(entry),
        }
        return Operation(entry.document_id, int(entry.version), _encode(source))

    def _words(self, entry: IndexEntry) -> dict[str, Any]:
        values = metadata(entry)
        body, head = [_shortened(placed_words(entry.text))], list[list[str]]()
        for naming, value in plain_values(values):
            words = placed_words(value)
            body.append(words)
            head += [words] if naming else []
        fields = [(name, placed_words(value)) for name, some in values.items() for value in some]
        return {
            BODY: _joined(body),
            HEAD: _joined(head),
            FIELDS: _joined([[named(name, word) for word in words] for name, words in fields]),
            BODY_FORMS: self._spread(body),
            HEAD_FORMS: self._spread(head),
            FIELD_FORMS: [" ".join(named(name, form) for form in self._spread([words]).split()) for name, words in fields],
        }

    def _spread(self, values: list[list[str]]) -> str:
        """The forms of all distinct words."""
        return self._forms.of(set().union(*values))


def removal(document_id: str, version: int, hidden: str) -> Operation:
    """A write that leaves nothing but an id and a version: no later write of an older state gets past it."""
    return Operation(document_id, version, _encode({HIDDEN: hidden}))


def digest(entry: IndexEntry) -> str:
    """SHA-256 of everything the entry says but its version: two indexes that hold the same agree on it whatever their format."""
    content = replace(entry, version=0)
    try:
        text = msgspec.json.encode(content, order="deterministic")
    except UnicodeEncodeError:
        text = msgspec.json.encode(_storable(asdict(content)), order="deterministic")
    return hashlib.sha256(text).hexdigest()


def _storable(value: Any) -> Any:
    """Text with bytes that were no UTF-8 in a form that can be encoded, different for different bytes."""
    match value:
        case str():
            return value.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")
        case dict():
            return {_storable(name): _storable(one) for name, one in value.items()}
        case list() | tuple():
            return [_storable(one) for one in value]
        case _:
            return value


def _joined(values: list[list[str]]) -> list[str]:
    return [" ".join(words) for words in values]


def _shortened(words: list[str]) -> list[str]:
    """All words, as many of them in their places as one request to the server can hold.

    Beyond that each new word is indexed once, apart from its neighbours: it is found, a phrase there is not.
    """
    if len(words) * LONGEST_WORD < MOST_CHARACTERS:
        return words
    ends = accumulate(len(word) + 1 for word in words)
    whole = next((place for place, end in enumerate(ends) if end > MOST_CHARACTERS), len(words))
    if whole == len(words):
        return words
    apart = dict.fromkeys(words[whole:])
    return words[:whole] + [token for word in apart.keys() - set(words[:whole]) for token in (TOO_LONG, word)]
