"""The ledger at work: events in order into the tree, the tree into sealed segments, proofs out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from os import urandom

from archiver.domain.ledger import ARCHIVED, HEARTBEAT, SALT_BYTES, Leaf, LedgerEvent, Tree, entry_hash
from archiver.ports.clock import Clock
from archiver.ports.keys import Keys
from archiver.ports.ledger import LEVELS, Appended, LedgerRows, LedgerState, Waiting
from archiver.ports.objects import ObjectStore
from archiver.services.prove_ledger import prove_entry
from archiver.services.seal_ledger import Sealer, Sealing
from retention.merkle import Growth
from retention.signed_head import InclusionProof

BATCH = 2_000
"""Events moved in one transaction."""
ACCESS_WAITS = 2_048
ACCESS_EVERY = timedelta(hours=1)
"""Entries of the access tree are sealed once so many wait, or so long after the last head: not a few at a time, each time somebody
seals, into a file for every question that was asked."""


class LedgerService:
    """The one sequencer. Every method may be repeated, and cut off anywhere.

    Args:
        sealing: how segments are cut and locked; the default keeps them eleven years.
        sealing_alone: keeps other hosts from sealing meanwhile.
        entropy: n -> n unpredictable bytes, for salts.
    """

    def __init__(
        self,
        rows: LedgerRows,
        objects: ObjectStore,
        keys: Keys,
        clock: Clock,
        *,
        sealing: Sealing | None = None,
        sealing_alone: Callable[[], AbstractContextManager[None]] = nullcontext,
        entropy: Callable[[int], bytes] = urandom,
    ) -> None:
        self._rows = rows
        self._clock = clock
        self._entropy = entropy
        self._keys, self._sealing_alone = keys, sealing_alone
        self._sealer = Sealer(rows, objects, keys, clock, sealing or Sealing())

    def sequence(self) -> int:
        """Enter everything in the outbox, oldest first, in bounded transactions; how many events."""
        total = 0
        for tree in Tree:
            moved = BATCH
            while moved == BATCH:
                moved = self._rows.advance(tree, BATCH, self._append)
                total += moved
        return total

    def seal(self, *, partial: bool = True, small: bool = False) -> int:
        """Seal what is entered and not sealed yet; how many segments. None on a host without the signing key: another does it.

        Args:
            partial: False leaves a last segment that is not full for later: for use within a long run.
            small: with `partial`, also the few and new entries of the access tree that would wait otherwise: when nobody may come
                soon who seals them.

        Raises:
            IntegrityError: what would be signed is not what was entered; see `Sealer.seal_next`.
        """
        if not self._keys.can_sign:
            return 0
        with self._sealing_alone():
            return self._seal_all(partial=partial, small=small)

    def _seal_all(self, *, partial: bool, small: bool) -> int:
        sealed = 0
        for tree in Tree:
            rest = partial and (small or tree is Tree.CUSTODY or self._has_waited())
            while self._sealer.seal_next(tree, partial=rest):
                sealed += 1
        return sealed

    def _has_waited(self) -> bool:
        """Whether what the access tree has unsealed is enough, or old enough, for a segment."""
        state, head = self._rows.state(Tree.ACCESS), self._rows.newest_head(Tree.ACCESS)
        many = state.size - state.sealed >= ACCESS_WAITS
        return many or head is None or self._clock.now() - head.statement.time >= ACCESS_EVERY

    def beat(self, every: timedelta = timedelta(hours=24)) -> int:
        """Sequence and seal, with a heartbeat in each silent tree that has no head younger than `every`; how many segments."""
        if not self._keys.can_sign:
            return 0
        with self._sealing_alone():
            now = self._clock.now()
            for tree in Tree:
                head = self._rows.newest_head(tree)
                if (head is None or now - head.statement.time >= every) and not self._rows.waiting(tree):
                    self._rows.enter([LedgerEvent(HEARTBEAT, "", now, tree=tree)])
            self.sequence()
            return self._seal_all(partial=True, small=True)

    def inclusion_proof(self, document_id: str, kind: str = ARCHIVED, tree: Tree = Tree.CUSTODY) -> InclusionProof:
        """Proof of the document's first entry of this kind under the newest signed head.

        Raises:
            NotFoundError: there is no such entry, or it is not sealed yet.
            IntegrityError: the catalogue's tree is not the one that was signed.
        """
        return prove_entry(self._rows, document_id, kind, tree)

    def _append(self, state: LedgerState, events: Sequence[Waiting]) -> Appended:
        growth, leaves = Growth(state.frontier, LEVELS), []
        for event in events:
            salt = self._entropy(SALT_BYTES)
            leaf = entry_hash(salt, event.payload)
            leaves.append(Leaf(growth.size, event.kind, event.document_id, leaf, event.payload, salt))
            growth.append(leaf)
        return Appended(leaves, growth.completed, growth.frontier())
