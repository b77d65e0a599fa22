"""The ledger's rows on SQLAlchemy Core: one code path for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Function, Select, delete, func, select, update

from archiver.adapters.catalog.engine import read, write
from archiver.adapters.catalog.insertion import insert_rows, upsert
from archiver.adapters.catalog.ledger_tables import ledger_heads, ledger_leaves, ledger_nodes, ledger_outbox, ledger_state
from archiver.adapters.catalog.rows import groups, pieces
from archiver.domain.ledger import Leaf, LedgerEvent, Tree, canonical
from archiver.domain.ledger_files import read_head, write_head
from archiver.errors import IntegrityError
from archiver.ports.ledger import Append, Appended, LedgerState, Waiting
from retention.merkle import HASH_BYTES, Frontier
from retention.signed_head import SignedHead
from retention.timestamp import timestamp

_PAGE = 2_000


def enqueue(connection: Connection, events: Iterable[LedgerEvent]) -> int:
    """Write events to the outbox, inside the caller's transaction; how many.

    Raises:
        UsageError: an event can't be an entry. The caller's transaction should not be committed then.
    """
    count = 0
    for group in groups(events, _PAGE):
        insert_rows(connection, ledger_outbox, [_outbox_row(event) for event in group])
        count += len(group)
    return count


class SqlLedgerRows:
    """`ports.ledger.LedgerRows` over an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def enter(self, events: Iterable[LedgerEvent]) -> int:
        with write(self._engine) as connection:
            return enqueue(connection, events)

    def advance(self, tree: Tree, limit: int, append: Append) -> int:
        with write(self._engine) as connection:
            state = locked_state(connection, tree)
            of_tree = select(ledger_outbox).where(ledger_outbox.c.tree == tree.value)
            found = connection.execute(of_tree.order_by(ledger_outbox.c.id).limit(limit)).all()
            if not found:
                return 0
            keep_appended(connection, state, append(state, [Waiting(row.kind, row.document_id, row.payload) for row in found]))
            for piece in pieces([row.id for row in found]):
                # By id, never by range: an event with a smaller id may be committed by another writer meanwhile.
                connection.execute(delete(ledger_outbox).where(ledger_outbox.c.id.in_(piece)))
        return len(found)

    def waiting(self, tree: Tree) -> int:
        query = select(func.count()).select_from(ledger_outbox).where(ledger_outbox.c.tree == tree.value)
        with read(self._engine) as connection:
            return connection.execute(query).scalar_one()

    def state(self, tree: Tree) -> LedgerState:
        with read(self._engine) as connection:
            return _state(connection, tree)

    def leaves(self, tree: Tree, first: int = 0) -> Iterator[Leaf]:
        return self._leaves(select(ledger_leaves).where(ledger_leaves.c.tree == tree.value), first)

    def about(self, tree: Tree, document_id: str) -> Iterator[Leaf]:
        columns = ledger_leaves.c
        return self._leaves(select(ledger_leaves).where(columns.document_id == document_id, columns.tree == tree.value), 0)

    def silence(self, tree: Tree, end: int) -> int:
        columns = ledger_leaves.c
        told = update(ledger_leaves).where(columns.tree == tree.value, columns.position < end)
        with write(self._engine) as connection:
            silenced = told.where(columns.payload.is_(None), columns.kind != "").values(kind="", document_id="")
            return connection.execute(silenced).rowcount

    def _leaves(self, leaves: Select[Any], first: int) -> Iterator[Leaf]:
        position = ledger_leaves.c.position
        query = leaves.order_by(position).limit(_PAGE)
        while True:
            with read(self._engine) as connection:
                page = connection.execute(query.where(position >= first)).all()
            for row in page:
                yield Leaf(row.position, row.kind, row.document_id, row.hash, row.payload, row.salt)
            if len(page) < _PAGE:
                return
            first = page[-1].position + 1

    def nodes(self, tree: Tree, level: int, first: int, count: int) -> list[bytes]:
        table = ledger_nodes if level else ledger_leaves
        query = select(table.c.hash).where(table.c.tree == tree.value, table.c.position.between(first, first + count - 1))
        if level:
            query = query.where(ledger_nodes.c.level == level)
        with read(self._engine) as connection:
            found = list(connection.execute(query.order_by(table.c.position)).scalars())
        if len(found) != count:
            raise IntegrityError(
                f"the catalogue has lost {count - len(found)} nodes of the {tree} tree at level {level} from {first} on"
            )
        return found

    def plan(self, tree: Tree, end: int) -> int:
        with write(self._engine) as connection:
            state = locked_state(connection, tree)
            if state.planned > state.sealed:
                return state.planned
            connection.execute(update(ledger_state).where(ledger_state.c.tree == tree.value).values(planned_to=end))
        return end

    def seal(self, tree: Tree, head: SignedHead) -> None:
        with write(self._engine) as connection:
            state = locked_state(connection, tree)
            if state.sealed >= head.size:
                return
            keep_head(connection, tree, head)
            sealed = ledger_leaves.c.position.between(state.sealed, head.size - 1)
            leaves = update(ledger_leaves).where(ledger_leaves.c.tree == tree.value, sealed)
            connection.execute(leaves.values(payload=None, salt=None))

    def heads(self, tree: Tree) -> Iterator[SignedHead]:
        columns, last = ledger_heads.c, -1
        query = select(columns.size, columns.body).where(columns.tree == tree.value).order_by(columns.size).limit(_PAGE)
        while True:
            with read(self._engine) as connection:
                page = connection.execute(query.where(columns.size > last)).all()
            for row in page:
                yield _head_of(row.size, row.body)
            if len(page) < _PAGE:
                return
            last = page[-1].size

    def newest_head(self, tree: Tree) -> SignedHead | None:
        query = select(ledger_heads.c.size, ledger_heads.c.body).where(ledger_heads.c.tree == tree.value)
        with read(self._engine) as connection:
            row = connection.execute(query.order_by(ledger_heads.c.size.desc()).limit(1)).first()
        return None if row is None else _head_of(row.size, row.body)

    def positions(self, tree: Tree, kind: str, document_ids: Sequence[str]) -> dict[str, int]:
        return self._positions(tree, func.min(ledger_leaves.c.position), [kind], document_ids)

    def latest(self, tree: Tree, kinds: Sequence[str], document_ids: Sequence[str]) -> dict[str, int]:
        return self._positions(tree, func.max(ledger_leaves.c.position), kinds, document_ids)

    def _positions(self, tree: Tree, which: Function[int], kinds: Sequence[str], document_ids: Sequence[str]) -> dict[str, int]:
        columns, found = ledger_leaves.c, dict[str, int]()
        query = select(columns.document_id, which.label("position")).group_by(columns.document_id)
        query = query.where(columns.tree == tree.value, columns.kind.in_(kinds))
        with read(self._engine) as connection:
            for piece in pieces(document_ids):
                for row in connection.execute(query.where(columns.document_id.in_(piece))):
                    found[row.document_id] = row.position
        return found


def _outbox_row(event: LedgerEvent) -> tuple[Any, ...]:
    return event.tree.value, timestamp(event.at), event.kind, event.document_id, canonical(event)


def locked_state(connection: Connection, tree: Tree) -> LedgerState:
    """The state, with its row locked until the transaction ends (SQLite locks the whole database: `write`)."""
    empty = {"tree": tree.value, "size": 0, "frontier": b"", "sealed_to": 0, "planned_to": 0}
    upsert(connection, ledger_state, [empty], keep=True)
    return _state(connection, tree, lock=True)


def _state(connection: Connection, tree: Tree, *, lock: bool = False) -> LedgerState:
    query = select(ledger_state).where(ledger_state.c.tree == tree.value)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        return LedgerState(tree)
    hashes = tuple(row.frontier[at : at + HASH_BYTES] for at in range(0, len(row.frontier), HASH_BYTES))
    try:
        return LedgerState(tree, Frontier(row.size, hashes), row.sealed_to, row.planned_to)
    except ValueError as error:
        raise IntegrityError(f"the catalogue's state of the {tree} tree is damaged: {error}") from error


def keep_appended(connection: Connection, state: LedgerState, appended: Appended) -> None:
    """Write what a tree has grown by, and where it stands now."""
    tree = state.tree.value
    leaves = [(tree, leaf.position, leaf.kind, leaf.document_id, leaf.hash, leaf.payload, leaf.salt) for leaf in appended.leaves]
    insert_rows(connection, ledger_leaves, leaves)
    insert_rows(connection, ledger_nodes, [(tree, node.level, node.index, node.hash) for node in appended.nodes])
    values = {"size": appended.frontier.size, "frontier": b"".join(appended.frontier.hashes)}
    connection.execute(update(ledger_state).where(ledger_state.c.tree == tree).values(values))


def keep_head(connection: Connection, tree: Tree, head: SignedHead) -> None:
    """Write a published head: up to there the tree is sealed."""
    row = {"tree": tree.value, "size": head.size, "body": write_head(head).decode("ascii")}
    upsert(connection, ledger_heads, [row], keep=True)
    this = update(ledger_state).where(ledger_state.c.tree == tree.value)
    connection.execute(this.values(sealed_to=head.size, planned_to=head.size))


def _head_of(size: int, body: str) -> SignedHead:
    try:
        head = read_head(body.encode("utf-8"))
    except IntegrityError as error:
        raise IntegrityError(f"the catalogue's {size} leaves head is damaged: {error}") from error
    if head.size != size:
        raise IntegrityError(f"the catalogue's {size} leaves head is one of {head.size} leaves")
    return head
