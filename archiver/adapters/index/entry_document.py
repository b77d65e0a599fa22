"""From an `IndexEntry` to Tantivy's document."""

from __future__ import annotations

import tantivy

from archiver.adapters.index.analysis import prepared
from archiver.adapters.index.conditions import BODY, HEAD
from archiver.adapters.index.entry_values import facet_values, group, metadata, plain_values, tags
from archiver.adapters.index.layout import (
    DENIES,
    FACETS,
    FIELDS,
    GRANTS,
    HIGH,
    ID,
    LOW,
    ORDER,
    SEPARATOR,
    TAGS,
    VERSION,
    id_columns,
)  # fmt: skip
from archiver.adapters.index.sort_keys import order_key
from archiver.ports.index import IndexEntry


def engine_document(entry: IndexEntry) -> tantivy.Document:
    """All fields of one entry. Values are of the type each column has: the engine would accept others and die of them later."""
    document = tantivy.Document()
    document.add_text(ID, entry.document_id)
    values = {name: [_plain(value) for value in some] for name, some in metadata(entry).items()}
    document.add_text(BODY, prepared(entry.text))
    for naming, value in plain_values(values):
        document.add_text(BODY, value)
        if naming:
            document.add_text(HEAD, value)
    document.add_json(FIELDS, values)
    for name, groups in ((GRANTS, entry.grants), (DENIES, entry.denies)):
        for one in groups:
            document.add_text(name, group(one))
    for value in tags(entry):
        document.add_text(TAGS, value)
    _add_columns(document, entry)
    return document


def _plain(value: str) -> str:
    """A value as text: the engine would read one that looks like a time stamp as a date and not index its words."""
    words = prepared(value)
    return f" {words}" if words[:1].isdigit() else words


def _add_columns(document: tantivy.Document, entry: IndexEntry) -> None:
    high, low = id_columns(entry.document_id)
    columns = ((HIGH, high), (LOW, low), (ORDER, order_key(entry.day, entry.document_id)), (VERSION, int(entry.version)))
    for name, number in columns:
        document.add_integer(name, number)
    values = facet_values(entry)
    for column, names in FACETS.items():
        document.add_text(column, SEPARATOR.join(values[name].replace(SEPARATOR, " ") for name in names))
