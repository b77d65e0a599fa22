"""A served archive: open for many at once, with what runs beside the answers."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.bootstrap.archive import Archive
from archiver.bootstrap.archive_pool import ArchivePool

if TYPE_CHECKING:
    from archiver.bootstrap.callers import Callers
    from archiver.services.access_log import AccessLog
    from archiver.settings import Settings

CHANGERS = 2


class Serving:
    """Opens what answers need, and closes it. Parts may be asked for from several threads.

    Raises:
        NoArchiveError: there is no archive at `home`.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._closing = ExitStack()
        self._own = Archive(home, writable=True, always=True)
        self._closing.callback(self._own.close)
        self.settings: Settings = self._own.settings
        self.identifier_key = self._own.keys.identifier_key()
        self.readers = ArchivePool(lambda: Archive(home), self.settings.api_threads)
        self.changers = ArchivePool(lambda: Archive(home, writable=True, always=True), CHANGERS)
        self._closing.callback(self.readers.close)
        self._closing.callback(self.changers.close)
        self.callers, self.access_log = self._callers(), self._access_log()

    def _callers(self) -> Callers:
        from archiver.bootstrap.callers import Callers

        return Callers(self._own)

    def _access_log(self) -> AccessLog:
        from archiver.bootstrap.accesses import access_log

        log = access_log(self._own)
        self._closing.callback(log.close)
        return log

    def close(self) -> None:
        """Release everything; what was told to the access log is written. Safe to repeat."""
        self._closing.close()
