"""Reading a sealed ledger back out of the object store, checked as it is read: what a rebuilt catalogue keeps of it.

Every segment leads from the head before it to a head that a key of this archive signed, and every payload is what was committed to.
Of two versions under one name the one that fits counts, whichever lies on top. Memory: one segment, and a line for each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from archiver.domain.ledger import Leaf, LedgerEntry, Tree, parse_payload
from archiver.domain.ledger_files import Opening, Segment, payload_stem, read_head, read_payloads, read_segment
from archiver.errors import IntegrityError
from archiver.ports.keys import Keys
from archiver.ports.ledger import LEVELS, Appended
from archiver.ports.objects import ObjectInfo, ObjectStore
from archiver.services.ledger_objects import HeadFile, SegmentFile, head_files, payload_files, read_file, segment_files
from archiver.services.prove_ledger import signed_here
from retention.merkle import Frontier, Growth, Node, complete_subtrees, leaf_hash
from retention.signed_head import SignedHead

Told = Callable[[str, str], None]
"""Is told where something does not fit, and what."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A segment as read back.

    Attributes:
        head: that seals it; None for the last one, when sealing it was cut off before its head was published.
        entries: those of its entries that were not erased, in order.
    """

    appended: Appended
    end: int
    head: SignedHead | None
    entries: Sequence[LedgerEntry]


class SealedLedger:
    """One tree in the object store.

    Args:
        expired: leaves before this one may be gone, files and all, without a word.
    """

    def __init__(self, objects: ObjectStore, keys: Keys, tree: Tree, told: Told, expired: int = 0) -> None:
        self._objects, self._keys, self._tree, self._told, self._expired = objects, keys, tree, told, expired

    def stretches(self) -> Iterator[Stretch]:
        """Segments in order.

        Raises:
            IntegrityError: one is missing or damaged, or leads to no head of this archive. Nothing after it is to be trusted.
        """
        heads, payloads = self._heads(), payload_files(self._objects, self._tree)
        frontier, older = Frontier(), None
        last = max(heads, default=0)
        for first, files in sorted(self._segments().items()):
            begun: Sequence[Node] = ()
            if first and not frontier.size and self._tree is Tree.ACCESS:
                frontier = self._beginning_lost(files)
                begun = _roots(frontier)
            if first < frontier.size:
                self._strangers(files, "its leaves are in another segment already")
                continue
            if first > frontier.size:
                raise IntegrityError(f"the {self._tree} ledger has no segment that begins at leaf {frontier.size}")
            file, segment, growth, head = self._fitting(files, heads, frontier, older, last)
            openings = self._openings(segment, payloads.get(payload_stem(self._tree, file.first, file.end), []))
            if head is None and len(openings) < len(segment.commitments):
                self._told(_place(file.info), "it was never signed, and what it commits to is gone: left out")
                return
            yield self._stretch(segment, growth, head, openings, begun)
            frontier, older = growth.frontier(), head
        if last > frontier.size:
            raise IntegrityError(f"the {self._tree} ledger was signed at {last} leaves, its segments end at {frontier.size}")

    def _beginning_lost(self, files: Sequence[SegmentFile]) -> Frontier:
        """Where the access tree stood before its first segment that is still there, as that one says; the head after it shows
        whether that is so. Who read what is no reason to have no catalogue at all."""
        for file in files:
            with suppress(IntegrityError):
                before = read_segment(read_file(self._objects, file.info)).before
                if before.size > self._expired:
                    said = f"the access ledger begins here: leaves 0 to {before.size - 1} are in no segment"
                    self._told(_place(file.info), said)
                return before
        return Frontier()

    def _segments(self) -> dict[int, list[SegmentFile]]:
        found = defaultdict(list)
        for file in segment_files(self._objects, self._tree, self._stray):
            found[file.first].append(file)
        return found

    def _heads(self) -> dict[int, list[HeadFile]]:
        found = defaultdict(list)
        for file in head_files(self._objects, self._tree, self._stray):
            found[file.size].append(file)
        return dict(found)

    def _fitting(
        self,
        files: Sequence[SegmentFile],
        heads: Mapping[int, Sequence[HeadFile]],
        before: Frontier,
        older: SignedHead | None,
        last: int,
    ) -> tuple[SegmentFile, Segment, Growth, SignedHead | None]:
        """Of what lies under the names of this place, the segment that continues the tree as it was signed."""
        for file in files:
            try:
                segment = read_segment(read_file(self._objects, file.info))
            except IntegrityError as error:
                self._told(_place(file.info), str(error))
                continue
            growth = Growth(before, LEVELS).extend(leaf_hash(each) for each in segment.commitments)
            whole = (segment.tree, segment.before, segment.end) == (self._tree, before, file.end)
            head = self._head(heads.get(file.end, ()), growth.frontier(), older, before.size)
            if whole and (head is not None or file.end > last):
                self._strangers([one for one in files if one is not file], "another segment stands in this place")
                return file, segment, growth, head
        raise IntegrityError(
            f"no segment of the {self._tree} ledger leads from leaf {before.size} to a head that this archive has signed",
            remedy="restore the ledger's files from a copy; `minutier verify` on it says which are damaged",
        )

    def _head(self, files: Sequence[HeadFile], reached: Frontier, older: SignedHead | None, size: int) -> SignedHead | None:
        for file in files:
            try:
                head = read_head(read_file(self._objects, file.info))
            except IntegrityError as error:
                self._told(_place(file.info), str(error))
                continue
            same = (head.statement.tree, head.size, head.root) == (self._tree, reached.size, reached.root())
            follows = head.continues(older) if older else head.previous == size
            if same and follows and signed_here(self._keys, head):
                return head
            self._told(_place(file.info), "it is no head that this archive has signed over this ledger")
        return None

    def _openings(self, segment: Segment, files: Sequence[ObjectInfo]) -> dict[int, Opening]:
        found: dict[int, Opening] = {}
        for info in files:
            for opening in read_payloads(read_file(self._objects, info)):
                place = opening.position - segment.first
                if not (0 <= place < len(segment.commitments) and opening.opens(segment.commitments[place])):
                    raise IntegrityError(f"{info.ref.key}: the payload of entry {opening.position} is not what was entered")
                found[opening.position] = opening
        return found

    def _stretch(
        self,
        segment: Segment,
        growth: Growth,
        head: SignedHead | None,
        openings: Mapping[int, Opening],
        begun: Sequence[Node],
    ) -> Stretch:
        leaves, entries = [Leaf(one.index, "", "", one.hash) for one in begun if not one.level], []
        for position, committed in enumerate(segment.commitments, segment.first):
            opening = openings.get(position)
            if opening is None:  # erased: the tree stays, silent
                leaves.append(Leaf(position, "", "", leaf_hash(committed)))
                continue
            event = parse_payload(opening.payload, self._tree)
            entries.append(LedgerEntry(position, event))
            kept = (opening.payload, opening.salt) if head is None else (None, None)
            leaves.append(Leaf(position, event.kind, event.document_id, leaf_hash(committed), *kept))
        nodes = [*(one for one in begun if one.level), *growth.completed]
        return Stretch(Appended(leaves, nodes, growth.frontier()), segment.end, head, entries)

    def _stray(self, info: ObjectInfo) -> None:
        self._told(_place(info), "no file of the ledger has such a name")

    def _strangers(self, files: Sequence[SegmentFile], what: str) -> None:
        for file in files:
            self._told(_place(file.info), what)


def _roots(frontier: Frontier) -> list[Node]:
    places = complete_subtrees(0, frontier.size)
    return [Node(level, index, found) for (level, index), found in zip(places, frontier.hashes, strict=True)]


def _place(info: ObjectInfo) -> str:
    return f"{info.ref.bucket}:{info.ref.key}"


__all__ = ["SealedLedger", "Stretch", "Told"]
