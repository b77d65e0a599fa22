"""One proof for many leaves at once of an RFC 9162 tree: what inclusion paths would say over and over is said once.

The tree is walked depth first, left first: a subtree without a wanted leaf gives its root, a wanted leaf gives nothing.
Pure; a verifier needs this file, retention.merkle and hashlib.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from retention.merkle import EMPTY_ROOT, HASH_BYTES, RangeRoot, node_hash, root_of


def multiproof(positions: Sequence[int], size: int, range_root: RangeRoot) -> list[bytes]:
    """Proof that leaves are at these positions of the tree of `size` leaves.

    Args:
        positions: ascending, each once.
        range_root: is asked for nodes of the tree only.

    Raises:
        ValueError: positions out of order, twice, or beyond the tree.
    """
    if any(after <= before for before, after in pairwise(positions)):
        raise ValueError("positions are given in ascending order, each once")
    if positions and not 0 <= positions[0] <= positions[-1] < size:
        raise ValueError(f"no leaf {positions[0] if positions[0] < 0 else positions[-1]} in a tree of {size}")
    proof: list[bytes] = []
    if size:
        _collect(positions, _Span(0, size, 0, len(positions)), range_root, proof)
    return proof


def multiproof_root(leaves: Mapping[int, bytes], size: int, proof: Sequence[bytes]) -> bytes | None:
    """Root of the tree of `size` leaves with these leaf hashes at these positions; None when the proof does not fit.

    Whoever compares it with a signed root learns that each leaf is under it, in its place.
    """
    positions = sorted(leaves)
    return sorted_multiproof_root(positions, [leaves[each] for each in positions], size, proof)


def sorted_multiproof_root(positions: Sequence[int], leaves: Sequence[bytes], size: int, proof: Sequence[bytes]) -> bytes | None:
    """As `multiproof_root`, for positions in ascending order, each once, and their leaf hashes beside them."""
    if positions and not 0 <= positions[0] <= positions[-1] < size:
        return None
    if any(len(each) != HASH_BYTES for each in proof):
        return None
    if not size:
        return None if proof else EMPTY_ROOT
    steps = iter(proof)
    try:
        root = _rebuilt(positions, leaves, _Span(0, size, 0, len(positions)), steps)
    except _TooShortError:
        return None
    return root if next(steps, None) is None else None


class _TooShortError(Exception):
    """The proof ended before the tree did."""


class _Span:
    """A node of the tree over the leaves first <= position < end, and the wanted ones among them: positions[low:high]."""

    __slots__ = ("end", "first", "high", "low")

    def __init__(self, first: int, end: int, low: int, high: int) -> None:
        self.first, self.end, self.low, self.high = first, end, low, high

    def halves(self, positions: Sequence[int]) -> tuple[_Span, _Span]:
        middle = self.first + (1 << ((self.end - self.first - 1).bit_length() - 1))
        cut = bisect_left(positions, middle, self.low, self.high)
        return _Span(self.first, middle, self.low, cut), _Span(middle, self.end, cut, self.high)

    @property
    def wanted(self) -> bool:
        return self.low < self.high

    @property
    def whole(self) -> bool:
        """Every leaf under it is wanted: no need to look at them one by one."""
        return self.high - self.low == self.end - self.first


def _collect(positions: Sequence[int], span: _Span, range_root: RangeRoot, proof: list[bytes]) -> None:
    if not span.wanted:
        proof.append(range_root(span.first, span.end))
    elif not span.whole:
        for half in span.halves(positions):
            _collect(positions, half, range_root, proof)


def _rebuilt(positions: Sequence[int], leaves: Sequence[bytes], span: _Span, steps: Iterator[bytes]) -> bytes:
    if not span.wanted:
        found = next(steps, None)
        if found is None:
            raise _TooShortError
        return found
    if span.whole:
        return root_of(leaves[span.low : span.high])
    left, right = span.halves(positions)
    return node_hash(_rebuilt(positions, leaves, left, steps), _rebuilt(positions, leaves, right, steps))
