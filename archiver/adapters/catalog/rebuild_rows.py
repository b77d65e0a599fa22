"""Rows of a catalogue that is being rebuilt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, and_, delete, exists, select, update

from archiver.adapters.catalog.digest_rows import digest_of
from archiver.adapters.catalog.engine import read, write
from archiver.adapters.catalog.insertion import add, upsert
from archiver.adapters.catalog.ledger_rows import keep_appended, keep_head, locked_state
from archiver.adapters.catalog.ledger_tables import ledger_state
from archiver.adapters.catalog.retention_tables import decisions, held, leaving, occurrences, purge_items
from archiver.adapters.catalog.rows import content_row, document_of, document_row, pieces
from archiver.adapters.catalog.schema import metadata
from archiver.adapters.catalog.tables import archive, contents, documents
from archiver.domain.document import Document, State
from archiver.domain.ledger import Tree
from archiver.ports.catalog import Content
from archiver.ports.ledger import Appended
from archiver.ports.rebuilding import CatalogDigest
from archiver.ports.retention_rows import PurgeItem, Ref
from retention.plan import ItemState
from retention.signed_head import SignedHead

_PAGE = 1_000


class SqlRebuiltRows:
    """`ports.rebuilding.RebuiltRows` over an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def clear(self) -> None:
        with write(self._engine) as connection:
            for table in metadata.sorted_tables:
                if table is not archive:
                    connection.execute(delete(table))

    # -- documents ----------------------------------------------------------------------------------------------
    def add_documents(self, new: Sequence[Document]) -> None:
        with write(self._engine) as connection:
            add(connection, documents, map(document_row, new))

    def untold(self, top: int, limit: int) -> list[Document]:
        query = select(documents).where(documents.c.sequence <= top).order_by(documents.c.sequence).limit(limit)
        with read(self._engine) as connection:
            return [document_of(row) for row in connection.execute(query)]

    def unconfirmed(self) -> Iterator[Document]:
        after = -1
        while True:
            query = select(documents).where(documents.c.state == State.RECEIVED.value, documents.c.sequence > after)
            with read(self._engine) as connection:
                page = [document_of(row) for row in connection.execute(query.order_by(documents.c.sequence).limit(_PAGE))]
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].sequence

    def remove_documents(self, document_ids: Sequence[str]) -> None:
        with write(self._engine) as connection:
            for piece in pieces(document_ids):
                connection.execute(delete(documents).where(documents.c.id.in_(piece)))
            _forget(connection, document_ids)

    def forget(self, document_ids: Sequence[str]) -> None:
        with write(self._engine) as connection:
            _forget(connection, document_ids)

    # -- contents -----------------------------------------------------------------------------------------------
    def add_contents(self, new: Iterable[Content]) -> set[tuple[str, str, str]]:
        rows = [content_row(content) for content in new]
        with write(self._engine) as connection:
            added = add(connection, contents, rows)
        addresses = {(row["collection"], row["retention_class"], row["sha256"]) for row in rows}
        return {address for address in addresses if address not in added}

    def replace_content(self, content: Content) -> None:
        with write(self._engine) as connection:
            upsert(connection, contents, [content_row(content)])

    def remove_unreferred(self) -> int:
        refers = exists().where(
            documents.c.sha256 == contents.c.sha256,
            documents.c.collection == contents.c.collection,
            documents.c.retention_class == contents.c.retention_class,
            documents.c.root_id.is_(None),
            documents.c.state != State.DISPOSED.value,
        )
        with write(self._engine) as connection:
            return connection.execute(delete(contents).where(~refers)).rowcount

    # -- purges -------------------------------------------------------------------------------------------------
    def executed(self, purge_id: str, at: Mapping[str, datetime]) -> None:
        with write(self._engine) as connection:
            for document_id, moment in at.items():
                item = and_(purge_items.c.purge_id == purge_id, purge_items.c.document_id == document_id)
                connection.execute(update(purge_items).where(item).values(state=ItemState.EXECUTED.value, at=moment))

    def settled(self, purge_id: str, items: Sequence[PurgeItem]) -> None:
        with write(self._engine) as connection:
            for one in items:
                item = and_(purge_items.c.purge_id == purge_id, purge_items.c.position == one.item.position)
                values = {"state": one.state.value, "why": one.why, "shared": one.shared, "at": one.at, "refs": list(one.refs)}
                connection.execute(update(purge_items).where(item).values(values))

    def leaving(self, purge_id: str, refs: Sequence[Ref]) -> None:
        rows = [{"key": key, "version": version, "purge_id": purge_id} for _, key, version in refs]
        with write(self._engine) as connection:
            upsert(connection, leaving, rows, keep=True)

    # -- ledger -------------------------------------------------------------------------------------------------
    def append(self, tree: Tree, appended: Appended) -> None:
        with write(self._engine) as connection:
            keep_appended(connection, locked_state(connection, tree), appended)

    def seal(self, tree: Tree, head: SignedHead) -> None:
        with write(self._engine) as connection:
            locked_state(connection, tree)
            keep_head(connection, tree, head)

    def planned(self, tree: Tree, end: int) -> None:
        with write(self._engine) as connection:
            locked_state(connection, tree)
            connection.execute(update(ledger_state).where(ledger_state.c.tree == tree.value).values(planned_to=end))

    def digest(self) -> CatalogDigest:
        return digest_of(self._engine)


def _forget(connection: Connection, document_ids: Sequence[str]) -> None:
    for piece in pieces(document_ids):
        for table in (occurrences, decisions, held):
            connection.execute(delete(table).where(_about(table, piece)))


def _about(table: Any, piece: Sequence[str]) -> Any:
    return table.c.document_id.in_(piece)
