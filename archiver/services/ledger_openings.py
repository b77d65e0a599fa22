"""What opens entries of the ledger: salts and payloads, by position, out of the sealed files."""

from __future__ import annotations

from bisect import bisect_right

from archiver.domain.ledger import Tree
from archiver.domain.ledger_files import Opening, payload_range, read_payloads
from archiver.errors import NotFoundError
from archiver.ports.objects import ObjectInfo, ObjectStore
from archiver.services.ledger_objects import payload_files, read_file

_AT_ONCE = 4


class Openings:
    """Reads one tree's openings. Keeps a few segments in memory: neighbours are asked for one after the other."""

    def __init__(self, objects: ObjectStore, tree: Tree) -> None:
        self._objects, self._tree = objects, tree
        found = [(place[0], infos) for stem, infos in payload_files(objects, tree).items() if (place := payload_range(stem))]
        self._files = sorted(found, key=lambda one: one[0])
        self._starts = [first for first, _ in self._files]
        self._read: dict[int, dict[int, Opening]] = {}

    def of(self, position: int) -> Opening:
        """What opens the entry at this position.

        Raises:
            NotFoundError: it is not sealed, or was erased.
            IntegrityError: its file is damaged.
        """
        place = bisect_right(self._starts, position) - 1
        found = self._segment(place).get(position) if place >= 0 else None
        if found is None:
            raise NotFoundError(f"nothing opens entry {position} of the {self._tree} ledger", remedy="run `minutier verify`")
        return found

    def _segment(self, place: int) -> dict[int, Opening]:
        if place not in self._read:
            while len(self._read) >= _AT_ONCE:
                self._read.pop(next(iter(self._read)))
            self._read[place] = self._opened(self._files[place][1])
        return self._read[place]

    def _opened(self, infos: list[ObjectInfo]) -> dict[int, Opening]:
        return {each.position: each for info in infos for each in read_payloads(read_file(self._objects, info))}
