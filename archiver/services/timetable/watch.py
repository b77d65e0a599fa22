"""What waits for somebody: counted once in a while, so that nobody has to remember to ask. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.retention_rows import Purge, PurgeState
from archiver.services.events import Events
from archiver.services.holds import overdue
from archiver.services.policy_now import PolicyNow
from archiver.services.reviews import Reviews
from archiver.services.timetable import Report
from retention.days import day_in
from retention.period import Period
from retention.statements import Approval


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks at holds, decisions, events, limits and purges.

    Args:
        missing: after this an event that nobody recorded is told of; None for never.
        running: who runs a purge now, for people; "" for nobody.
    """

    catalog: Catalog
    clock: Clock
    reviews: Reviews
    events: Events
    missing: Period | None
    running: Callable[[str], str]

    def look(self) -> Report:
        """How many of each there are, with what to do about it."""
        today = day_in(PolicyNow(self.catalog)().time_zone, self.clock.now())
        counts, notes = dict[str, int](), list[str]()
        for name, sentence, number in (*self._documents(), *self._holds(today), *self._purges()):
            counts[name] = number
            if number:
                notes.append(sentence.replace("{}", f"{number:,}", 1))
        return Report(counts, notes)

    def _documents(self) -> Iterator[tuple[str, str, int]]:
        waiting = sum(1 for _ in self.reviews.waiting())
        yield "decisions", "documents that wait for a decision: {}; `minutier review list` shows them", waiting
        late = sum(1 for _ in self.reviews.waiting(passed_limit=True))
        yield "past limit", "documents past the law's maximum: {}; `minutier review list --passed-limit` shows them", late
        if self.missing is not None:
            silent = sum(1 for _ in self.events.missing(older_than=self.missing))
            told = f"`minutier event missing --older-than {self.missing}` shows them"
            yield "missing events", f"documents that have waited for an event for {self.missing.words()}: {{}}; {told}", silent

    def _holds(self, today: date) -> Iterator[tuple[str, str, int]]:
        late = [one for one in self.catalog.holds() if overdue(one, today)]
        yield (
            "hold reviews",
            "holds whose review is overdue, which hold all the same: {}; `minutier hold list` shows them",
            len(late),
        )

    def _purges(self) -> Iterator[tuple[str, str, int]]:
        purges = self.catalog.purges()
        planned = [one for one in purges if one.state is PurgeState.PLANNED]
        yield "plans", "purges that wait for an approval: {}; `minutier purge list` shows them", len(planned)
        expired = [one for one in purges if self._has_expired(one)]
        yield "expired approvals", "purges whose approval has expired: {}" + _named(expired) + "; approve them anew", len(expired)
        left = [one for one in purges if one.state is PurgeState.RUNNING and not self.running(one.id)]
        yield (
            "purges left",
            "purges that were begun and not ended: {}" + _named(left) + "; `minutier purge run` goes on",
            len(left),
        )

    def _has_expired(self, purge: Purge) -> bool:
        if purge.state not in (PurgeState.APPROVED, PurgeState.RUNNING) or not purge.approvals:
            return False
        return Approval.parse(purge.approvals[-1].statement).expires <= self.clock.now()


def _named(purges: list[Purge]) -> str:
    return f" ({', '.join(one.id for one in purges[:3])}{', …' if len(purges) > 3 else ''})" if purges else ""
