"""What the row of an import still tells of documents that were destroyed: their paths, and metadata that was given for all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from archiver.adapters.catalog.tables import batches, documents
from archiver.domain.batch import BatchState
from archiver.domain.document import Document, State

_TELLING: Mapping[str, Any] = {"paths": [], "manifest": "", "folder": "", "declared": {}}


def forget_wishes(connection: Connection, gone: Sequence[Document]) -> None:
    """Once the tombstones are written: paths that named one of these documents; of an import that has ended and of which nothing
    is left, everything it was asked for."""
    sources: dict[str, set[str]] = {}
    for document in gone:
        sources.setdefault(document.batch_id, set()).add(document.source)
    for batch_id, named in sources.items():
        row = connection.execute(select(batches.c.spec, batches.c.state).where(batches.c.id == batch_id)).first()
        if row is None:
            continue
        over = row.state == BatchState.FINISHED.value and not _anything_left(connection, batch_id)
        spec = _emptied(row.spec) if over else _without(row.spec, named)
        if spec != row.spec:
            connection.execute(update(batches).where(batches.c.id == batch_id).values(spec=spec))


def _anything_left(connection: Connection, batch_id: str) -> bool:
    """Tombstones have the highest numbers of all, so what is left comes first."""
    there = (documents.c.batch_id == batch_id) & (documents.c.state != State.DISPOSED.value)
    return connection.execute(select(documents.c.id).where(there).order_by(documents.c.sequence).limit(1)).first() is not None


def _emptied(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _TELLING.get(name, value) for name, value in spec.items()}


def _without(spec: Mapping[str, Any], named: Collection[str]) -> dict[str, Any]:
    paths = [path for path in spec.get("paths", ()) if path not in named]
    return {name: paths if name == "paths" else value for name, value in spec.items()}
