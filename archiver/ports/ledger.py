"""Port: the ledger's rows, its working state in the catalogue. What is sealed in the object store is the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from archiver.domain.ledger import Leaf, LedgerEvent, Tree
from retention.merkle import Frontier, Node
from retention.signed_head import SignedHead

LEVELS = 8
"""Complete subtrees are kept at every eighth level: one row for 256 leaves, and a proof reads a few hundred rows at most."""


@dataclass(frozen=True, slots=True)
class LedgerState:
    """Where a tree stands.

    Attributes:
        frontier: after the last leaf.
        sealed: leaves that are in the object store under a signed head.
        planned: end of the segment being sealed; equal to `sealed` when none is.
    """

    tree: Tree
    frontier: Frontier = field(default_factory=Frontier)
    sealed: int = 0
    planned: int = 0

    @property
    def size(self) -> int:
        """Leaves in the tree."""
        return self.frontier.size


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event in the outbox, as its payload."""

    kind: str
    document_id: str
    payload: str


@dataclass(frozen=True, slots=True)
class Appended:
    """What a batch of events made of a tree."""

    leaves: Sequence[Leaf]
    nodes: Sequence[Node]
    frontier: Frontier


Append = Callable[[LedgerState, Sequence[Waiting]], Appended]


class LedgerRows(Protocol):
    """Outbox, leaves, inner nodes, heads and state of each tree.

    Raises, everywhere: `UnreachableError` when the database does not answer, `IntegrityError` when it is damaged.
    """

    def enter(self, events: Iterable[LedgerEvent]) -> int:
        """Write events to the outbox in a transaction of their own; how many.

        Raises:
            UsageError: one of them can't be an entry; none is written.
        """

    def advance(self, tree: Tree, limit: int, append: Append) -> int:
        """Move at most `limit` events, oldest first, from the outbox to the tree; how many were moved.

        One transaction, with the tree locked against other sequencers: each event is entered exactly once, or not yet.
        """

    def waiting(self, tree: Tree) -> int:
        """Events in the outbox."""

    def state(self, tree: Tree) -> LedgerState:
        """Where the tree stands."""

    def leaves(self, tree: Tree, first: int = 0) -> Iterator[Leaf]:
        """Leaves from position `first` on, in order, lazily, read in small pages."""

    def nodes(self, tree: Tree, level: int, first: int, count: int) -> list[bytes]:
        """Hashes of `count` neighbouring complete subtrees from index `first`.

        Args:
            level: a multiple of `LEVELS`; at 0 are the leaves.

        Raises:
            IntegrityError: one is missing.
        """

    def plan(self, tree: Tree, end: int) -> int:
        """Decide that the next segment ends before `end`, unless one is planned already; the end that holds."""

    def seal(self, tree: Tree, head: SignedHead) -> None:
        """Take note of a published head: keep it, drop payloads and salts of what it seals. Safe to repeat."""

    def heads(self, tree: Tree) -> Iterator[SignedHead]:
        """Published heads, smallest first, lazily."""

    def newest_head(self, tree: Tree) -> SignedHead | None:
        """The last one published; None before the first."""

    def positions(self, tree: Tree, kind: str, document_ids: Sequence[str]) -> dict[str, int]:
        """For each of these documents that has an entry of this kind, the position of its first."""

    def about(self, tree: Tree, document_id: str) -> Iterator[Leaf]:
        """Leaves about this document, in order, lazily, read in small pages."""

    def silence(self, tree: Tree, end: int) -> int:
        """Forget of sealed leaves before `end` what they were about: kind and document. Their hashes stay. How many. Safe to
        repeat."""

    def latest(self, tree: Tree, kinds: Sequence[str], document_ids: Sequence[str]) -> dict[str, int]:
        """For each of these documents that has an entry of one of these kinds, the position of its last."""
