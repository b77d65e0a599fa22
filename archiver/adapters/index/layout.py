"""The fields of a Tantivy index."""

from __future__ import annotations

import uuid

import tantivy

from archiver.adapters.index.conditions import BODY, HEAD
from archiver.adapters.index.sort_keys import id_number

FORMAT = 1
"""Grows with every change of fields, folding or keys; an index of another format is made again."""

ID, FIELDS = "id", "fields"
GRANTS, DENIES, TAGS = "grants", "denies", "tags"
ORDER, HIGH, LOW, VERSION = "order", "id_high", "id_low", "version"
FACETS = {"facet_a": ("class", "year"), "facet_b": ("kind", "language", "outcome")}
"""Columns counted for facets. Several facets share one, since counting a column is what costs."""

SEPARATOR = "\x1f"
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


def id_columns(document_id: str) -> tuple[int, int]:
    """The two signed 64-bit columns an id is kept in."""
    number = id_number(document_id)
    return (number >> 64) - _HALF, (number & (2 * _HALF - 1)) - _HALF


def id_of(high: int, low: int) -> str:
    """The id from its two columns."""
    return str(uuid.UUID(int=((high + _HALF) << 64) | (low + _HALF)))
