"""The thread that takes deposits in: all that wait, together, so that the disk is asked to be durable once for them."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from archiver.errors import BusyError, MinutierError, UnreachableError
from archiver.services.deposits import Deposit, DepositParts, Deposits, Receipt, together

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive
    from archiver.services.placement import Placement

_log = logging.getLogger("minutier.deposits")

MOST_WAITING = 1_024
"""Deposits that may wait to be taken in; one more is refused at once."""


class Depositor:
    """Takes deposits from many threads, and takes them in on one of its own, with an archive of its own, opened when first needed.

    Args:
        opened: opens an archive that may be changed beside a writing one.
        took: is told after each group of which something is new.
    """

    def __init__(self, opened: Callable[[], Archive], placement: Placement, took: Callable[[], None]) -> None:
        self._opened, self._placement, self._took = opened, placement, took
        self._archive: Archive | None = None
        self._deposits: Deposits | None = None
        self._waiting: deque[tuple[Deposit, Future[Receipt]]] = deque()
        self._change = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="deposits", daemon=True)
        self._thread.start()

    def hand_in(self, deposit: Deposit) -> Future[Receipt]:
        """What will become of it; known once its bytes are durable and written down.

        Raises:
            BusyError: too many wait, or no more are taken.
        """
        told: Future[Receipt] = Future()
        with self._change:
            if self._closed or len(self._waiting) >= MOST_WAITING:
                raise BusyError("too many deposits at once", remedy="hand it in again in a moment")
            self._waiting.append((deposit, told))
            self._change.notify()
        return told

    def close(self) -> None:
        """Take no more, and return once all that were handed in are taken in. Safe to repeat."""
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join()

    def _run(self) -> None:
        while group := self._next():
            self._take(group)
        self._let_go()

    def _next(self) -> list[tuple[Deposit, Future[Receipt]]]:
        """What is taken in next; nothing once closed and empty."""
        with self._change:
            self._change.wait_for(lambda: self._closed or self._waiting)
            while self._waiting:
                count = together([deposit for deposit, _ in self._waiting])
                group = [self._waiting.popleft() for _ in range(count)]
                # Whoever handed it in has gone: its bytes may go at any moment, and nobody was promised anything.
                if there := [(deposit, told) for deposit, told in group if told.set_running_or_notify_cancel()]:
                    return there
                self._change.wait_for(lambda: self._closed or self._waiting)
            return []

    def _take(self, group: list[tuple[Deposit, Future[Receipt]]]) -> None:
        """However it ends, nobody is left waiting."""
        failure: BaseException = UnreachableError("taking it in was cut off", remedy="hand it in again")
        receipts: list[Receipt | MinutierError] = []
        try:
            receipts = self._ready().take([deposit for deposit, _ in group])
        except MinutierError as error:
            failure = error
            self._let_go()
        except Exception as error:  # noqa: BLE001  # a mistake in this program must not end the only thread that takes deposits
            _log.exception("deposits were not taken in")
            failure = error
            self._let_go()
        finally:
            for place, (_, told) in enumerate(group):
                _tell(told, receipts[place] if receipts else failure)
        if receipts:
            self._took()

    def _ready(self) -> Deposits:
        if self._deposits is None:
            self._archive = archive = self._opened()
            key, turn = archive.keys.identifier_key(), archive.retention_turn
            self._deposits = Deposits(DepositParts(archive.catalog, archive.objects, archive.clock, self._placement, key, turn))
        return self._deposits

    def _let_go(self) -> None:
        """Close the archive; the next group opens one anew, as after any fault."""
        deposits, self._deposits = self._deposits, None
        archive, self._archive = self._archive, None
        try:
            if deposits is not None:
                deposits.close()
        except MinutierError as error:
            _log.warning("the batch of deposits could not be ended: %s", error)
        finally:
            if archive is not None:
                archive.close()


def _tell(told: Future[Receipt], what: Receipt | BaseException) -> None:
    if isinstance(what, BaseException):
        told.set_exception(what)
    else:
        told.set_result(what)
