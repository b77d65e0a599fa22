"""What an intake step makes true, whoever else takes in the same things at the same moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, and_, select, update

from archiver.adapters.catalog.hold_rows import cover_arrivals
from archiver.adapters.catalog.insertion import Key, add, upsert
from archiver.adapters.catalog.job_rows import wait_to_be_read
from archiver.adapters.catalog.numbering import numbered
from archiver.adapters.catalog.rows import content_row, line_of, line_row, pieces
from archiver.adapters.catalog.tables import contents, documents, lines, seen
from archiver.domain.batch import Line, LineState
from archiver.domain.document import Document
from archiver.ports.catalog import Content, IntakeGroup, Seen

ELSEWHERE = "archived before, by another import that was faster"
STORED_ONCE = "the same bytes are archived already; stored once"

Lines = list[tuple[str, Line]]


def take_in(connection: Connection, group: IntakeGroup, *, with_jobs: bool) -> Lines:
    """Write a group; its lines as they came out. What needs no sequence number comes before the numbers are given."""
    stored = add(connection, contents, map(content_row, group.contents))
    _refer_anew(connection, [content for content in group.contents if _address(content) not in stored])
    upsert(connection, seen, [{name: getattr(one, name) for name in Seen.__slots__} for one in group.seen])
    rows = numbered(connection, group.documents)
    taken = add(connection, documents, rows)
    cover_arrivals(connection, [row for row in rows if (row["id"],) in taken])
    if with_jobs:
        wait_to_be_read(connection, [row for row in rows if (row["id"],) in taken])
    settled = _settled(connection, group, stored, {document.id for document in group.documents if (document.id,) in taken})
    upsert(connection, lines, [line_row(batch_id, line) for batch_id, line in settled])
    return settled


def _settled(connection: Connection, group: IntakeGroup, stored: Collection[Key], taken: Collection[str]) -> Lines:
    """Lines by who came first: with a document of another import a line is done already, with its content a duplicate."""
    of: dict[str, Document] = {document.id: document for document in group.documents}
    beaten = [one for one in group.lines if one[1].document_id in of and one[1].document_id not in taken]
    before = _written(connection, beaten) if beaten else {}
    late = {_address(content) for content in group.contents}.difference(stored, group.restored)
    return [(batch_id, _outcome(line, of, taken, late, before.get((batch_id, line.number)))) for batch_id, line in group.lines]


def _outcome(line: Line, of: Mapping[str, Document], taken: Collection[str], late: Collection[Key], before: Line | None) -> Line:
    document = of.get(line.document_id)
    if document is None or line.state not in (LineState.NEW, LineState.DUPLICATE):
        return line
    if document.id not in taken:
        if before is not None and before.document_id == document.id and before.state is not LineState.PENDING:
            return before  # this very step has been written before
        return replace(line, state=LineState.ALREADY, reason=ELSEWHERE)
    if line.state is LineState.NEW and _address(document) in late:
        return replace(line, state=LineState.DUPLICATE, reason=STORED_ONCE)
    return line


def _written(connection: Connection, wanted: Sequence[tuple[str, Line]]) -> dict[tuple[str, int], Line]:
    """These lines as they are in the catalogue."""
    found: dict[tuple[str, int], Line] = {}
    for batch_id in {batch_id for batch_id, _ in wanted}:
        numbers = [line.number for of_batch, line in wanted if of_batch == batch_id]
        for piece in pieces(numbers):
            query = select(lines).where(lines.c.batch_id == batch_id, lines.c.number.in_(piece))
            found |= {(batch_id, row.number): line_of(row) for row in connection.execute(query)}
    return found


def _refer_anew(connection: Connection, known: Sequence[Content]) -> None:
    """Contents that are known and were stored again lie where they were stored last: a store that lost one gave it a new version."""
    for content in known:
        row = content_row(content)
        at = and_(*(contents.c[name] == row[name] for name in ("collection", "retention_class", "sha256")))
        moved = update(contents).where(at, contents.c.version != row["version"])
        connection.execute(moved.values(key=row["key"], version=row["version"]))


def _address(of: Content | Document) -> Key:
    return of.collection, of.retention_class, of.sha256
