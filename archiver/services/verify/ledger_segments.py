"""Verification of a tree's leaves: payloads, sealed segments and the catalogue's rows, walked side by side in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, takewhile

from archiver.domain.ledger import Leaf, entry_hash, parse_payload
from archiver.domain.ledger_files import Opening, Segment, payload_range, payload_stem, read_payloads, read_segment
from archiver.errors import IntegrityError
from archiver.ports.ledger import LEVELS, LedgerState
from archiver.ports.objects import ObjectInfo
from archiver.services.ledger_objects import SegmentFile, payload_files, segment_files
from archiver.services.verify.ledger_check import TreeCheck
from retention.merkle import EMPTY_ROOT, Frontier, Growth, leaf_hash

NODES_AT_ONCE = 64
"""Inner nodes compared with the catalogue's in one reading."""


def check_leaves(check: TreeCheck) -> None:
    """Check segments against the roots found sound, and the catalogue's leaves against segments; then what is not sealed yet."""
    state = check.state
    known = takewhile(lambda leaf: not check.grew_by(leaf.position), check.rows.leaves(check.tree))
    leaves = _CatalogueLeaves(check, known)
    payloads, reached, frontier = payload_files(check.objects, check.tree), 0, Frontier()
    for file in segment_files(check.objects, check.tree, check.stray):
        if check.came_since(file.end):
            payloads.pop(payload_stem(check.tree, file.first, file.end), None)
            continue
        if not _follows(check, file, reached):
            continue
        reached = file.end
        segment, files = _read_segment(check, file), payloads.pop(payload_stem(check.tree, file.first, file.end), [])
        if segment is not None:
            frontier = leaves.compare(segment, _openings(check, segment, files))
    _check_reach(check, state, reached, payloads)
    leaves.finish(state, reached, frontier)


def _follows(check: TreeCheck, file: SegmentFile, reached: int) -> bool:
    if file.first < reached:
        check.in_store(
            file.info, f"leaves {file.first} to {min(reached, file.end) - 1} are in another segment, or version, already"
        )
        return False
    if file.first > reached and (reached or not check.may_be_gone(file.first)):
        check.in_store(file.info, f"leaves {reached} to {file.first - 1}, before it, are in no segment")
    return True


def _read_segment(check: TreeCheck, file: SegmentFile) -> Segment | None:
    check.require_lock(file.info)
    segment = check.read(file.info, read_segment)
    if segment is None:
        return None
    if (segment.tree, segment.first, segment.end) != (check.tree, file.first, file.end):
        check.in_store(file.info, f"it holds leaves {segment.first} to {segment.end - 1} of the {segment.tree} tree")
        return None
    signed = check.roots.get(segment.first, EMPTY_ROOT if segment.first == 0 else None)
    if segment.before.root() != signed and (signed or not check.may_be_gone(segment.first)):
        check.in_store(file.info, f"what it says was before it has not the root signed at {segment.first} leaves")
    after = Growth(segment.before).extend(leaf_hash(each) for each in segment.commitments).frontier()
    if after.root() == check.roots.get(segment.end):
        check.counts.leaves += len(segment.commitments)
    elif segment.end in check.roots:
        check.in_store(file.info, f"its commitments do not lead to the root signed at {segment.end} leaves")
    elif check.state.planned != segment.end:
        check.in_store(file.info, f"no sound head of {segment.end} leaves stands for it")
    check.counts.segments += 1
    return segment


def _openings(check: TreeCheck, segment: Segment, files: list[ObjectInfo]) -> dict[int, Opening]:
    """Entries that can still be read, by position; each is what was committed to."""
    found: dict[int, Opening] = {}
    for info in files:
        for opening in check.read(info, read_payloads) or ():
            place = opening.position - segment.first
            if not 0 <= place < len(segment.commitments):
                check.in_store(info, f"entry {opening.position} is none of this segment's")
            elif not opening.opens(segment.commitments[place]):
                check.in_store(info, f"the payload of entry {opening.position} is not what was committed to")
            else:
                found[opening.position] = opening
    check.counts.opened += len(found)
    gone = len(segment.commitments) - len(found)
    if segment.end <= check.expired:
        check.counts.expired += gone
    else:
        check.counts.erased += gone
    return found


def _check_reach(check: TreeCheck, state: LedgerState, reached: int, payloads: dict[str, list[ObjectInfo]]) -> None:
    if state.sealed < reached == state.planned:
        check.counts.interrupted = True
    elif reached != state.sealed:
        check.in_catalogue(f"it says {state.sealed} leaves are sealed, the segments in the object store end at {reached}")
    being_sealed = payload_stem(check.tree, state.sealed, state.planned) if state.planned > state.sealed else ""
    for stem, files in payloads.items():
        place = payload_range(stem)
        if stem != being_sealed and not (place and check.came_since(place[1])):
            for info in files:
                check.in_store(info, "it is of no sound segment")


@dataclass(slots=True)
class _CatalogueLeaves:
    """The catalogue's leaves, read once, in order."""

    check: TreeCheck
    stream: Iterator[Leaf]
    ahead: Leaf | None = field(default=None)

    def compare(self, segment: Segment, openings: dict[int, Opening]) -> Frontier:
        """Compare the leaves of one segment with the catalogue's; where the tree stands after it."""
        growth = Growth(segment.before, LEVELS)
        for position, committed in enumerate(segment.commitments, segment.first):
            expected = leaf_hash(committed)
            growth.append(expected)
            leaf = self._take(position)
            if leaf is None:
                self.check.in_catalogue(f"it has lost leaf {position}")
            elif leaf.hash != expected:
                self.check.in_catalogue(f"its leaf {position} is not the sealed one")
            else:
                self._compare_entry(leaf, openings.get(position))
        self._compare_nodes(growth, True)
        return growth.frontier()

    def finish(self, state: LedgerState, reached: int, frontier: Frontier) -> None:
        """Check the leaves after the last segment against each other and against the catalogue's own state."""
        whole, expected = frontier.size == reached, reached
        growth = Growth(frontier, LEVELS if whole else 0)
        while (leaf := self._next()) is not None:
            if leaf.position < reached:
                continue
            if leaf.position > expected:
                whole = False
                self.check.in_catalogue(f"it has lost leaves {expected} to {leaf.position - 1}")
            self._compare_unsealed(leaf)
            growth.append(leaf.hash)
            expected = leaf.position + 1
            if len(growth.completed) >= NODES_AT_ONCE:
                self._compare_nodes(growth, whole)
        self._compare_nodes(growth, whole)
        if expected != state.size:
            self.check.in_catalogue(f"it says the tree has {state.size} leaves, its leaves end at {expected}")
        elif whole and growth.frontier() != state.frontier:
            self.check.in_catalogue(f"the state it keeps of the tree is not that of its {state.size} leaves")

    def _compare_unsealed(self, leaf: Leaf) -> None:
        self.check.counts.unsealed += 1
        if (leaf.payload is None or leaf.salt is None) and self.check.came_since(leaf.position + 1):
            return
        if leaf.payload is None or leaf.salt is None:
            self.check.in_catalogue(f"it has lost the payload of leaf {leaf.position}, which is not sealed yet")
        else:
            self._compare_entry(leaf, None)

    def _compare_entry(self, leaf: Leaf, opening: Opening | None) -> None:
        payload = opening.payload if opening else leaf.payload
        if leaf.payload is not None and (leaf.salt is None or _hash_of(leaf.salt, leaf.payload) != leaf.hash):
            self.check.in_catalogue(f"its payload of leaf {leaf.position} is not what was entered")
            return
        if payload is None:
            return
        try:
            event = parse_payload(payload, self.check.tree)
        except IntegrityError as error:
            self.check.in_catalogue(f"entry {leaf.position}: {error}")
            return
        if (leaf.kind, leaf.document_id) != (event.kind, event.document_id):
            said = f"{leaf.kind!r} of {leaf.document_id or 'no document'}"
            entered = f"{event.kind!r} of {event.document_id or 'no document'}"
            self.check.in_catalogue(f"its leaf {leaf.position} says {said}, what was entered says {entered}")

    def _compare_nodes(self, growth: Growth, whole: bool) -> None:
        """Compare subtrees completed since the last time. With leaves missing (not `whole`) there is nothing to compare."""
        completed = sorted(growth.completed if whole else (), key=lambda node: (node.level, node.index))
        growth.completed.clear()
        for level, group in groupby(completed, key=lambda node: node.level):
            nodes = list(group)
            try:
                kept = self.check.rows.nodes(self.check.tree, level, nodes[0].index, len(nodes))
            except IntegrityError as error:
                self.check.in_catalogue(str(error))
                continue
            for node, found in zip(nodes, kept, strict=True):
                if node.hash != found:
                    self.check.in_catalogue(f"its node {node.index} at level {level} is not that of the leaves under it")

    def _take(self, position: int) -> Leaf | None:
        """The leaf at this position, or None; leaves before it are passed over (a finding tells of their segment)."""
        while (leaf := self._next()) is not None:
            if leaf.position == position:
                return leaf
            if leaf.position > position:
                self.ahead = leaf
                return None
        return None

    def _next(self) -> Leaf | None:
        if self.ahead is not None:
            leaf, self.ahead = self.ahead, None
            return leaf
        return next(self.stream, None)


def _hash_of(salt: bytes, payload: str) -> bytes:
    return entry_hash(salt, payload) if payload.isascii() else b""
