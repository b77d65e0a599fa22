"""Running a purge together with workers: its originals become rows of work, and whoever runs it takes a share as well.

The rows are hints like all others: what they miss, who runs the purge does at the end. When that one stops, however it stops,
the rows that nobody holds are withdrawn; one that was killed leaves them, and the workers finish what it began.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from archiver.ports.jobs import Jobs, Kind, Task
from archiver.ports.retention_rows import Purge, PurgeItem, PurgeState
from archiver.services.pages import pages
from archiver.services.purge.chunk import PurgeChunk
from archiver.services.purge.run import UNFINISHED, Counts, RunPurge, chunks
from archiver.services.purge.units import root_of, units
from retention.plan import ItemState

PAGE = 1_000
PAUSE = 0.5
"""Seconds between two looks at what workers still have in hand."""


@dataclass(frozen=True, slots=True)
class SpreadPurge:
    """Runs purges where there are workers. Of one purge one run at a time, which is for the caller to see to.

    Args:
        here: runs it in this process: what begins it, and ends it.
        chunk: destroys what this process claims.
        announce: tells workers of rows that are due; asked again and again.
        tick: told after each chunk and each look.
    """

    here: RunPurge
    jobs: Jobs
    chunk: PurgeChunk
    announce: Callable[[], object]
    tick: Callable[[Counts], None] = lambda _: None
    sleep: Callable[[float], None] = time.sleep

    def run(self, purge: Purge) -> tuple[Purge, Counts]:
        """As `RunPurge.run`; the counts are of this process's share."""
        purge, counts = self.here.begin(purge), Counts()
        if purge.state is not PurgeState.RUNNING:  # certified with something that failed, which is tried once more
            self.here.work_off(purge, UNFINISHED, counts)
            return purge, counts
        try:
            for page in pages(self._tasks(purge), PAGE):
                self.jobs.put(Kind.PURGE, page, part_of=purge.id)
                self.announce()
            self._share(purge, counts)
        finally:
            self.jobs.withdraw(Kind.PURGE, purge.id)
        counts.left = None
        self.here.work_off(purge, (ItemState.PLANNED, ItemState.GOING), counts)
        return purge, counts

    def _tasks(self, purge: Purge) -> Iterator[Task]:
        for unit in units(self.here.catalog.items(purge.id, states=UNFINISHED)):
            yield Task(root_of(unit[0]), sum(_bytes(one) for one in unit), unit[0].item.position)

    def _share(self, purge: Purge, counts: Counts) -> None:
        """Claim and destroy until no row is left: first in the plan's order, then what workers gave back or died of, one by one."""
        for chunk in chunks(self._items(purge)):
            self._take(list(dict.fromkeys(root_of(one) for one in chunk)), purge, counts)
        while self._look(purge, counts):
            before = sum(counts.by_state.values())
            for unit in units(self._items(purge)):
                self._take([root_of(unit[0])], purge, counts)
            if sum(counts.by_state.values()) == before:
                self.sleep(PAUSE)

    def _items(self, purge: Purge) -> Iterator[PurgeItem]:
        return self.here.catalog.items(purge.id, states=UNFINISHED)

    def _take(self, root_ids: list[str], purge: Purge, counts: Counts) -> None:
        done = self.chunk.run(root_ids)
        counts.add(done)
        if any(done.by_state.values()):
            self._look(purge, counts)

    def _look(self, purge: Purge, counts: Counts) -> int:
        self.announce()
        counts.left = self.jobs.backlog(Kind.PURGE, batch_id=purge.id).documents
        self.tick(counts)
        return counts.left


def _bytes(one: PurgeItem) -> int:
    return one.item.size if one.item.root_id is None else 0
