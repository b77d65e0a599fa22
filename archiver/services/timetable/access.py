"""The access tree's months that have had their time: what opens their entries goes, and the names of those who read in them.

Commitments and signed heads stay, locked as those of custody are: they hold nothing of anybody, and without them the tree could not
be shown to be the one whose heads were given away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from archiver.domain.ledger import Tree, parse_payload
from archiver.domain.ledger_files import payload_range, read_payloads
from archiver.errors import NotFoundError
from archiver.ports.clock import Clock
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import Bucket, ObjectInfo, ObjectStore
from archiver.services.access_expiry import Expiry, last_expiry
from archiver.services.ledger_objects import payload_files, read_file
from archiver.services.pages import pages
from archiver.services.register import READERS, month_of
from archiver.services.sequence_ledger import LedgerService
from archiver.services.timetable import Report
from retention.period import Period

PAGE = 200
_MONTH = re.compile(r"([1-9]\d{3})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class _Old:
    """A sealed segment that has expired: its end, its month, and the files that open it."""

    end: int
    month: str
    files: tuple[ObjectInfo, ...]


@dataclass(frozen=True, slots=True)
class AccessExpiry:
    """Removes what has expired, oldest first. May be cut off anywhere, and repeated.

    Args:
        kept: how long a month is kept after its end. The month that is open is never touched.
    """

    ledger: LedgerService
    rows: LedgerRows
    objects: ObjectStore
    clock: Clock
    kept: Period

    def run(self) -> Report:
        """First it is entered that they expire, then they go: what is missing is always accounted for."""
        today = self.clock.now().date()
        old = list(self._old(today))
        gone = self._entered(old)
        self._remove([info for one in old for info in one.files])
        silenced = self.rows.silence(Tree.ACCESS, gone.end)
        names = list(self._names(today))
        self._remove(names)
        return Report({"segments": len(old), "entries": silenced, "names": len(names)})

    def _entered(self, old: list[_Old]) -> Expiry:
        """How far it has expired by what the custody tree says, these segments included."""
        before = last_expiry(self.rows, self.objects)
        if not old or old[-1].end <= before.end:
            return before
        gone = Expiry(old[-1].end, max(before.month, *(one.month for one in old)))
        self.rows.enter([gone.entry(self.clock.now(), str(self.kept))])
        self.ledger.sequence()
        return gone

    def _old(self, today: date) -> Iterator[_Old]:
        """Sealed segments in order, up to the first that is still kept."""
        sealed = self.rows.state(Tree.ACCESS).sealed
        places = ((payload_range(stem), files) for stem, files in payload_files(self.objects, Tree.ACCESS).items())
        for place, files in sorted((one for one in places if one[0] is not None), key=lambda one: one[0] or (0, 0)):
            if place is None or place[1] > sealed:
                return
            month = self._month(files)
            if month and not self._is_over(month, today):
                return
            yield _Old(place[1], month, tuple(files))

    def _month(self, files: list[ObjectInfo]) -> str:
        """Of a segment, whose entries are all of one month; "" when every one of them was erased."""
        for info in files:
            for opening in read_payloads(read_file(self.objects, info)):
                return month_of(parse_payload(opening.payload, Tree.ACCESS).at)
        return ""

    def _names(self, today: date) -> Iterator[ObjectInfo]:
        for info in self.objects.list(Bucket.DELETABLE, READERS):
            if self._is_over(info.ref.key.removeprefix(READERS).split("/")[0], today):
                yield info

    def _is_over(self, month: str, today: date) -> bool:
        """Whether that month (`2025-10`) ended so long ago; what is no month is not touched."""
        found = _MONTH.fullmatch(month)
        if found is None:
            return False
        year, number = int(found[1]), int(found[2])
        after = date(year + number // 12, number % 12 + 1, 1)
        end = self.kept.after(after)
        return end is not None and end <= today

    def _remove(self, files: list[ObjectInfo]) -> None:
        for page in pages(files, PAGE):
            for failure in self.objects.delete_group([info.ref for info in page]).values():
                if not isinstance(failure, NotFoundError):  # another attempt, which was cut off, removed it
                    raise failure
