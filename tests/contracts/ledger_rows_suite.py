"""What `ports.ledger.LedgerRows` promises, on whatever database; a subclass gives `engine`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, func, select

from archiver.adapters.catalog.engine import write
from archiver.adapters.catalog.ledger_rows import SqlLedgerRows, enqueue
from archiver.adapters.catalog.ledger_tables import ledger_outbox
from archiver.domain.ledger import Leaf, LedgerEvent, Tree, canonical, entry_hash
from archiver.errors import IntegrityError, UsageError
from archiver.ports.ledger import LEVELS, Appended
from retention.merkle import EMPTY_ROOT, Growth, root_of
from retention.signed_head import SignedHead, Statement

AT = datetime(2026, 3, 1, tzinfo=UTC)


def event(number: int, kind: str = "archived", tree: Tree = Tree.CUSTODY) -> LedgerEvent:
    return LedgerEvent(kind, f"document-{number}", AT, {"number": number, "name": "été-\udce9"}, tree)


def append(state, waiting):
    growth, leaves = Growth(state.frontier, LEVELS), []
    for each in waiting:
        salt = b"s" * 32
        leaf = Leaf(growth.size, each.kind, each.document_id, entry_hash(salt, each.payload), each.payload, salt)
        leaves.append(leaf)
        growth.append(leaf.hash)
    return Appended(leaves, growth.completed, growth.frontier())


def head(size: int, root: bytes, previous: int = 0) -> SignedHead:
    return SignedHead(Statement(Tree.CUSTODY, size, root, AT, "0" * 16), b"g" * 64, previous)


class LedgerRowsSuite:
    """Mixin; `engine` is a fixture with empty tables."""

    @pytest.fixture
    def rows(self, engine: Engine) -> SqlLedgerRows:
        return SqlLedgerRows(engine)

    def test_an_empty_ledger(self, rows):
        assert rows.waiting(Tree.CUSTODY) == rows.state(Tree.CUSTODY).size == 0
        assert rows.state(Tree.CUSTODY).frontier.root() == EMPTY_ROOT
        assert rows.newest_head(Tree.CUSTODY) is None
        assert list(rows.leaves(Tree.CUSTODY)) == list(rows.heads(Tree.CUSTODY)) == []
        assert rows.positions(Tree.CUSTODY, "archived", ["document-1"]) == {}
        assert rows.advance(Tree.CUSTODY, 10, append) == 0

    def test_events_are_entered_in_order_once_and_in_batches(self, rows):
        assert rows.enter(event(n) for n in range(25)) == 25
        assert rows.waiting(Tree.CUSTODY) == 25
        assert [rows.advance(Tree.CUSTODY, 10, append) for _ in range(4)] == [10, 10, 5, 0]
        leaves = list(rows.leaves(Tree.CUSTODY))
        assert [leaf.payload for leaf in leaves] == [canonical(event(n)) for n in range(25)]
        assert [leaf.position for leaf in leaves] == list(range(25))
        assert rows.state(Tree.CUSTODY).frontier.root() == root_of(leaf.hash for leaf in leaves)
        assert rows.waiting(Tree.CUSTODY) == 0

    def test_trees_are_apart(self, rows):
        rows.enter([event(1), event(2, tree=Tree.ACCESS), event(3)])
        assert rows.advance(Tree.ACCESS, 10, append) == 1
        assert rows.waiting(Tree.CUSTODY) == 2
        assert [leaf.document_id for leaf in rows.leaves(Tree.ACCESS)] == ["document-2"]
        assert rows.state(Tree.CUSTODY).size == 0

    def test_an_event_lives_and_dies_with_its_transaction(self, rows, engine):
        def enter_and_fail():
            with write(engine) as connection:
                enqueue(connection, [event(1)])
                raise RuntimeError

        with pytest.raises(RuntimeError):
            enter_and_fail()
        assert rows.waiting(Tree.CUSTODY) == 0

    def test_a_bad_event_leaves_nothing(self, rows):
        with pytest.raises(UsageError):
            rows.enter([event(1), LedgerEvent("archived", "x", AT, {"bad": 0.1})])  # type: ignore[dict-item]
        assert rows.waiting(Tree.CUSTODY) == 0

    def test_a_sequencer_that_fails_has_done_nothing(self, rows):
        rows.enter([event(1)])

        def fails(state, waiting):
            raise RuntimeError

        with pytest.raises(RuntimeError):
            rows.advance(Tree.CUSTODY, 10, fails)
        assert rows.waiting(Tree.CUSTODY) == 1
        assert rows.advance(Tree.CUSTODY, 10, append) == 1

    def test_many_events_in_one_transaction(self, rows, engine):
        with write(engine) as connection:
            assert enqueue(connection, (event(n) for n in range(5_001))) == 5_001
            assert connection.execute(select(func.count()).select_from(ledger_outbox)).scalar() == 5_001
        assert rows.advance(Tree.CUSTODY, 10_000, append) == 5_001
        assert [leaf.position for leaf in rows.leaves(Tree.CUSTODY, 2_999)] == list(range(2_999, 5_001))

    def test_two_sequencers_at_once_enter_each_event_once(self, rows):
        rows.enter(event(n) for n in range(300))

        def sequence(_: int) -> int:
            return sum(iter(lambda: rows.advance(Tree.CUSTODY, 7, append), 0))

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(sequence, range(2))) == 300
        assert [leaf.payload for leaf in rows.leaves(Tree.CUSTODY)] == [canonical(event(n)) for n in range(300)]
        assert rows.state(Tree.CUSTODY).frontier.root() == root_of(leaf.hash for leaf in rows.leaves(Tree.CUSTODY))

    def test_nodes_are_those_of_the_tree(self, rows):
        rows.enter(event(n) for n in range(600))
        rows.advance(Tree.CUSTODY, 1_000, append)
        hashes = [leaf.hash for leaf in rows.leaves(Tree.CUSTODY)]
        assert rows.nodes(Tree.CUSTODY, 0, 10, 3) == hashes[10:13]
        assert rows.nodes(Tree.CUSTODY, 8, 0, 2) == [root_of(hashes[:256]), root_of(hashes[256:512])]
        with pytest.raises(IntegrityError, match="lost 1 node"):
            rows.nodes(Tree.CUSTODY, 8, 1, 2)

    def test_a_planned_end_stays(self, rows):
        assert rows.plan(Tree.CUSTODY, 5) == 5
        assert rows.plan(Tree.CUSTODY, 9) == 5
        assert rows.state(Tree.CUSTODY).planned == 5

    def test_sealing_drops_payloads_and_may_be_repeated(self, rows):
        rows.enter(event(n) for n in range(5))
        rows.advance(Tree.CUSTODY, 10, append)
        hashes = [leaf.hash for leaf in rows.leaves(Tree.CUSTODY)]
        three = head(3, root_of(hashes[:3]))
        rows.plan(Tree.CUSTODY, 3)
        for _ in range(2):
            rows.seal(Tree.CUSTODY, three)
        leaves = list(rows.leaves(Tree.CUSTODY))
        assert [leaf.hash for leaf in leaves] == hashes
        assert [leaf.payload is None and leaf.salt is None for leaf in leaves] == [True, True, True, False, False]
        state = rows.state(Tree.CUSTODY)
        assert (state.sealed, state.planned, state.size) == (3, 3, 5)
        five = head(5, root_of(hashes), previous=3)
        rows.seal(Tree.CUSTODY, five)
        assert list(rows.heads(Tree.CUSTODY)) == [three, five]
        assert rows.newest_head(Tree.CUSTODY) == five
        rows.seal(Tree.CUSTODY, three)
        assert rows.state(Tree.CUSTODY).sealed == 5

    def test_positions_are_of_the_first_entry_of_a_kind(self, rows):
        rows.enter([event(1), event(2), event(1, kind="held"), event(1)])
        rows.advance(Tree.CUSTODY, 10, append)
        many = [f"document-{n}" for n in range(1_000)]
        assert rows.positions(Tree.CUSTODY, "archived", many) == {"document-1": 0, "document-2": 1}
        assert rows.positions(Tree.CUSTODY, "held", many) == {"document-1": 2}

    def test_all_entries_about_one_document_in_order(self, rows):
        rows.enter(
            [event(1), LedgerEvent("fixity", "", AT), event(2), event(1, kind="held"), event(1, tree=Tree.ACCESS), event(1)]
        )
        for tree in Tree:
            rows.advance(tree, 10, append)

        def about(tree, document_id):
            return [(leaf.position, leaf.kind) for leaf in rows.about(tree, document_id)]

        assert about(Tree.CUSTODY, "document-1") == [(0, "archived"), (3, "held"), (4, "archived")]
        assert about(Tree.ACCESS, "document-1") == [(0, "archived")]
        assert about(Tree.CUSTODY, "") == [(1, "fixity")]
        assert about(Tree.CUSTODY, "document-9") == []

    def test_silenced_leaves_keep_their_hashes_and_tell_nothing(self, rows):
        rows.enter(event(n) for n in range(5))
        rows.advance(Tree.CUSTODY, 10, append)
        hashes = [leaf.hash for leaf in rows.leaves(Tree.CUSTODY)]
        assert rows.silence(Tree.CUSTODY, 5) == 0, "what is not sealed yet is not touched"
        rows.seal(Tree.CUSTODY, head(4, root_of(hashes[:4])))
        assert [rows.silence(Tree.CUSTODY, 3) for _ in range(2)] == [3, 0]
        leaves = list(rows.leaves(Tree.CUSTODY))
        assert [leaf.hash for leaf in leaves] == hashes
        assert [leaf.document_id for leaf in leaves] == ["", "", "", "document-3", "document-4"]
        assert [leaf.kind for leaf in leaves] == ["", "", "", "archived", "archived"]
        assert list(rows.about(Tree.CUSTODY, "document-1")) == []
        assert rows.silence(Tree.ACCESS, 5) == 0
