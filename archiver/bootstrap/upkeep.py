"""The thread that does, beside the answers, what nobody asks for: the ledger's outbox is entered, answers kept too long go."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from archiver.domain.ledger import Tree
from archiver.errors import MinutierError

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive
    from archiver.ports.clock import Clock
    from archiver.ports.ledger import LedgerRows
    from archiver.ports.replies import Replies

_log = logging.getLogger("minutier.upkeep")

LOOK_EVERY = 60.0
HOURLY = 3_600.0
MANY = 2_048
"""Entries that are not left to wait for the hour."""
REPLIES_KEPT = timedelta(hours=24)


class Upkeep:
    """Looks once a minute.

    Args:
        rows: of the ledger, to see what waits.
        opened: opens an archive that may be changed beside a writing one.
    """

    def __init__(self, rows: LedgerRows, replies: Replies, clock: Clock, opened: Callable[[], Archive]) -> None:
        self._rows, self._replies, self._clock, self._opened = rows, replies, clock, opened
        self._entered = time.monotonic()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, once what waits is entered, unless somebody else writes now, who does it then. Safe to repeat."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._thread.join()
        with suppress(MinutierError):  # it waits for whoever comes next
            if self._waiting():
                self._enter()

    def look(self) -> None:
        """Do what is due."""
        self._replies.forget(self._clock.now() - REPLIES_KEPT)
        waiting = self._waiting()
        if waiting >= MANY or (waiting and time.monotonic() - self._entered >= HOURLY):
            self._enter()

    def _run(self) -> None:
        while not self._closing.wait(LOOK_EVERY):
            try:
                self.look()
            except MinutierError as error:
                _log.warning("upkeep waits: %s", error)
            except Exception:  # noqa: BLE001  # a mistake in this program must not end the thread
                _log.exception("upkeep failed")

    def _waiting(self) -> int:
        return sum(self._rows.waiting(tree) for tree in Tree)

    def _enter(self) -> None:
        with self._opened() as archive:
            archive.enter_if_free()
        if not self._waiting():
            self._entered = time.monotonic()
