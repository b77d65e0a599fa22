"""The timetable: what an archive needs done once in a while, whoever does it, and what came of it.

A duty is due when its time has passed since it was done last, which is a mark in the catalogue; one that failed is tried again
an hour later. One that fails keeps no other from being done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from archiver.errors import InterruptedRunError, MinutierError
from archiver.ports.catalog import Marks
from archiver.ports.clock import Clock
from retention.errors import RetentionError

AGAIN = timedelta(hours=1)
"""Before a duty that failed is tried again."""
_LATE = timedelta(minutes=5)
"""A duty may come so much early: what is started once a day does not start at the same second each day."""


@dataclass(frozen=True, slots=True)
class Report:
    """What doing a duty came to.

    Attributes:
        counts: by name, in the order to be shown; damaged: whether something is not as it was written.
        notes: sentences for people, each about something that somebody should look at.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to be done every so often. `do` may be cut off anywhere and be done again.

    Attributes:
        later: the first time comes once `every` has passed since the timetable was first looked at, and not at once.
    """

    name: str
    every: timedelta
    do: Callable[[], Report]
    later: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """A duty that was done, or why not: `failure` is None or the error."""

    duty: str
    at: datetime
    report: Report
    failure: MinutierError | RetentionError | None = None


@dataclass(frozen=True, slots=True)
class Timetable:
    """Does what is due. For one process at a time, which is for the caller to see to."""

    marks: Marks
    clock: Clock
    duties: Sequence[Duty]

    def run(self, *, only: Sequence[str] = (), all_: bool = False) -> Iterator[Outcome]:
        """Do what is due now, one after the other; lazily.

        Args:
            only: names of duties, done whether they are due or not; all_: do all of them.
        """
        for duty in self.duties:
            if duty.later and self.last(duty.name) is None:
                self._note(duty, self.clock.now(), failed=False)
            if duty.name in only or all_ or (not only and self.is_due(duty)):
                yield self._done(duty)

    def is_due(self, duty: Duty) -> bool:
        """Whether its time has come; so it has when the mark is of a later time than it is now."""
        last = self.last(duty.name)
        if last is None:
            return not duty.later
        at, failed = last
        wait = min(AGAIN, duty.every) if failed else duty.every
        return not timedelta(0) <= self.clock.now() - at < wait - min(_LATE, wait / 10)

    def last(self, name: str) -> tuple[datetime, bool] | None:
        """When a duty was done or tried last, and whether it failed; None when it never was."""
        said = self.marks.get_mark(_mark(name))
        if not said:
            return None
        found = json.loads(said)
        return datetime.fromisoformat(found["at"]), bool(found["failed"])

    def _done(self, duty: Duty) -> Outcome:
        report, failure = Report(), None
        try:
            report = duty.do()
        except InterruptedRunError:
            raise  # somebody wants it to stop: the duty stays due
        except (MinutierError, RetentionError) as error:
            failure = error
        now = self.clock.now()
        self._note(duty, now, failed=failure is not None)
        return Outcome(duty.name, now, report, failure)

    def _note(self, duty: Duty, at: datetime, *, failed: bool) -> None:
        self.marks.set_mark(_mark(duty.name), json.dumps({"at": at.isoformat(), "failed": failed}))


def _mark(name: str) -> str:
    return f"timetable {name}"
