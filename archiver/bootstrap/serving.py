"""A served archive: open for many at once, with what runs beside the answers."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.bootstrap.archive import Archive
from archiver.bootstrap.archive_pool import ArchivePool
from archiver.bootstrap.arrivals import Arrivals
from archiver.bootstrap.depositor import Depositor
from archiver.bootstrap.purge_runs import PurgeRuns
from archiver.bootstrap.upkeep import Upkeep

if TYPE_CHECKING:
    from archiver.bootstrap.callers import Callers
    from archiver.ports.clock import Clock
    from archiver.ports.replies import Replies
    from archiver.services.access_log import AccessLog
    from archiver.services.placement import Placement
    from archiver.settings import Settings

CHANGERS = 4


class Serving:
    """Opens what answers need, and closes it. Parts may be asked for from several threads.

    Attributes:
        scratch: a folder for what comes in and goes out.
        placement: under the policy in force at each moment.

    Raises:
        NoArchiveError: there is no archive at `home`.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._closing = ExitStack()
        try:
            self._open()
        except BaseException:
            self._closing.close()
            raise

    def _open(self) -> None:
        self._own = Archive(self.home, writable=True, always=True)
        self._closing.callback(self._own.close)
        self.settings: Settings = self._own.settings
        self.clock: Clock = self._own.clock
        self.scratch = self.home / "scratch"
        self.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.identifier_key = self._own.keys.identifier_key()
        self.readers = ArchivePool(lambda: Archive(self.home), self.settings.api_threads)
        self.changers = ArchivePool(self._beside, CHANGERS)
        self._closing.callback(self.readers.close)
        self._closing.callback(self.changers.close)
        self.callers, self.placement, self.replies = self._callers(), self._placement(), self._replies()
        self.upkeep = Upkeep(self._own.ledger_rows, self.replies, self.clock, self._beside)
        self._closing.callback(self.upkeep.close)
        self.access_log = self._access_log()
        self.purge_runs = PurgeRuns(self.home)
        self._closing.callback(self.purge_runs.close)
        self.arrivals = Arrivals(self._writing, self._announce if self.settings.broker_url else None)
        self._closing.callback(self.arrivals.close)
        self.depositor = Depositor(self._beside, self.placement, self.arrivals.wake)
        self._closing.callback(self.depositor.close)

    def _beside(self) -> Archive:
        return Archive(self.home, writable=True, always=True)

    def _writing(self) -> Archive:
        return Archive(self.home, writable=True, yields=True)

    def _announce(self) -> None:
        """On servers of any number of threads: rows of work are announced by whoever comes first."""
        from archiver.ports.jobs import Kind

        self._own.announcer.announce(Kind.EXTRACT)

    def _callers(self) -> Callers:
        from archiver.bootstrap.callers import Callers

        return Callers(self._own)

    def _placement(self) -> Placement:
        from archiver.services.placement import LivePlacement
        from archiver.services.policies import policy_in_force, version_in_force

        catalog = self._own.catalog
        return LivePlacement(lambda: version_in_force(catalog), lambda: policy_in_force(catalog))

    def _replies(self) -> Replies:
        from archiver.adapters.catalog.reply_rows import SqlReplyRows

        return SqlReplyRows(self._own.catalog.engine)

    def _access_log(self) -> AccessLog:
        from archiver.bootstrap.accesses import access_log

        log = access_log(self._own)
        self._closing.callback(log.close)
        return log

    def close(self) -> None:
        """Release everything: deposits in hand are taken in, what was told to the access log is written. Safe to repeat."""
        self._closing.close()
