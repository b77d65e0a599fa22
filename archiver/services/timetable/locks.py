"""Locks that are extended while the archive lives: rolling ones of documents, and those of its own files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from archiver.domain.document import Document, LockMode, State
from archiver.domain.ledger import Tree
from archiver.domain.ledger_files import heads_prefix, segments_prefix
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.objects import Bucket, Lock, ObjectStore, stronger
from archiver.services.circumstances import KnownFacts
from archiver.services.pages import pages
from archiver.services.policy_now import PolicyNow
from archiver.services.purge.files import KEPT
from archiver.services.retention_turn import Turn
from archiver.services.stored_terms import StoredTerms
from archiver.services.timetable import Report
from retention.policy import Lock as LockRule
from retention.policy import Policy
from retention.protection import ROLLING

ROLLING_EVERY = ROLLING / 4
"""How often rolling locks are extended: three times may be missed before one has run out."""
FILES_EVERY = timedelta(days=30)
SLACK = timedelta(days=180)
"""A file's lock is extended once it is so much shorter than it should be, not each time by a month."""
LONGEST = timedelta(days=100 * 366)
PAGE = 200
OWN_FILES = (*(prefix(tree) for tree in Tree for prefix in (segments_prefix, heads_prefix)), "policies/", "purges/")
"""What proves, in the locked bucket: permanent, and locked for a while at a time."""


class RollingLocks:
    """Extends the short locks of classes with `lock: rolling`, of all documents that are kept. Safe to repeat.

    Args:
        turn: taken for each page.
        tick: called after each page; may raise to stop.
    """

    def __init__(
        self, catalog: Catalog, objects: ObjectStore, clock: Clock, turn: Turn, tick: Callable[[], None] = lambda: None
    ) -> None:
        self._catalog, self._clock, self._turn, self._tick = catalog, clock, turn, tick
        self._policy, self._terms = PolicyNow(catalog), StoredTerms(catalog, objects, clock)

    def extend(self) -> Report:
        """Each to 30 days from now, or to the document's last day where that is earlier."""
        done = 0
        for ids in pages((one.id for name in rolling_classes(self._policy()) for one in self._of_class(name)), PAGE):
            with self._turn():
                documents = [one for one in self._catalog.documents(ids).values() if one.state is not State.DISPOSED]
                self._terms.bring(self._policy(), documents, KnownFacts(self._catalog).of(documents))
            done += len(documents)
            self._tick()
        return Report({"documents": done})

    def _of_class(self, name: str) -> Iterator[Document]:
        for original in self._catalog.due(date.max, retention_class=name):
            yield original
            if original.members:
                yield from self._catalog.select(root_id=original.id)


def rolling_classes(policy: Policy) -> list[str]:
    """Classes whose documents have a short lock that is extended, sorted."""
    return sorted(name for name, found in policy.classes.items() if found.lock is LockRule.ROLLING)


def extend_own_files(catalog: Catalog, objects: ObjectStore, clock: Clock) -> Report:
    """Keep the locks of ledger, policies and what purges left longer than any class of the policy in force asks to keep."""
    now, looked_at, extended = clock.now(), 0, 0
    until = now + horizon(PolicyNow(catalog)())
    for prefix in OWN_FILES:
        for page in pages(objects.list(Bucket.LOCKED, prefix), PAGE):
            short = [one for one in page if one.sha256 and (one.lock.until or now) < until - SLACK]
            objects.lock_group([(one.ref, stronger(one.lock, Lock(LockMode.GOVERNANCE, until))) for one in short])
            looked_at, extended = looked_at + len(page), extended + len(short)
    return Report({"files": looked_at, "extended": extended})


def horizon(policy: Policy) -> timedelta:
    """How long the archive's own files are locked: as long as they are at first, or a year longer than the longest class."""
    periods = [one for found in policy.classes.values() for one in (found.period, found.limit) if one is not None]
    days = max((one.months * 31 + one.days for one in periods), default=0)
    return min(max(KEPT, timedelta(days=days + 366)), LONGEST)
