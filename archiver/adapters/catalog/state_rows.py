"""New states of documents, each with the next number, and the work they make."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from archiver.adapters.catalog.insertion import upsert
from archiver.adapters.catalog.job_rows import move_on
from archiver.adapters.catalog.numbering import numbered, top_sequence
from archiver.adapters.catalog.tables import documents
from archiver.domain.document import Document


def write_states(connection: Connection, new: Sequence[Document], *, with_jobs: bool) -> int:
    """Write documents as they are now, and tell the index by a row of work where workers index; the highest number given.

    To be called last: until the transaction ends no other writer gets numbers.
    """
    rows = numbered(connection, new)
    upsert(connection, documents, rows)
    if with_jobs:
        move_on(connection, rows)
    return int(rows[-1]["sequence"]) if rows else top_sequence(connection)
