"""The sweeper: announces what was lost or given back, enters what happened in the ledger, keeps the index's mark.

Every process has one; rows that one of them takes are passed over by the others.
"""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType

from archiver.adapters.index.elastic import ElasticsearchIndex
from archiver.bootstrap import Archive
from archiver.errors import LockedError, MinutierError
from archiver.ports.jobs import Kind
from workers import metrics

ANNOUNCE_SECONDS = 2.0
LEDGER_SECONDS = 30.0
_log = logging.getLogger("minutier.sweep")


class Sweeper:
    """Runs beside the work of a process, in a thread of its own."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._ledger_due = time.monotonic() + LEDGER_SECONDS
        self._sequence = -1

    def __enter__(self) -> Sweeper:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ending.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._ending.wait(ANNOUNCE_SECONDS):
            try:
                self.sweep()
            except LockedError:
                continue  # another host is at it
            except MinutierError as error:
                _log.warning("%s", error)
            except Exception:  # noqa: BLE001  # a sweeper that ended would be missed by nobody until work stands still
                _log.exception("sweeping failed")

    def sweep(self) -> None:
        """One round."""
        for kind in Kind:
            self._archive.announcer.announce(kind)
        now = time.monotonic()
        if now >= self._ledger_due:
            self._ledger_due = now + LEDGER_SECONDS
            self._archive.ledger.sequence()
            self._mark_index()
        metrics.backlog(self._archive)

    def _mark_index(self) -> None:
        """How far the index has come, written where the index itself can tell it; and what an importer that was killed left of
        its preparations is put right."""
        sequence = self._archive.jobs.indexed_up_to()
        if sequence == self._sequence:
            return
        self._archive.index.commit(sequence)
        if isinstance(self._archive.index, ElasticsearchIndex) and not self._archive.jobs.backlog(Kind.EXTRACT).documents:
            self._archive.index.end_bulk()
        self._sequence = sequence
