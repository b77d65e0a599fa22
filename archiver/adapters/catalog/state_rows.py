"""New states of documents, each with the next number, and the work they make."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from archiver.adapters.catalog.insertion import upsert
from archiver.adapters.catalog.job_rows import move_on
from archiver.adapters.catalog.numbering import numbered, top_sequence
from archiver.adapters.catalog.retention_tables import leaving
from archiver.adapters.catalog.rows import pieces
from archiver.adapters.catalog.tables import documents
from archiver.domain.document import Document, State
from archiver.errors import LostClaimError, UnreachableError


def write_states(connection: Connection, new: Sequence[Document], *, with_jobs: bool) -> int:
    """Write documents as they are now, and tell the index by a row of work where workers index; the highest number given.

    To be called last: until the transaction ends no other writer gets numbers.

    Raises:
        LostClaimError: one of them was destroyed meanwhile; a tombstone stays one. The transaction should not be committed then.
        UnreachableError: the text of one is just being removed with a destroyed document; to be tried again.
    """
    rows = numbered(connection, new)
    _require_texts(connection, [one.text_key for one in new if one.text_key])
    _require_there(connection, [one.id for one in new if one.state is not State.DISPOSED])
    upsert(connection, documents, rows)
    if with_jobs:
        move_on(connection, rows)
    return int(rows[-1]["sequence"]) if rows else top_sequence(connection)


def _require_there(connection: Connection, document_ids: Sequence[str]) -> None:
    """Asked once the numbers are given: nobody makes a tombstone from here to the end of the transaction."""
    for piece in pieces(document_ids):
        query = select(documents.c.id).where(documents.c.id.in_(piece), documents.c.state == State.DISPOSED.value)
        if gone := connection.execute(query.limit(1)).scalar():
            raise LostClaimError(
                f"document {gone} was destroyed by a purge while somebody worked on it; nothing was written",
                remedy="run it again: what was destroyed is left out then",
            )


def _require_texts(connection: Connection, text_keys: Sequence[str]) -> None:
    """A text that is leaving may be gone before whoever relies on it looks again."""
    for piece in pieces(sorted(set(text_keys))):
        query = select(leaving.c.key, leaving.c.purge_id).where(leaving.c.key.in_(piece)).limit(1)
        if found := connection.execute(query).first():
            raise UnreachableError(
                f"the text of the same bytes is being removed by purge {found.purge_id}; nothing was written",
                remedy=f"try again when that has ended: `minutier purge show {found.purge_id}`",
            )
