"""Merkle trees against the recursive definition of RFC 9162, which is short enough to be believed."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from retention.merkle import (
    Frontier,
    Growth,
    complete_subtrees,
    consistency_holds,
    consistency_path,
    inclusion_holds,
    inclusion_path,
    join,
    leaf_hash,
    root_of,
)


def naive_root(data: list[bytes]) -> bytes:
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    k = 1
    while k * 2 < len(data):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(data[:k]) + naive_root(data[k:])).digest()


def data_of(size: int) -> list[bytes]:
    return [str(n).encode() for n in range(size)]


def range_root_of(data: list[bytes]):
    return lambda first, end: naive_root(data[first:end])


sizes = st.integers(1, 300)


@given(st.integers(0, 300), st.integers(0, 300))
def test_growing_in_two_steps_gives_the_root_of_the_definition(one, two):
    data = data_of(one + two)
    hashes = [leaf_hash(each) for each in data]
    middle = Growth(Frontier()).extend(hashes[:one]).frontier()
    assert middle.root() == naive_root(data[:one])
    assert Growth(middle).extend(hashes[one:]).frontier().root() == root_of(hashes) == naive_root(data)


@given(st.data(), sizes)
def test_inclusion(draw, size):
    data = data_of(size)
    position = draw.draw(st.integers(0, size - 1))
    path = inclusion_path(position, size, range_root_of(data))
    root, leaf = naive_root(data), leaf_hash(data[position])
    assert inclusion_holds(leaf, position, size, path, root)
    assert not inclusion_holds(leaf_hash(b"forged"), position, size, path, root)
    assert not inclusion_holds(leaf, position, size, [*path, root], root)
    assert not inclusion_holds(leaf, size, size, path, root)
    if path:
        assert not inclusion_holds(leaf, position, size, path[:-1], root)
        assert not inclusion_holds(leaf, position, size, path[1:], root)
    if size > 1:
        other = (position + 1) % size
        assert not inclusion_holds(leaf, other, size, path, root)


@given(st.data(), sizes)
def test_consistency(draw, new):
    old = draw.draw(st.integers(0, new))
    data = data_of(new)
    path = consistency_path(old, new, range_root_of(data))
    roots = naive_root(data[:old]), naive_root(data)
    assert consistency_holds(old, roots[0], new, roots[1], path)
    forged = hashlib.sha256(b"forged").digest()
    assert not consistency_holds(old, forged, new, roots[1], path)
    assert not consistency_holds(old, roots[0], new, roots[1], [*path, forged])
    if old:
        assert not consistency_holds(old, roots[0], new, forged, path)
    if path:
        assert not consistency_holds(old, roots[0], new, roots[1], path[:-1])
        assert not consistency_holds(old, roots[0], new, roots[1], [forged, *path[1:]])


@given(st.data(), sizes)
def test_a_rewritten_past_has_no_proof(draw, new):
    old = draw.draw(st.integers(1, new))
    position = draw.draw(st.integers(0, old - 1))
    data = data_of(new)
    rewritten = [*data]
    rewritten[position] = b"forged"
    path = consistency_path(old, new, range_root_of(rewritten))
    assert not consistency_holds(old, naive_root(data[:old]), new, naive_root(rewritten), path)


@given(st.integers(0, 2000), st.integers(0, 2000))
def test_complete_subtrees_cover_a_range_without_gap(one, two):
    first, end = sorted((one, two))
    at = first
    for level, index in complete_subtrees(first, end):
        assert index << level == at
        at += 1 << level
    assert at == end


@given(st.integers(1, 600), st.sampled_from([1, 2, 3, 8]))
def test_completed_subtrees_are_the_nodes_of_the_tree(size, stride):
    data = data_of(size)
    growth = Growth(Frontier(), stride).extend(leaf_hash(each) for each in data)
    for node in growth.completed:
        assert node.level % stride == 0
        assert node.hash == naive_root(data[node.index << node.level : (node.index + 1) << node.level])
    expected = sum(size >> level for level in range(stride, size.bit_length(), stride))
    assert len(growth.completed) == expected


@given(sizes)
def test_join_makes_a_root_of_subtrees(size):
    data = data_of(size)
    hashes = [naive_root(data[i << level : (i + 1) << level]) for level, i in complete_subtrees(0, size)]
    assert join(hashes) == naive_root(data)
