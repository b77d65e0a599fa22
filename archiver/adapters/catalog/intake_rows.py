"""What an intake step makes true, whoever else takes in the same things at the same moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, select, update

from archiver.adapters.catalog.hold_rows import cover_arrivals
from archiver.adapters.catalog.insertion import Key, add, upsert
from archiver.adapters.catalog.job_rows import wait_to_be_read
from archiver.adapters.catalog.ledger_rows import enqueue
from archiver.adapters.catalog.numbering import numbered
from archiver.adapters.catalog.retention_tables import leaving
from archiver.adapters.catalog.rows import content_row, line_of, line_row, pieces
from archiver.adapters.catalog.tables import contents, documents, lines, seen
from archiver.domain.batch import Line, LineState
from archiver.domain.document import Document, State
from archiver.domain.record import original_key
from archiver.ports.catalog import Content, IntakeGroup, Seen

ELSEWHERE = "archived before, by another import that was faster"
STORED_ONCE = "the same bytes are archived already; stored once"
DESTROYED = "destroyed meanwhile by a purge; not archived again unless --again says why"
LEAVING = "the same bytes are being destroyed at this moment, by a purge; nothing was archived: import it again"

Lines = list[tuple[str, Line]]


def take_in(connection: Connection, group: IntakeGroup, *, with_jobs: bool) -> Lines:
    """Write a group; its lines as they came out. What needs no sequence number comes before the numbers are given."""
    stored = add(connection, contents, map(content_row, group.contents))
    _refer_anew(connection, [content for content in group.contents if _address(content) not in stored])
    upsert(connection, seen, [{name: getattr(one, name) for name in Seen.__slots__} for one in group.seen])
    rows = numbered(connection, group.documents)
    going = _without_bytes(connection, group)  # nobody condemns anything between the numbers and the end
    rows = [row for row in rows if row["id"] not in going]
    taken = {row["id"] for row in rows} & {document_id for (document_id,) in add(connection, documents, rows)}
    added = [row for row in rows if row["id"] in taken]
    cover_arrivals(connection, added)
    enqueue(connection, [event for event in group.events if event.document_id in taken])
    if with_jobs:
        wait_to_be_read(connection, added)
    _forget_unreferred(connection, {_address(one) for one in group.contents} - {_row_address(row) for row in added})
    settled = _settled(connection, group, stored, taken, going)
    upsert(connection, lines, [line_row(batch_id, line) for batch_id, line in settled])
    return settled


def _without_bytes(connection: Connection, group: IntakeGroup) -> set[str]:
    """Those of the group's documents whose bytes a purge is removing, since the last document that referred to them went."""
    wanted = {original_key(*_address(document)): document for document in group.documents}
    gone: set[Key] = set()
    for piece in pieces(sorted(wanted)):
        keys = connection.execute(select(leaving.c.key).where(leaving.c.key.in_(piece))).scalars()
        gone |= {_address(wanted[key]) for key in keys}
    for relied in pieces(sorted(group.relied)):
        query = select(contents.c.collection, contents.c.retention_class, contents.c.sha256)
        query = query.where(contents.c.sha256.in_({sha256 for _, _, sha256 in relied}))
        gone |= set(relied) - {tuple(row) for row in connection.execute(query)}
    return {document.id for document in group.documents if _address(document) in gone}


def _forget_unreferred(connection: Connection, addresses: Collection[Key]) -> None:
    """Contents that came for documents which were destroyed meanwhile. Their bytes are nobody's, and go as such."""
    for collection, retention_class, sha256 in sorted(addresses):
        at = (contents.c.collection == collection, contents.c.retention_class == retention_class, contents.c.sha256 == sha256)
        refers = exists().where(
            documents.c.sha256 == sha256,
            documents.c.collection == collection,
            documents.c.retention_class == retention_class,
            documents.c.root_id.is_(None),
        )
        destroyed, there = documents.c.state == State.DISPOSED.value, documents.c.state != State.DISPOSED.value
        connection.execute(delete(contents).where(*at, refers.where(destroyed), ~refers.where(there)))


def _settled(
    connection: Connection, group: IntakeGroup, stored: Collection[Key], taken: Collection[str], going: Collection[str]
) -> Lines:
    """Lines by who came first: with a document of another import a line is done already, with its content a duplicate."""
    of: dict[str, Document] = {document.id: document for document in group.documents}
    beaten = [one for one in group.lines if one[1].document_id in of and one[1].document_id not in taken]
    before = _written(connection, beaten) if beaten else {}
    gone = _destroyed(connection, [line.document_id for _, line in beaten])
    late = {_address(content) for content in group.contents}.difference(stored, group.restored)
    settled = []
    for batch_id, line in group.lines:
        if line.document_id in gone:
            line = replace(line, state=LineState.REFUSED, reason=DESTROYED)
        elif line.document_id in going:
            line = replace(line, state=LineState.FAILED, reason=LEAVING, document_id="")
        settled.append((batch_id, _outcome(line, of, taken, late, before.get((batch_id, line.number)))))
    return settled


def _destroyed(connection: Connection, document_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for piece in pieces(document_ids):
        query = select(documents.c.id).where(documents.c.id.in_(piece), documents.c.state == State.DISPOSED.value)
        found.update(connection.execute(query).scalars())
    return found


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


def _row_address(row: Mapping[str, Any]) -> Key:
    return row["collection"], row["retention_class"], row["sha256"]
