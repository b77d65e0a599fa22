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
from archiver.services.sequence_ledger import ACCESS_EVERY, ACCESS_WAITS

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive
    from archiver.ports.clock import Clock
    from archiver.ports.ledger import LedgerRows
    from archiver.ports.replies import Replies

_log = logging.getLogger("minutier.upkeep")

LOOK_EVERY = 60.0
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
        """End, once what waits is entered and sealed, unless somebody else writes now, who does it then. Safe to repeat."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._thread.join()
        with suppress(MinutierError):  # it waits for whoever comes next
            if self._waiting() or self._unsealed():
                self._enter(closing=True)

    def look(self) -> None:
        """Do what is due."""
        self._replies.forget(self._clock.now() - REPLIES_KEPT)
        waiting = self._waiting()
        if waiting >= ACCESS_WAITS or (waiting and time.monotonic() - self._entered >= ACCESS_EVERY.total_seconds()):
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

    def _unsealed(self) -> bool:
        return any((state := self._rows.state(tree)).sealed < state.size for tree in Tree)

    def _enter(self, *, closing: bool = False) -> None:
        with self._opened() as archive:
            archive.enter_if_free(closing=closing)
        if not self._waiting():
            self._entered = time.monotonic()
