"""Open archives that several threads take turns with: no part of one is ever used by two threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from archiver.errors import (
    AlreadyExistsError,
    BusyError,
    LockedError,
    NotFoundError,
    NotPermittedError,
    RefusedError,
    UsageError,
)

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive

_HARMLESS = (UsageError, NotFoundError, AlreadyExistsError, RefusedError, NotPermittedError, LockedError)
"""Answers, not faults: the archive that gave them is as good as before."""


class ArchivePool:
    """At most `size` archives, opened when first needed and kept open.

    Args:
        seconds: how long to wait for one while all are in use.
    """

    def __init__(self, opened: Callable[[], Archive], size: int, seconds: float = 10.0) -> None:
        self._opened, self._size, self._seconds = opened, size, seconds
        self._free: list[Archive] = []
        self._out = 0
        self._closed = False
        self._change = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[Archive]:
        """An archive for the calling thread. After a fault it is closed, and the next one asked for is opened anew.

        Raises:
            BusyError: all are in use, and none came back in time.
        """
        archive = self._taken()
        try:
            yield archive
        except _HARMLESS:
            self._give_back(archive)
            raise
        except BaseException:
            self._give_back(None)
            archive.close()
            raise
        self._give_back(archive)

    def close(self) -> None:
        """Close all that are free, and the others as they come back. Safe to repeat."""
        with self._change:
            self._closed = True
            free, self._free = self._free, []
            self._change.notify_all()
        for archive in free:
            archive.close()

    def _taken(self) -> Archive:
        with self._change:
            ready = self._change.wait_for(lambda: self._closed or self._free or self._out < self._size, self._seconds)
            if self._closed or not ready:
                raise BusyError("too many questions at once", remedy="ask again in a moment")
            self._out += 1
            if self._free:
                return self._free.pop()
        try:
            return self._opened()
        except BaseException:
            self._give_back(None)
            raise

    def _give_back(self, archive: Archive | None) -> None:
        with self._change:
            self._out -= 1
            kept = archive is not None and not self._closed
            if archive is not None and kept:
                self._free.append(archive)
            self._change.notify()
        if archive is not None and not kept:
            archive.close()
