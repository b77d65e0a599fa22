"""Leaf hashes at positions of a tree, packed: forty bytes each, so that a million of them are forty megabytes."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import overload

from retention.merkle import HASH_BYTES


class Hashes(Sequence[bytes]):
    """Hashes one after the other in a buffer; a slice shares it."""

    def __init__(self, buffer: bytes | bytearray | memoryview) -> None:
        self._buffer = memoryview(buffer)

    def __len__(self) -> int:
        return len(self._buffer) // HASH_BYTES

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Hashes: ...
    def __getitem__(self, index: int | slice) -> bytes | Hashes:
        if isinstance(index, slice):
            first, end, _ = index.indices(len(self))
            return Hashes(self._buffer[first * HASH_BYTES : max(first, end) * HASH_BYTES])
        at = range(len(self))[index] * HASH_BYTES
        return bytes(self._buffer[at : at + HASH_BYTES])

    def __iter__(self) -> Iterator[bytes]:
        return (bytes(self._buffer[at : at + HASH_BYTES]) for at in range(0, len(self._buffer), HASH_BYTES))


class Leaves:
    """Leaves as they come, in any order of positions."""

    def __init__(self) -> None:
        self._positions, self._hashes = array("Q"), bytearray()

    def __len__(self) -> int:
        return len(self._positions)

    def add(self, position: int, leaf: bytes) -> None:
        """One more, by its leaf hash."""
        self._positions.append(position)
        self._hashes += leaf

    def ascending(self) -> tuple[Sequence[int], Sequence[bytes]]:
        """Positions and leaf hashes beside them, lowest position first."""
        positions, hashes = self._positions, Hashes(self._hashes)
        if all(before <= after for before, after in pairwise(positions)):
            return positions, hashes
        order = sorted(range(len(positions)), key=positions.__getitem__)
        moved = bytearray().join(hashes[each] for each in order)
        return array("Q", (positions[each] for each in order)), Hashes(moved)
