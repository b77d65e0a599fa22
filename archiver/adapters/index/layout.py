"""The fields of an index file set, and the sort key by which every answer is ordered."""

from __future__ import annotations

import uuid
from datetime import date

import tantivy

from archiver.errors import UsageError

FORMAT = 1
"""Grows with every change of fields, folding or keys; an index of another format is made again."""

ID, BODY, HEAD, FIELDS = "id", "body", "head", "fields"
GRANTS, DENIES, TAGS = "grants", "denies", "tags"
ORDER, HIGH, LOW, VERSION = "order", "id_high", "id_low", "version"
FACETS = {"facet_a": ("class", "year"), "facet_b": ("kind", "language", "outcome")}
"""Columns counted for facets. Several facets share one, since counting a column is what costs."""

SEPARATOR = "\x1f"
_ID_BITS = 41
_ID_MASK = (1 << _ID_BITS) - 1
_HALF = 1 << 63


def schema() -> tantivy.Schema:
    """One schema for all partitions, so that a compiled query fits all of them. Nothing is stored but columns."""
    fields = tantivy.SchemaBuilder()
    for name in (ID, GRANTS, DENIES, TAGS):
        fields.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in (BODY, HEAD):
        fields.add_text_field(name, tokenizer_name="folded", index_option="position")
    fields.add_json_field(FIELDS, tokenizer_name="folded", index_option="position")
    for name in (ORDER, HIGH, LOW, VERSION):
        fields.add_integer_field(name, fast=True)
    for name in FACETS:
        fields.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    return fields.build()


def id_number(document_id: str) -> int:
    """A document id as a number of 128 bits.

    Raises:
        UsageError: it is not a UUID in its canonical form.
    """
    try:
        parsed = uuid.UUID(document_id)
    except ValueError:
        parsed = None
    if parsed is None or str(parsed) != document_id:
        raise UsageError(f"{document_id!r} is not a document id", remedy="give the id as it is shown, e.g. 6f1c…-…")
    return parsed.int


def id_columns(document_id: str) -> tuple[int, int]:
    """The two signed 64-bit columns an id is kept in."""
    number = id_number(document_id)
    return (number >> 64) - _HALF, (number & (2 * _HALF - 1)) - _HALF


def id_of(high: int, low: int) -> str:
    """The id from its two columns."""
    return str(uuid.UUID(int=((high + _HALF) << 64) | (low + _HALF)))


def order_key(day: date, document_id: str) -> int:
    """Newest day first, then smallest id, when sorted downwards; equal only where the first 41 bits of two ids agree."""
    return (day.toordinal() << _ID_BITS) | (_ID_MASK - (id_number(document_id) >> (128 - _ID_BITS)))


def key_range(low: date | None, high: date | None) -> tuple[int, int]:
    """Smallest and greatest sort key of the days from `low` to `high`."""
    first, last = low or date.min, high or date.max
    return first.toordinal() << _ID_BITS, (last.toordinal() << _ID_BITS) | _ID_MASK


def field_name(name: str) -> str:
    """A metadata name as a key of the `fields` column: `dc:title` -> `dc_title`."""
    return "".join(char if char.isalnum() else "_" for char in name.casefold()) or "_"


def tag(name: str, value: str) -> str:
    """The term a whole value is searched by; the case of a value never matters."""
    return f"{name}={value.casefold() if name != 'collection' else value}"
