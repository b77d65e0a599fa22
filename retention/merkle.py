"""Merkle trees of RFC 9162, section 2.1, over SHA-256: roots, inclusion and consistency proofs, growth in O(log n) state.

Everything is pure. A verifier needs nothing but this file and hashlib.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

RangeRoot = Callable[[int, int], bytes]
"""Root over the leaves first <= position < end, for a range that is a node of the tree (as the proofs below ask for)."""


def leaf_hash(data: bytes) -> bytes:
    """Hash of one leaf: SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that is needed to append to a tree of `size` leaves: the roots of its complete subtrees, largest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves has another number of complete subtrees than {len(self.hashes)}")
        if any(len(each) != HASH_BYTES for each in self.hashes):
            raise ValueError("a frontier is made of hashes of 32 bytes")

    def root(self) -> bytes:
        """Root of the whole tree."""
        return join(self.hashes) if self.hashes else EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Node:
    """Root of the complete subtree over leaves index * 2**level .. (index + 1) * 2**level - 1."""

    level: int
    index: int
    hash: bytes


class Growth:
    """A tree being appended to.

    Args:
        start: where it stands.
        stride: completed subtrees whose level is a multiple of this are kept in `completed` (0: none), so that proofs
            can later be made without reading every leaf.
    """

    def __init__(self, start: Frontier, stride: int = 0) -> None:
        self.size = start.size
        self.completed: list[Node] = []
        self._hashes = list(start.hashes)
        self._stride = stride

    def append(self, leaf: bytes) -> None:
        """Add one leaf, given by its leaf hash."""
        level, index, node = 0, self.size, leaf
        while index & 1:
            node = node_hash(self._hashes.pop(), node)
            level, index = level + 1, index >> 1
            if self._stride and level % self._stride == 0:
                self.completed.append(Node(level, index, node))
        self._hashes.append(node)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> Growth:
        """Add leaves in order."""
        for leaf in leaves:
            self.append(leaf)
        return self

    def frontier(self) -> Frontier:
        """Where the tree stands now."""
        return Frontier(self.size, tuple(self._hashes))


def join(hashes: Sequence[bytes]) -> bytes:
    """Root over neighbouring subtrees, largest first."""
    return reduce(lambda right, left: node_hash(left, right), reversed(hashes[:-1]), hashes[-1])


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Root over leaf hashes, in order."""
    return Growth(Frontier()).extend(leaves).frontier().root()


def complete_subtrees(first: int, end: int) -> list[tuple[int, int]]:
    """(level, index) of the complete subtrees that make up the leaves first <= position < end, left to right."""
    found = []
    while first < end:
        level = (end - first).bit_length() - 1
        if first:
            level = min(level, (first & -first).bit_length() - 1)
        found.append((level, first >> level))
        first += 1 << level
    return found


def inclusion_path(position: int, size: int, range_root: RangeRoot) -> list[bytes]:
    """Proof that the leaf at `position` is in the tree of `size` leaves (2.1.3.1), leaf side first.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= position < size:
        raise ValueError(f"no leaf {position} in a tree of {size}")
    path, first, end = [], 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if position < middle:
            path.append(range_root(middle, end))
            end = middle
        else:
            path.append(range_root(first, middle))
            first = middle
    return path[::-1]


def inclusion_holds(leaf: bytes, position: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Does `path` show that `leaf` (a leaf hash) is at `position` in the tree of `size` leaves with this root? (2.1.3.2)"""
    if not 0 <= position < size:
        return False
    at, last, found = position, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(step, found)
            at, last = _climb_left_edge(at, last)
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def consistency_path(old: int, new: int, range_root: RangeRoot) -> list[bytes]:
    """Proof that the tree of `old` leaves is a beginning of the tree of `new` leaves (2.1.4.1). Empty for 0 and for equal sizes.

    Raises:
        ValueError: `old` is not between 0 and `new`.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old} leaves can't be the beginning of one of {new}")
    if old in (0, new):
        return []
    path, first, end = [], 0, new
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            path.append(range_root(middle, end))
            end = middle
        else:
            path.append(range_root(first, middle))
            first = middle
    if first:
        path.append(range_root(first, end))
    return path[::-1]


def consistency_holds(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Does `path` show that the old tree is a beginning of the new one? (2.1.4.2)"""
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    if old == new:
        return not path and old_root == new_root
    steps = list(path) if old & (old - 1) else [old_root, *path]
    if not steps:
        return False
    shift = (old ^ (old - 1)).bit_length() - 1  # trailing ones of old - 1: whole subtrees both trees share
    at, last = (old - 1) >> shift, (new - 1) >> shift
    old_found = new_found = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_found, new_found = node_hash(step, old_found), node_hash(step, new_found)
            at, last = _climb_left_edge(at, last)
        else:
            new_found = node_hash(new_found, step)
        at, last = at >> 1, last >> 1
    return last == 0 and old_found == old_root and new_found == new_root


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _climb_left_edge(at: int, last: int) -> tuple[int, int]:
    """Skip the levels at which a rightmost node has no sibling."""
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last
