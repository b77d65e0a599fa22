"""What of an `IndexEntry` is indexed, and under which names; the same for every engine."""

from __future__ import annotations

from collections.abc import Iterator

from archiver.adapters.index.analysis import encodable, file_name
from archiver.adapters.index.sort_keys import field_name, tag
from archiver.domain.extraction import Outcome
from archiver.errors import UsageError
from archiver.ports.index import IndexEntry

UNREAD = "unread=yes"
"""Tag of a document whose text is not complete."""

_NAMING = frozenset({"title", "subject", "name"})


def metadata(entry: IndexEntry) -> dict[str, list[str]]:
    """Normal name -> values, as text that can be encoded; fields without a value are left out."""
    named: dict[str, list[str]] = {}
    for name, values in entry.fields.items():
        named.setdefault(field_name(name), []).extend(values)
    for name, value in (("title", entry.title), ("author", entry.author), ("path", entry.path), ("name", file_name(entry.path))):
        if value and value not in named.setdefault(name, []):
            named[name].append(value)
    return {name: [encodable(value) for value in values] for name, values in named.items() if values}


def plain_values(values: dict[str, list[str]]) -> Iterator[tuple[bool, str]]:
    """(whether it names the document, value) of the metadata people would expect a plain word to find; folders of the path
    are left to `path:`."""
    for name, some in values.items():
        for value in some if name != "path" else ():
            yield name in _NAMING, value


def tags(entry: IndexEntry) -> list[str]:
    """The whole values a document is found by."""
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
    return [encodable(tag(name, value)) for name, value in pairs if value] + unread


def facet_values(entry: IndexEntry) -> dict[str, str]:
    """Facet name -> the document's value."""
    return {
        "collection": encodable(entry.collection),
        "class": encodable(entry.retention_class),
        "year": f"{entry.day.year:04d}",
        "kind": encodable(entry.kind),
        "language": encodable(entry.language),
        "outcome": encodable(entry.outcome),
    }


def group(name: str) -> str:
    """A group, exactly: two names must never become one.

    Raises:
        UsageError: it is not valid text.
    """
    if not is_text(name):
        raise UsageError(f"the group {name!r} is not valid text", remedy="name groups in UTF-8")
    return name


def is_text(group: str) -> bool:
    """Whether it can be encoded. No entry has a group that cannot, so such a name in a scope can meet none."""
    try:
        group.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
