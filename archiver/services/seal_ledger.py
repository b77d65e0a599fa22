"""Sealing: leaves become files in the object store under a signed head, a segment at a time.

The end of a segment is decided in the catalogue before its files are written, the files are create-only and the same each time,
and the catalogue takes note of them last. So a run that was cut off anywhere is repeated by the next one, under the same names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from archiver.domain.document import LockMode
from archiver.domain.ledger import Leaf, Tree, commitment, parse_payload
from archiver.domain.ledger_files import (
    SEGMENT_LEAVES,
    SEGMENT_PAYLOAD_BYTES,
    Opening,
    Segment,
    head_key,
    payload_key,
    read_head,
    read_payloads,
    segment_key,
    write_head,
    write_payloads,
    write_segment,
)
from archiver.errors import IntegrityError
from archiver.ports.clock import Clock
from archiver.ports.keys import Keys
from archiver.ports.ledger import LedgerRows, LedgerState
from archiver.ports.objects import Bucket, Lock, ObjectStore, Put, PutResult
from archiver.services.ledger_objects import read_file
from archiver.services.prove_ledger import KeptTree, signed_here
from retention.merkle import EMPTY_ROOT, Growth, leaf_hash
from retention.signed_head import SignedHead, Statement


@dataclass(frozen=True, slots=True)
class Sealing:
    """How segments are cut and locked.

    Attributes:
        keep: how long files are locked, from the moment of sealing; longer than the longest retention period. Locks are extended
            while the archive lives, those of the access tree too: its months expire, its commitments stay.
        leaves: most leaves in a segment, at most `SEGMENT_LEAVES`.
    """

    keep: timedelta = timedelta(days=11 * 366)
    mode: LockMode = LockMode.GOVERNANCE
    leaves: int = SEGMENT_LEAVES


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals one segment after the other."""

    rows: LedgerRows
    objects: ObjectStore
    keys: Keys
    clock: Clock
    sealing: Sealing

    def seal_next(self, tree: Tree, *, partial: bool) -> bool:
        """Seal the next segment; False when there is nothing (or, unless `partial`, less than a full one) to seal.

        Raises:
            IntegrityError: leaves are not what was entered, the tree is not the one signed before, or other files lie
                where the segment's belong. Nothing is signed then.
        """
        state = self.rows.state(tree)
        waiting = list(islice(self.rows.leaves(tree, state.sealed), state.planned - state.sealed or self.sealing.leaves))
        if state.planned == state.sealed and (not waiting or (not partial and len(waiting) < self.sealing.leaves)):
            return False
        end = self.rows.plan(tree, state.sealed + _cut(tree, waiting))
        openings = [_opening(leaf) for leaf in waiting[: end - state.sealed]]
        if [each.position for each in openings] != list(range(state.sealed, end)):
            raise IntegrityError(f"the catalogue has lost leaves of the {tree} tree between {state.sealed} and {end - 1}")
        older = self._newest_head(state)
        segment = self._segment(state, openings, older.root if older else EMPTY_ROOT)
        self._write_files(segment, openings)
        self.rows.seal(tree, self._publish(self._head(state, segment, older)))
        return True

    def _newest_head(self, state: LedgerState) -> SignedHead | None:
        head = self.rows.newest_head(state.tree)
        if (head.size if head else 0) != state.sealed:
            raise IntegrityError(f"the catalogue's newest head of the {state.tree} tree is not the one of {state.sealed} leaves")
        if head and not signed_here(self.keys, head):
            raise IntegrityError(f"the signature of the {state.tree} head of {head.size} leaves does not hold")
        return head

    def _segment(self, state: LedgerState, openings: Sequence[Opening], signed_root: bytes) -> Segment:
        before = KeptTree(self.rows, state.tree).frontier(state.sealed)
        if before.root() != signed_root:
            raise IntegrityError(f"the catalogue's {state.tree} tree is not the one that was signed at {state.sealed} leaves")
        return Segment(state.tree, before, tuple(commitment(each.salt, each.payload) for each in openings))

    def _write_files(self, segment: Segment, openings: Sequence[Opening]) -> None:
        place = (segment.tree, segment.first, segment.end)
        payloads = Put(Bucket.DELETABLE, payload_key(*place), body=write_payloads(openings))
        commitments = Put(Bucket.LOCKED, segment_key(*place), body=write_segment(segment), lock=self._lock())
        kept, sealed = self.objects.put([payloads, commitments])
        if not kept.created and read_payloads(read_file(self.objects, kept.info)) != list(openings):
            raise _taken(kept)
        if not sealed.created and read_file(self.objects, sealed.info) != commitments.body:
            raise _taken(sealed)

    def _head(self, state: LedgerState, segment: Segment, older: SignedHead | None) -> SignedHead:
        after = Growth(segment.before).extend(leaf_hash(each) for each in segment.commitments).frontier()
        if segment.end == state.size and after != state.frontier:
            raise IntegrityError(f"the catalogue's {state.tree} tree does not end as it was built, at {state.size} leaves")
        statement = Statement(state.tree, segment.end, after.root(), self.clock.now(), self.keys.signing_key_id())
        previous = older.size if older else 0
        proof = KeptTree(self.rows, state.tree).consistency(previous, segment.end)
        return SignedHead(statement, self.keys.sign(statement.text().encode("ascii")), previous, proof)

    def _publish(self, head: SignedHead) -> SignedHead:
        """Write the head, or take the one a run that was cut off left there, if it says the same."""
        tree = Tree(head.statement.tree)
        put = Put(Bucket.LOCKED, head_key(tree, head.size), body=write_head(head), lock=self._lock())
        (result,) = self.objects.put([put])
        if result.created:
            return head
        found = read_head(read_file(self.objects, result.info))
        same = (found.statement.tree, found.size, found.root, found.previous) == (tree, head.size, head.root, head.previous)
        if not same or not signed_here(self.keys, found):
            raise _taken(result)
        return found

    def _lock(self) -> Lock:
        return Lock(self.sealing.mode, self.clock.now() + self.sealing.keep)


def _cut(tree: Tree, leaves: Sequence[Leaf]) -> int:
    """How many of these leaves make the next segment: bounded in bytes, and for access within one month."""
    size = 0
    for count, leaf in enumerate(leaves):
        size += len(leaf.payload or "")
        if count and (size > SEGMENT_PAYLOAD_BYTES or (tree is Tree.ACCESS and _month(leaf, tree) != _month(leaves[0], tree))):
            return count
    return len(leaves)


def _month(leaf: Leaf, tree: Tree) -> tuple[int, int]:
    at = parse_payload(leaf.payload or "", tree).at
    return at.year, at.month


def _opening(leaf: Leaf) -> Opening:
    if leaf.payload is None or leaf.salt is None:
        raise IntegrityError(f"the catalogue has lost the payload of ledger entry {leaf.position} before it was sealed")
    opening = Opening(leaf.position, leaf.salt, leaf.payload)
    if leaf_hash(commitment(leaf.salt, leaf.payload)) != leaf.hash:
        raise IntegrityError(f"the catalogue's payload of ledger entry {leaf.position} is not what was entered")
    return opening


def _taken(result: PutResult) -> IntegrityError:
    return IntegrityError(
        f"{result.info.ref.key} is there already and tells another history",
        remedy="the catalogue may be older than the object store: restore the newer catalogue from a backup, then run `minutier verify`",
    )
