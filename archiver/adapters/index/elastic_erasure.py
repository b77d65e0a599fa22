"""Ridding the files of an Elasticsearch index of documents that were removed from its answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import elasticsearch

from archiver.adapters.index.elastic_address import Address
from archiver.adapters.index.elastic_client import translated
from archiver.adapters.index.elastic_copies import Copies, Segment
from archiver.adapters.index.elastic_generations import Generation
from archiver.adapters.index.elastic_queries import visible
from archiver.domain.access import Scope
from archiver.errors import UnreachableError
from archiver.ports.index import Expunged

HOW = (
    "the server wrote out all changes, waited until no copy kept removed documents for the recovery of another, and made every "
    "segment that held any again without them (forced merge); then the list of segments of every copy was read, and none of those "
    "was left; the server deletes files without overwriting them on the disk; snapshots of the cluster are not covered"
)
_EVERYTHING = visible(Scope(frozenset(), everything=True))
_ROUNDS = 3
_LET_GO_SECONDS = 120.0
"""The server looks every 30 seconds what copies still need."""
_QUIET_SECONDS = 60.0
_SEARCHES_SECONDS = 10.0
_PAUSE = 0.5


class ElasticErasure:
    """Expunges one generation.

    A removed or replaced document stays in its segment until that is merged, and a merge keeps it as long as some copy may need
    the change to recover. What was removed before a moment at which no such need and no merge was left is in no other segment
    than those that count deleted documents at that moment: when they are gone, it is gone, whatever others replace meanwhile. One
    that only counts deletions so new that a copy still needs them stays at first, and goes when they have grown older.

    Args:
        sleep, clock: seconds; for tests.
    """

    def __init__(
        self,
        client: elasticsearch.Elasticsearch,
        address: Address,
        generation: Generation,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._address, self._name = client, address, generation.name
        self._copies = Copies(client, address, generation.name)
        self._sleep, self._clock = sleep, clock
        self._doubts: list[str] = []
        self._last: dict[str, int] = {}

    def begin(self) -> None:
        """What is removed up to now is what `end` is about."""
        self._write_out()
        for copy in self._copies.all():
            self._last[copy.shard] = max(copy.last, self._last.get(copy.shard, -1))

    def end(self, alive: Callable[[], None]) -> Expunged:
        """Expunge, and look what is left."""
        rounds, left = 0, self._copies.holding()
        if left:
            self._wait(self._let_go, _LET_GO_SECONDS, alive, _KEPT)
            self._wait(self._no_merge, _QUIET_SECONDS, alive, _MERGING)
            self._write_out()
            left = self._copies.holding()
        suspects = left.keys()
        while left and rounds < _ROUNDS:
            if rounds:
                self.begin()
                self._wait(self._let_go, _LET_GO_SECONDS, alive, "")
            self._merge(alive)
            self._write_out()
            left = {segment: count for segment, count in self._copies.holding().items() if segment in suspects}
            rounds += 1
        self._wait(self._no_search, _SEARCHES_SECONDS, alive, _SEARCHED)
        return self._found(left, len(suspects) - len(left))

    def _found(self, left: dict[Segment, int], rewritten: int) -> Expunged:
        if absent := self._copies.absent():
            self._doubts.append(
                f"{absent} copies of parts of the index are out of reach, or being made or moved, and were not looked at"
            )
        with translated(self._address):
            kept = int(self._client.count(index=self._name, query=_EVERYTHING).body["count"])
        where = f"the index {self._name} on the search server"
        return Expunged(where, HOW, kept, sum(left.values()), tuple(self._doubts), rewritten=rewritten)

    def _wait(self, reached: Callable[[], bool], seconds: float, alive: Callable[[], None], doubt: str) -> bool:
        """Whether it came to that in time; else the doubt is kept."""
        end = self._clock() + seconds
        while not reached():
            if self._clock() >= end:
                self._doubts += [doubt] if doubt else []
                return False
            alive()
            self._sleep(_PAUSE)
        return True

    def _let_go(self) -> bool:
        """Whether no copy keeps what was removed up to `begin`."""
        return all(copy.kept_from > self._last.get(copy.shard, -1) for copy in self._copies.all())

    def _no_merge(self) -> bool:
        return not any(copy.merging for copy in self._copies.all())

    def _no_search(self) -> bool:
        return not any(copy.searching for copy in self._copies.all())

    def _write_out(self) -> None:
        with translated(self._address):
            self._client.indices.refresh(index=self._name)
            self._client.indices.flush(index=self._name, force=True, wait_if_ongoing=True)

    def _merge(self, alive: Callable[[], None]) -> None:
        """Merge every segment with a deleted document, however few; the server alone would wait for a tenth."""
        with translated(self._address):
            self._client.indices.put_settings(index=self._name, settings={"index.merge.policy.expunge_deletes_allowed": 0})
            task = self._client.indices.forcemerge(index=self._name, only_expunge_deletes=True, wait_for_completion=False).body
        while not (state := self._task(str(task["task"])))["completed"]:
            alive()
            self._sleep(_PAUSE)
        failed = state.get("error") or state.get("response", {}).get("_shards", {}).get("failed")
        if failed:
            raise UnreachableError(
                f"the search server at {self._address} could not merge {self._name}: {failed}",
                remedy="see whether it has room on its disks (`minutier doctor`), then run the same again",
            )

    def _task(self, task: str) -> dict[str, Any]:
        """Asked for by path: the client calls this a preview and warns."""
        with translated(self._address):
            answer = self._client.perform_request("GET", f"/_tasks/{task}", headers={"accept": "application/json"})
        found: dict[str, Any] = answer.body
        return found


_KEPT = (
    "a copy of a part of the index keeps removed documents for the recovery of another, which may have left the cluster: for up to "
    "12 hours (index.soft_deletes.retention_lease.period)"
)
_MERGING = "merges ran all the time before, so that it could not be told what they carried over"
_SEARCHED = "searches over a fixed state hold former files until they end, a few minutes after they were last used"
