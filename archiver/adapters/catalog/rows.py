"""Rows to values and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Row

from archiver.adapters.catalog import tables
from archiver.domain.batch import Batch, BatchState, Line, LineState
from archiver.domain.document import Document, LockMode, State
from archiver.domain.extraction import Outcome, Step
from archiver.domain.identifiers import DocumentId
from archiver.ports.catalog import Content
from archiver.ports.objects import Bucket, ObjectRef

T = TypeVar("T")

VARIABLES = 400
"""Values in one `IN (…)`: below every database's limit, and large enough for speed."""


def pieces(items: Sequence[T], size: int = VARIABLES) -> Iterator[Sequence[T]]:
    """`items` in slices of `size`."""
    return (items[at : at + size] for at in range(0, len(items), size))


def groups(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """A stream in lists of at most `size`."""
    stream = iter(items)
    while group := list(islice(stream, size)):
        yield group


def document_row(document: Document) -> dict[str, Any]:
    """A document as a row of `documents`."""
    row = {column.name: getattr(document, column.name) for column in tables.documents.columns}
    row["locator"] = [[step.kind, step.index, step.name] for step in document.locator]
    row["grants"], row["denies"] = list(document.grants), list(document.denies)
    row["state"], row["lock_mode"] = document.state.value, document.lock_mode.value
    row["outcome"] = document.outcome.value if document.outcome else None
    return row


# Looked up, not called: rows are made into documents by the million.
_STATES = {state.value: state for state in State}
_MODES = {mode.value: mode for mode in LockMode}
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


def document_of(row: Row[Any] | Mapping[str, Any]) -> Document:
    """A row of `documents` as a document."""
    values = dict(row._mapping) if isinstance(row, Row) else dict(row)
    values["locator"] = tuple(Step(kind, index, name) for kind, index, name in values["locator"])
    values["grants"], values["denies"] = tuple(values["grants"]), tuple(values["denies"])
    values["state"], values["lock_mode"] = _STATES[values["state"]], _MODES[values["lock_mode"]]
    values["outcome"] = _OUTCOMES[values["outcome"]] if values["outcome"] else None
    values["id"] = DocumentId(values["id"])
    return Document(**values)


def content_row(content: Content) -> dict[str, Any]:
    """A content as a row of `contents`."""
    return {
        "collection": content.collection,
        "retention_class": content.retention_class,
        "sha256": content.sha256,
        "size": content.size,
        "key": content.ref.key,
        "version": content.ref.version,
    }


def content_of(row: Row[Any]) -> Content:
    """A row of `contents` as a content."""
    ref = ObjectRef(Bucket.LOCKED, row.key, row.version)
    return Content(row.collection, row.retention_class, row.sha256, row.size, ref)


def batch_of(row: Row[Any]) -> Batch:
    """A row of `batches` as a batch."""
    return Batch(row.id, BatchState(row.state), row.created_at, row.spec, row.finished_at, row.listed, row.lines)


def line_row(batch_id: str, line: Line) -> dict[str, Any]:
    """A line as a row of `lines`."""
    return {
        "batch_id": batch_id,
        "number": line.number,
        "source": line.source,
        "state": line.state.value,
        "document_id": line.document_id,
        "reason": line.reason,
    }


def line_of(row: Row[Any]) -> Line:
    """A row of `lines` as a line."""
    return Line(row.number, row.source, LineState(row.state), row.document_id, row.reason)
