"""Documents, contents and what is remembered of source files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select, tuple_, update

from archiver.adapters.catalog.condemning import texts_in_use
from archiver.adapters.catalog.engine import read, transact
from archiver.adapters.catalog.intake_rows import take_in
from archiver.adapters.catalog.job_rows import require_claims
from archiver.adapters.catalog.ledger_rows import enqueue
from archiver.adapters.catalog.numbering import top_sequence
from archiver.adapters.catalog.rows import content_of, document_of, pieces
from archiver.adapters.catalog.schema import source_key
from archiver.adapters.catalog.state_rows import write_states
from archiver.adapters.catalog.tables import READ_WHOLE, batches, contents, documents, lines, seen
from archiver.domain.batch import Line
from archiver.domain.document import Document, State
from archiver.domain.ledger import LedgerEvent
from archiver.errors import NotFoundError
from archiver.ports.catalog import Content, IntakeGroup, Seen

_PAGE = 1_000


_READER = (
    select(documents.c.id)
    .where(documents.c.sha256 == contents.c.sha256, documents.c.collection == contents.c.collection, READ_WHOLE)
    .limit(1)
)
_READERS = select(contents.c.sha256, _READER.scalar_subquery())
"""For each content one document that was read whole: found at once, however many copies there are."""


class DocumentRows:
    """The part of `ports.catalog.Catalog` about documents and their contents."""

    engine: Engine
    with_jobs: bool

    # -- intake -------------------------------------------------------------------------------------------------
    def seen(self, collection: str, sources: Sequence[str]) -> dict[str, Seen]:
        found: dict[str, Seen] = {}
        asked = {source_key(source): source for source in sources}
        with read(self.engine) as connection:
            for piece in pieces(list(sources)):
                query = select(seen).where(seen.c.collection == collection, seen.c.source.in_(piece))
                for row in connection.execute(query):
                    source = asked[row.source]
                    found[source] = Seen(**(row._asdict() | {"source": source}))
        return found

    def contents(self, keys: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], Content]:
        columns, found = contents.c, dict[tuple[str, str, str], Content]()
        with read(self.engine) as connection:
            for (collection, retention_class), digests in _by_class(keys).items():
                query = select(contents).where(columns.collection == collection, columns.retention_class == retention_class)
                for piece in pieces(digests):
                    for row in connection.execute(query.where(columns.sha256.in_(piece))):
                        found[collection, retention_class, row.sha256] = content_of(row)
        return found

    def commit_intake(self, group: IntakeGroup) -> list[tuple[str, Line]]:
        return transact(self.engine, lambda connection: take_in(connection, group, with_jobs=self.with_jobs))

    # -- documents ----------------------------------------------------------------------------------------------
    def document(self, document_id: str) -> Document:
        found = self.documents([document_id])
        if document_id not in found:
            raise NotFoundError(f"there is no document {document_id}", remedy="`minutier search` shows ids")
        return found[document_id]

    def documents(self, document_ids: Sequence[str]) -> dict[str, Document]:
        found: dict[str, Document] = {}
        with read(self.engine) as connection:
            for piece in pieces(list(document_ids)):
                query = select(documents).where(documents.c.id.in_(piece))
                found.update((row.id, document_of(row)) for row in connection.execute(query))
        return found

    def resolve(self, prefix: str, limit: int = 3) -> list[str]:
        query = (
            select(documents.c.id)
            .where(documents.c.id >= prefix, documents.c.id < prefix + "~")
            .order_by(documents.c.id)
            .limit(limit)
        )
        with read(self.engine) as connection:
            return list(connection.execute(query).scalars())

    def waiting(self, limit: int, after: int = 0) -> list[Document]:
        query = select(documents).where(documents.c.state == "received", documents.c.sequence > after)
        with read(self.engine) as connection:
            return [document_of(row) for row in connection.execute(query.order_by(documents.c.sequence).limit(limit))]

    def begin_attempt(self, document_ids: Sequence[str]) -> None:
        def count(connection: Connection) -> None:
            for piece in pieces(sorted(document_ids)):
                connection.execute(update(documents).where(documents.c.id.in_(piece)).values(attempts=documents.c.attempts + 1))

        transact(self.engine, count)

    def read_whole(self, wanted: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], Document]:
        ids: dict[tuple[str, str, str], str] = {}
        with read(self.engine) as connection:
            for (collection, retention_class), digests in _by_class(wanted).items():
                query = _READERS.where(contents.c.collection == collection, contents.c.retention_class == retention_class)
                for piece in pieces(digests):
                    for sha256, reader in connection.execute(query.where(contents.c.sha256.in_(piece))):
                        ids[collection, retention_class, sha256] = reader
        found = self.documents([one for one in ids.values() if one])
        return {content: found[one] for content, one in ids.items() if one in found}

    def commit_archived(self, documents: Sequence[Document], events: Iterable[LedgerEvent], *, claimed_by: str = "") -> int:
        entries = list(events)

        def commit(connection: Connection) -> int:
            if claimed_by:
                require_claims(connection, {document.root_id or document.id for document in documents}, claimed_by)
            enqueue(connection, entries)  # before numbers are given: until the end no other writer gets any
            return write_states(connection, documents, with_jobs=self.with_jobs)

        return transact(self.engine, commit)

    def changed_since(self, sequence: int) -> Iterator[Document]:
        return self._stream(select(documents), sequence)

    def select(self, *, batch_id: str = "", outcome: str = "", collection: str = "", root_id: str = "") -> Iterator[Document]:
        query = select(documents)
        wanted = {"batch_id": batch_id, "outcome": outcome, "collection": collection, "root_id": root_id}
        for name, value in wanted.items():
            if value:
                query = query.where(documents.c[name] == value)
        return self._stream(query, 0)

    def all_contents(self) -> Iterator[Content]:
        address = tuple_(contents.c.collection, contents.c.retention_class, contents.c.sha256)
        after = ("", "", "")
        while True:
            query = select(contents).where(address > after).order_by(*address.clauses).limit(_PAGE)
            with read(self.engine) as connection:
                page = [content_of(row) for row in connection.execute(query)]
            yield from page
            if len(page) < _PAGE:
                return
            after = (page[-1].collection, page[-1].retention_class, page[-1].sha256)

    def referrers(self, content: Content) -> list[Document]:
        (found,) = self.referrers_of([content]).values()
        return found

    def referrers_of(self, contents: Sequence[Content]) -> dict[tuple[str, str, str], list[Document]]:
        keys = [(one.collection, one.retention_class, one.sha256) for one in contents]
        found: dict[tuple[str, str, str], list[Document]] = {key: [] for key in keys}
        column, live = documents.c, documents.c.state != State.DISPOSED.value
        with read(self.engine) as connection:
            for (collection, retention_class), digests in _by_class(keys).items():
                query = select(documents).where(column.collection == collection, column.retention_class == retention_class)
                for piece in pieces(digests):
                    for row in connection.execute(query.where(column.sha256.in_(piece), column.root_id.is_(None), live)):
                        found[collection, retention_class, row.sha256].append(document_of(row))
        return found

    def texts_in_use(self, of: Sequence[Document]) -> set[str]:
        with read(self.engine) as connection:
            return texts_in_use(connection, of)

    def kinds(self) -> set[tuple[str, str]]:
        with read(self.engine) as connection:
            found = connection.execute(select(contents.c.collection, contents.c.retention_class).distinct())
            return {(row.collection, row.retention_class) for row in found}

    def top_sequence(self) -> int:
        with read(self.engine) as connection:
            return top_sequence(connection)

    def counts(self) -> dict[str, int]:
        with read(self.engine) as connection:
            by_state = select(documents.c.state, func.count()).group_by(documents.c.state)
            found = {f"documents {state}": count for state, count in connection.execute(by_state)}
            for table in (contents, batches, lines):
                found[table.name] = connection.execute(select(func.count()).select_from(table)).scalar() or 0
        return found

    def _stream(self, query: Select[Any], after: int) -> Iterator[Document]:
        """Page by page, so that no transaction stays open while the caller works."""
        while True:
            page_query = query.where(documents.c.sequence > after).order_by(documents.c.sequence).limit(_PAGE)
            with read(self.engine) as connection:
                page = [document_of(row) for row in connection.execute(page_query)]
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].sequence


def _by_class(keys: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], list[str]]:
    """(collection, class) -> digests."""
    found: dict[tuple[str, str], list[str]] = {}
    for collection, retention_class, sha256 in keys:
        found.setdefault((collection, retention_class), []).append(sha256)
    return found
