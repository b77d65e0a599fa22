"""The sweeper: announces what was lost or given back, enters and seals the ledger, keeps the index's mark, renews what waits.

Every process has one; rows that one of them takes are passed over by the others.
"""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType

from archiver.bootstrap import Archive
from archiver.errors import LockedError, MinutierError
from archiver.ports.jobs import Kind
from archiver.services.intake_upkeep import remove_unclaimed, renew_waiting
from workers import metrics
from workers.work import Work

ANNOUNCE_SECONDS = 2.0
LEDGER_SECONDS = 30.0
SEAL_SECONDS = 3_600.0
UPKEEP_SECONDS = 6 * 3_600.0
CLEAR_SECONDS = 7 * 86_400.0
"""Listing all originals of a large archive takes minutes; what it removes harms nobody meanwhile."""

_log = logging.getLogger("minutier.sweep")


class Sweeper:
    """Runs beside the work of a process, in a thread of its own."""

    def __init__(self, archive: Archive, work: Work) -> None:
        self._archive, self._work = archive, work
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._ledger_due = time.monotonic() + LEDGER_SECONDS
        self._seal_due = time.monotonic() + SEAL_SECONDS
        self._upkeep_due = time.monotonic() + UPKEEP_SECONDS
        self._clear_due = time.monotonic() + CLEAR_SECONDS
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
        if now >= self._seal_due:
            self._seal_due = now + SEAL_SECONDS
            self._archive.ledger.seal(partial=False)
            self._archive.ledger.beat()
        self._look_after_intake(now)
        metrics.backlog(self._archive)

    def _look_after_intake(self, now: float) -> None:
        archive = self._archive
        if now >= self._upkeep_due:
            self._upkeep_due = now + UPKEEP_SECONDS
            renew_waiting(archive.catalog, archive.objects, archive.clock)
        if now >= self._clear_due:
            self._clear_due = now + CLEAR_SECONDS
            with archive.catalog.exclusive("clear intake"):
                remove_unclaimed(archive.catalog, archive.objects, archive.clock)

    def _mark_index(self) -> None:
        """How far the index has come, written where the index itself can tell it."""
        sequence = self._archive.jobs.indexed_up_to()
        if sequence != self._sequence:
            self._archive.index.commit(sequence)
            self._sequence = sequence
