"""A proof of many leaves against the recursive definition of the tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.leaves import Leaves
from retention.merkle import Frontier, Growth, inclusion_path, leaf_hash, node_hash, root_of
from retention.multiproof import multiproof, multiproof_root, sorted_multiproof_root


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(str(n).encode()) for n in range(size)]


def range_root_of(leaves: list[bytes]):
    return lambda first, end: root_of(leaves[first:end])


@st.composite
def wanted_leaves(draw, most=130):
    size = draw(st.integers(1, most))
    return size, sorted(draw(st.sets(st.integers(0, size - 1))))


def definition(first: int, end: int, wanted: set[int], leaves: list[bytes]) -> list[bytes]:
    """The rule as it is written down, one leaf after the other."""
    if not wanted & set(range(first, end)):
        return [root_of(leaves[first:end])]
    if end - first == 1:
        return []
    middle = first + (1 << ((end - first - 1).bit_length() - 1))
    return definition(first, middle, wanted, leaves) + definition(middle, end, wanted, leaves)


@given(wanted_leaves())
def test_it_is_what_the_rule_says_and_leads_to_the_root(case):
    size, positions = case
    leaves = leaves_of(size)
    proof = multiproof(positions, size, range_root_of(leaves))
    assert proof == definition(0, size, set(positions), leaves)
    assert multiproof_root({at: leaves[at] for at in positions}, size, proof) == root_of(leaves)


@given(st.integers(1, 200).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1))))
def test_one_leaf_needs_what_an_inclusion_path_holds(case):
    size, position = case
    leaves = leaves_of(size)
    ranges = range_root_of(leaves)
    assert sorted(multiproof([position], size, ranges)) == sorted(inclusion_path(position, size, ranges))


@given(wanted_leaves(), st.data())
def test_nothing_else_leads_to_the_root(case, draw):
    size, positions = case
    leaves = leaves_of(size)
    proof, root = multiproof(positions, size, range_root_of(leaves)), root_of(leaves)
    claimed = {at: leaves[at] for at in positions}
    what = draw.draw(st.sampled_from(["leaf", "step", "short", "long", "moved", "left out", "added"]))
    if what == "leaf" and positions:
        claimed[draw.draw(st.sampled_from(positions))] = leaf_hash(b"forged")
    elif what == "step" and proof:
        proof[draw.draw(st.integers(0, len(proof) - 1))] = leaf_hash(b"forged")
    elif what == "short" and proof:
        del proof[draw.draw(st.integers(0, len(proof) - 1))]
    elif what == "long":
        proof.insert(draw.draw(st.integers(0, len(proof))), leaf_hash(b"more"))
    elif what == "moved" and len(positions) < size and positions:
        taken = draw.draw(st.sampled_from(positions))
        claimed[draw.draw(st.sampled_from(sorted(set(range(size)) - set(positions))))] = claimed.pop(taken)
    elif what == "left out" and positions:
        del claimed[draw.draw(st.sampled_from(positions))]
    elif what == "added" and len(positions) < size:
        claimed[draw.draw(st.sampled_from(sorted(set(range(size)) - set(positions))))] = leaf_hash(b"forged")
    else:
        return
    assert multiproof_root(claimed, size, proof) != root


@given(wanted_leaves(most=60))
def test_range_roots_are_asked_for_nodes_of_the_tree_only(case):
    size, positions = case
    nodes = set()

    def walk(first, end):
        nodes.add((first, end))
        if end - first > 1:
            middle = first + (1 << ((end - first - 1).bit_length() - 1))
            walk(first, middle)
            walk(middle, end)

    walk(0, size)
    asked = []
    multiproof(positions, size, lambda first, end: asked.append((first, end)) or b"\0" * 32)
    assert set(asked) <= nodes
    assert len(asked) == len(set(asked))


@given(wanted_leaves(), st.randoms(use_true_random=False))
def test_packed_leaves_are_the_same_in_any_order(case, shuffled):
    size, positions = case
    leaves, packed, order = leaves_of(size), Leaves(), list(positions)
    shuffled.shuffle(order)
    for position in order:
        packed.add(position, leaves[position])
    found, hashes = packed.ascending()
    assert (len(packed), list(found), list(hashes)) == (len(positions), positions, [leaves[each] for each in positions])
    assert list(hashes[1:3]) == [leaves[each] for each in positions[1:3]]
    proof = multiproof(positions, size, range_root_of(leaves))
    assert sorted_multiproof_root(found, hashes, size, proof) == root_of(leaves)


def test_nothing_of_an_empty_tree():
    assert multiproof([], 0, range_root_of([])) == []
    assert multiproof_root({}, 0, []) == root_of([])
    assert multiproof_root({}, 0, [b"\0" * 32]) is None


def test_a_step_that_is_no_hash_does_not_fit():
    leaves = leaves_of(2)
    assert multiproof_root({0: leaves[0]}, 2, [leaves[1]]) == node_hash(*leaves)
    assert multiproof_root({0: leaves[0]}, 2, [leaves[1][:31]]) is None
    assert multiproof_root({2: leaves[0]}, 2, [leaves[1]]) is None
    assert multiproof_root({-1: leaves[0]}, 2, [leaves[1]]) is None


@pytest.mark.parametrize("positions", [[1, 0], [0, 0], [-1], [5], [0, 5]])
def test_positions_that_are_none(positions):
    with pytest.raises(ValueError, match=r"position|no leaf"):
        multiproof(positions, 5, range_root_of(leaves_of(5)))


def test_a_range_of_many_leaves_in_a_large_tree():
    size, first, end = 300_000, 123_457, 223_457
    leaves = leaves_of(size)
    asked = []

    def range_root(low, high):
        asked.append((low, high))
        return root_of(leaves[low:high])

    proof = multiproof(range(first, end), size, range_root)
    assert len(proof) == len(asked) < 2 * size.bit_length()
    assert (
        multiproof_root({at: leaves[at] for at in range(first, end)}, size, proof)
        == Growth(Frontier()).extend(leaves).frontier().root()
    )
