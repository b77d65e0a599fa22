"""A certificate's items, one after the other: each in itself, against the approvals, and what all of them lead to."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from retention.certificate import Failure, Item, Outcome
from retention.certificate_report import Findings, Tally, day_or_none
from retention.disposal import Withheld
from retention.disposed_entry import leaf, payload
from retention.leaves import Leaves
from retention.merkle import Frontier, Growth, leaf_hash

_HALF = (1 << 64) - 1
_WORDS = {
    Outcome.EXECUTED: frozenset({""}),
    Outcome.WITHHELD: frozenset(each.value for each in Withheld),
    Outcome.FAILED: frozenset(each.value for each in Failure),
}


@dataclass(frozen=True, slots=True)
class Window:
    """When an approval allowed destruction, as `retention.timestamp` writes it, and how long the ledger was before.

    Attributes:
        finished: what was begun before `expires` may have ended as late as this.
    """

    given: str
    expires: str
    finished: str
    head_size: int


class ItemsCheck:
    """Takes the items in, with fifty bytes kept of each.

    Args:
        started, ended: of the execution.

    Attributes:
        shared, late: executed items whose bytes stay; those that ended after their approval had expired.
        last: when the last one was destroyed.
    """

    def __init__(self, purge: str, windows: Sequence[Window], started: str, ended: str, findings: Findings) -> None:
        self.counts = dict.fromkeys(Outcome, 0)
        self.classes: dict[str, Tally] = {}
        self.shared = self.late = 0
        self.last = ""
        self.entries = Leaves()
        self._purge, self._windows, self._run, self._findings = purge, windows, (started, ended), findings
        self._growth = Growth(Frontier())
        self._seen = array("Q")

    @property
    def size(self) -> int:
        """Items taken in."""
        return self._growth.size

    def root(self) -> bytes:
        """Root over their commitments, in the order they came."""
        return self._growth.frontier().root()

    def twice(self) -> int:
        """How many items tell of a document that another tells of as well (two halves of an id folded into one tell it apart)."""
        return sum(one == other for one, other in pairwise(sorted(self._seen)))

    def take(self, item: Item) -> None:
        """One more item."""
        self._place(item)
        self._growth.append(leaf_hash(bytes.fromhex(item.commitment)))
        self.counts[item.outcome] += 1
        self._tally(item)
        if item.why not in _WORDS[item.outcome]:
            self._wrong(item, f"it is {item.outcome}, which {item.why or 'no reason'!r} does not explain")
        if item.outcome is Outcome.EXECUTED:
            self._executed(item)
        elif item.entry is not None or item.salt is not None:
            self._wrong(item, f"it is {item.outcome}, and yet a ledger entry is named that tells of its destruction")

    def _place(self, item: Item) -> None:
        if item.position != self._growth.size:
            self._wrong(item, "it is not in its place: an item was left out, added or moved")
        identifier = int(item.id.replace("-", ""), 16)
        self._seen.append((identifier >> 64) ^ (identifier & _HALF))
        if day_or_none(item.until) is None:
            self._wrong(item, "its last day is no day of the calendar")

    def _executed(self, item: Item) -> None:
        if item.entry is None or item.at is None or item.salt is None:
            self._wrong(item, "it is executed, but its ledger entry is not told: nobody can check that it was entered")
            return
        told = payload(item.id, item.at, self._purge, item.commitment)
        self.entries.add(item.entry, leaf(bytes.fromhex(item.salt), told))
        self.shared += item.shared
        if not self._run[0] <= item.at <= self._run[1]:
            self._wrong(item, "it was destroyed before the purge began or after it ended")
        self._approved(item.at, item.entry, item)

    def _approved(self, at: str, entry: int, item: Item) -> None:
        within = [window for window in self._windows if window.given <= at <= window.finished]
        self.last = max(self.last, at)
        self.late += all(window.expires < at for window in within) and bool(within)
        if not within:
            self._wrong(item, "it was destroyed before its approval was given or after it had expired")
        elif all(entry < window.head_size for window in within):
            self._wrong(item, "its ledger entry is older than the head that was published before the approval")

    def _tally(self, item: Item) -> None:
        tally = self.classes.setdefault(item.retention_class, Tally())
        if item.outcome is Outcome.EXECUTED:
            tally.executed += 1
            tally.oldest = min(tally.oldest or item.until, item.until)
            tally.newest = max(tally.newest, item.until)
        elif item.outcome is Outcome.WITHHELD:
            tally.withheld += 1
        else:
            tally.failed += 1

    def _wrong(self, item: Item, what: str) -> None:
        self._findings.add_item(item.position, what)
