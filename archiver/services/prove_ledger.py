"""Roots and proofs over a tree, out of the nodes the catalogue keeps: a few hundred rows, whatever the tree's size."""

from __future__ import annotations

from contextlib import suppress

from archiver.domain.ledger import Tree
from archiver.errors import IntegrityError, NotFoundError
from archiver.ports.keys import Keys
from archiver.ports.ledger import LEVELS, LedgerRows
from retention.merkle import Frontier, complete_subtrees, consistency_path, inclusion_path, join, node_hash, root_of
from retention.signed_head import InclusionProof, SignedHead


class KeptTree:
    """A tree as the catalogue keeps it."""

    def __init__(self, rows: LedgerRows, tree: Tree) -> None:
        self._rows = rows
        self._tree = tree

    def subtree(self, level: int, index: int) -> bytes:
        """Root of the complete subtree over 2**level leaves."""
        above = level % LEVELS
        try:
            return root_of(self._rows.nodes(self._tree, level - above, index << above, 1 << above))
        except IntegrityError:
            if self._tree is Tree.CUSTODY or not level:
                raise
            return self._taken_up(level, index)

    def _taken_up(self, level: int, index: int) -> bytes:
        """Of an access tree without its beginning: the roots it was taken up from lie at whatever level each of them has."""
        if level % LEVELS:
            with suppress(IntegrityError):
                return self._rows.nodes(self._tree, level, index, 1)[0]
        return node_hash(self.subtree(level - 1, 2 * index), self.subtree(level - 1, 2 * index + 1))

    def range_root(self, first: int, end: int) -> bytes:
        """`retention.merkle.RangeRoot` over this tree."""
        return join([self.subtree(level, index) for level, index in complete_subtrees(first, end)])

    def frontier(self, size: int) -> Frontier:
        """Where the tree stood at this size."""
        return Frontier(size, tuple(self.subtree(level, index) for level, index in complete_subtrees(0, size)))

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """RFC 9162 consistency proof."""
        return tuple(consistency_path(old, new, self.range_root))

    def inclusion(self, position: int, size: int) -> tuple[bytes, ...]:
        """RFC 9162 inclusion proof."""
        return tuple(inclusion_path(position, size, self.range_root))


def signed_here(keys: Keys, head: SignedHead) -> bool:
    """Was the head signed by a key of this archive, the one it names?"""
    try:
        return head.signed_by(keys.public_key(head.statement.key_id))
    except NotFoundError:
        return False


def prove_entry(rows: LedgerRows, document_id: str, kind: str, tree: Tree) -> InclusionProof:
    """Proof that the document's first entry of this kind is under the newest signed head.

    Raises:
        NotFoundError: there is no such entry, or it is not under a signed head yet.
        IntegrityError: the catalogue's tree is not the one that was signed.
    """
    position = rows.positions(tree, kind, [document_id]).get(document_id)
    if position is None:
        raise NotFoundError(f"the {tree} ledger has no {kind!r} entry of document {document_id}")
    head = rows.newest_head(tree)
    if head is None or head.size <= position:
        raise NotFoundError(
            f"the {kind!r} entry of document {document_id} is not sealed yet", remedy="seal the ledger, then ask again"
        )
    kept = KeptTree(rows, tree)
    proof = InclusionProof(head, position, kept.subtree(0, position), kept.inclusion(position, head.size))
    if not proof.holds():
        raise IntegrityError(
            f"the catalogue's {tree} tree is not the one signed at {head.size} leaves",
            remedy="run `minutier verify` to see where",
        )
    return proof
