"""From an `IndexEntry` to the engine's document."""

from __future__ import annotations

import tantivy

from archiver.adapters.index.analysis import file_name, prepared
from archiver.adapters.index.layout import (
    BODY,
    DENIES,
    FACETS,
    FIELDS,
    GRANTS,
    HEAD,
    HIGH,
    ID,
    LOW,
    ORDER,
    SEPARATOR,
    TAGS,
    VERSION,
    field_name,
    id_columns,
    order_key,
    tag,
)  # fmt: skip
from archiver.domain.extraction import Outcome
from archiver.errors import UsageError
from archiver.ports.index import IndexEntry

UNREAD = "unread=yes"
"""Tag of a document whose text is not complete."""


def engine_document(entry: IndexEntry) -> tantivy.Document:
    """All fields of one entry. Values are of the type each column has: the engine would accept others and die of them later."""
    document = tantivy.Document()
    document.add_text(ID, entry.document_id)
    metadata = _metadata(entry)
    _add_words(document, entry, metadata)
    document.add_json(FIELDS, metadata)
    for name, groups in ((GRANTS, entry.grants), (DENIES, entry.denies)):
        for group in groups:
            document.add_text(name, _group(group))
    for value in _tags(entry):
        document.add_text(TAGS, _encodable(value))
    _add_columns(document, entry)
    return document


def _add_words(document: tantivy.Document, entry: IndexEntry, metadata: dict[str, list[str]]) -> None:
    """The text and the metadata people would expect a plain word to find; folders of the path are left to `path:`."""
    document.add_text(BODY, prepared(entry.text))
    for name, values in metadata.items():
        for value in values if name != "path" else ():
            document.add_text(BODY, value)
            if name in ("title", "subject", "name"):
                document.add_text(HEAD, value)


def _metadata(entry: IndexEntry) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {field_name(name): [*values] for name, values in entry.fields.items()}
    for name, value in (("title", entry.title), ("author", entry.author), ("path", entry.path), ("name", file_name(entry.path))):
        if value and value not in named.setdefault(name, []):
            named[name].append(value)
    return {name: [_plain(value) for value in values] for name, values in named.items() if values}


def _plain(value: str) -> str:
    """A value as text: the engine would read one that looks like a time stamp as a date and not index its words."""
    words = prepared(_encodable(value))
    return f" {words}" if words[:1].isdigit() else words


def _tags(entry: IndexEntry) -> list[str]:
    pairs = (
        ("collection", entry.collection),
        ("class", entry.retention_class),
        ("kind", entry.kind),
        ("media", entry.media_type),
        ("language", entry.language),
        ("outcome", entry.outcome),
        ("batch", entry.batch),
        ("parent", entry.parent_id),
    )
    unread = [] if entry.outcome == Outcome.COMPLETE else [UNREAD]
    return [tag(name, value) for name, value in pairs if value] + unread


def _add_columns(document: tantivy.Document, entry: IndexEntry) -> None:
    high, low = id_columns(entry.document_id)
    columns = ((HIGH, high), (LOW, low), (ORDER, order_key(entry.day, entry.document_id)), (VERSION, int(entry.version)))
    for name, number in columns:
        document.add_integer(name, number)
    values = {
        "class": entry.retention_class,
        "year": f"{entry.day.year:04d}",
        "kind": entry.kind,
        "language": entry.language,
        "outcome": entry.outcome,
    }
    for column, names in FACETS.items():
        document.add_text(column, SEPARATOR.join(_encodable(values[name]).replace(SEPARATOR, " ") for name in names))


def _group(name: str) -> str:
    """A group, exactly: two names must never become one.

    Raises:
        UsageError: it is not valid text.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(f"the group {name!r} is not valid text", remedy="name groups in UTF-8") from error
    return name


def _encodable(text: str) -> str:
    """Bytes that were no UTF-8 (PEP 383 escapes) as `?`."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
