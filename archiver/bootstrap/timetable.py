"""The timetable of an open archive: its duties, put together from its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from archiver.bootstrap.purging import PLANNING, Purging
from archiver.services.events import Events
from archiver.services.holds import Holds
from archiver.services.intake_upkeep import remove_unclaimed, renew_waiting
from archiver.services.purge.plan import Criteria
from archiver.services.purge.signatory import Signatory
from archiver.services.register import Register
from archiver.services.reviews import Reviews
from archiver.services.timetable import Duty, Report, Timetable
from archiver.services.timetable.access import AccessExpiry
from archiver.services.timetable.fixity import Fixity, Share
from archiver.services.timetable.holds import StandingHolds
from archiver.services.timetable.locks import FILES_EVERY, ROLLING_EVERY, RollingLocks, extend_own_files
from archiver.services.timetable.plans import AUTHOR, criteria_of, make_plans
from archiver.services.timetable.watch import Watch
from retention.period import Period

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive
    from archiver.ports.catalog import Catalog
    from archiver.ports.clock import Clock
    from archiver.ports.objects import ObjectStore

LOCK = "timetable"
"""The lock of the catalogue under which one process at a time does what is due."""
DAY = timedelta(days=1)
DUTIES = ("ledger", "intake", "unclaimed", "holds", "rolling", "files", "access", "fixity", "plans", "watch")


@contextmanager
def timetable_of(archive: Archive, tick: Callable[[], None] = lambda: None) -> Iterator[Timetable]:
    """The timetable, while no other process is at it.

    Args:
        tick: called between two pages of long duties; may raise to stop.

    Raises:
        LockedError: another process is.
    """
    with archive.catalog.exclusive(LOCK):
        yield Timetable(archive.catalog, archive.clock, _Duties(archive, tick).all())


class _Duties:
    """What is to be done, each with how often."""

    def __init__(self, archive: Archive, tick: Callable[[], None]) -> None:
        self._archive, self._tick = archive, tick
        self._register = Register(archive.objects, archive.keys)

    def all(self) -> list[Duty]:
        """In the order in which they are done: what protects comes before what looks."""
        settings = self._archive.settings
        duties = [
            Duty("ledger", timedelta(hours=1), self._ledger),
            Duty("intake", timedelta(hours=6), self._intake),
            Duty("holds", DAY, self._holds),
            Duty("rolling", ROLLING_EVERY, self._rolling),
            Duty("files", FILES_EVERY, self._files),
            Duty("unclaimed", 7 * DAY, self._unclaimed),
        ]
        if settings.access_kept:
            duties.append(Duty("access", DAY, self._access))
        if settings.timetable_fixity:
            duties.append(Duty("fixity", DAY, self._fixity))
        if settings.timetable_plan:
            duties.append(Duty("plans", self._length(settings.timetable_plan), self._plans, later=True))
        return [*duties, Duty("watch", DAY, self._watch)]

    def _ledger(self) -> Report:
        """Entered and sealed, at least once in 24 hours; a host without the signing key leaves it to another."""
        ledger = self._archive.ledger
        entered = ledger.sequence()
        return Report({"entered": entered, "sealed": ledger.beat()})

    def _intake(self) -> Report:
        """What waits to be read keeps its lock."""
        archive = self._archive
        adopted = archive.jobs.adopt() if archive.settings.broker_url else 0
        return Report({"renewed": renew_waiting(archive.catalog, archive.objects, archive.clock), "adopted": adopted})

    def _unclaimed(self) -> Report:
        """It lists all originals: minutes for millions; what it removes harms nobody."""
        return Report({"removed": remove_unclaimed(*self._parts())})

    def _holds(self) -> Report:
        turn = self._archive.retention_turn
        holds = Holds(*self._parts(), self._register, turn)
        return StandingHolds(*self._parts(), turn, holds.finish, self._tick).set_again()

    def _rolling(self) -> Report:
        return RollingLocks(*self._parts(), self._archive.retention_turn, self._tick).extend()

    def _files(self) -> Report:
        return extend_own_files(*self._parts())

    def _access(self) -> Report:
        """Who read what goes once it was kept so long."""
        archive = self._archive
        kept = Period.parse(archive.settings.access_kept)
        return AccessExpiry(archive.ledger, archive.ledger_rows, archive.objects, archive.clock, kept).run()

    def _fixity(self) -> Report:
        archive, settings = self._archive, self._archive.settings
        period, limit = self._length(settings.timetable_fixity), settings.timetable_fixity_bytes
        stores = (archive.catalog, archive.objects, archive.ledger_rows, archive.clock)
        share = Fixity(*stores, period, DAY, limit, self._tick).run()
        counts = {"documents": share.documents, "objects": share.objects, "bytes": share.bytes, "findings": share.flawed}
        return Report(counts, _told(share, settings.timetable_fixity), damaged=bool(share.flawed))

    def _plans(self) -> Report:
        archive, purging = self._archive, Purging(self._archive)
        author = Signatory(AUTHOR, self._register.enter(AUTHOR))
        wanted: list[Criteria] = criteria_of(archive.settings.timetable_plan_for)
        with archive.catalog.exclusive(PLANNING):
            return make_plans(archive.catalog, lambda: purging.planning(lambda _: None), author, archive.clock, wanted)

    def _watch(self) -> Report:
        archive = self._archive
        missing = archive.settings.timetable_missing
        return Watch(
            archive.catalog,
            archive.clock,
            Reviews(*self._parts(), self._register, archive.retention_turn),
            Events(*self._parts(), archive.retention_turn),
            Period.parse(missing) if missing else None,
            lambda purge_id: archive.catalog.holder(f"purge {purge_id}"),
        ).look()

    def _parts(self) -> tuple[Catalog, ObjectStore, Clock]:
        archive = self._archive
        return archive.catalog, archive.objects, archive.clock

    def _length(self, text: str) -> timedelta:
        """How long a period is, from today on."""
        today = self._archive.clock.now().date()
        end = Period.parse(text).after(today)
        return end - today if end else timedelta.max


def _told(share: Share, period: str) -> list[str]:
    told = [f"document {one.document_id}: its {one.what} is {one.found}" for one in share.flaws]
    if share.flawed > len(share.flaws):
        told.append(f"and {share.flawed - len(share.flaws):,} more; the ledger has all")
    if share.behind:
        told.append(f"the share ended at timetable_fixity_bytes: at this pace {period} is not enough to read everything")
    return told
