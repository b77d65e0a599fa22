"""Plans of purges that nobody has to think of. They are as good as anybody's: somebody approves them, or nothing happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from archiver.errors import UsageError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.retention_rows import Purge, PurgeState
from archiver.services.purge.plan import Criteria, PlanPurge
from archiver.services.purge.signatory import Signatory
from archiver.services.timetable import Report

AUTHOR = "timetable"
"""In whose name plans are made here; they are not signed, and every person may approve them."""
_FORM = "write class:NAME or collection:NAME, with commas between several, or nothing for one plan of everything"


def criteria_of(text: str) -> list[Criteria]:
    """What plans are made for: one for each `class:NAME` or `collection:NAME`, or one of everything.

    Raises:
        UsageError: it says something else.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return [_criteria(part) for part in parts] or [Criteria()]


def _criteria(part: str) -> Criteria:
    what, colon, name = part.partition(":")
    if not colon or not name or what not in ("class", "collection"):
        raise UsageError(f"timetable_plan_for holds {part[:60]!r}, which says neither a class nor a collection", remedy=_FORM)
    return Criteria(retention_class=name) if what == "class" else Criteria(collection=name)


def make_plans(
    catalog: Catalog, planning: Callable[[], PlanPurge], author: Signatory, clock: Clock, wanted: Iterable[Criteria]
) -> Report:
    """A plan for each of these, unless one that covers it is open still. None is approved, none is run."""
    made: list[Purge] = []
    covered = 0
    for criteria in wanted:
        if is_covered(criteria, catalog.purges()):
            covered += 1
            continue
        plan = planning().make(criteria, author, clock.now())
        if plan is not None:
            made.append(plan)
    notes = [
        f"purge {one.id} was planned: {one.documents:,} documents, {one.bytes:,} bytes; look at it with `minutier purge show {one.id}`,"
        f" and approve it with `minutier purge approve {one.id} --key FILE`"
        for one in made
    ]
    return Report({"planned": len(made), "documents": sum(one.documents for one in made), "covered": covered}, notes)


def is_covered(criteria: Criteria, purges: Sequence[Purge]) -> bool:
    """Is a plan of all of this open still? One that was bounded by a day does not count: others may be due since."""
    return any(purge.state is not PurgeState.DONE and _covers(purge, criteria) for purge in purges)


def _covers(purge: Purge, criteria: Criteria) -> bool:
    asked = purge.criteria
    wide = asked.get("class") in (None, "", criteria.retention_class) and asked.get("collection") in (
        None,
        "",
        criteria.collection,
    )
    return wide and not asked.get("before")
