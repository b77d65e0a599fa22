"""Until which day a document is kept: class and facts in, a last day or the reason why there is none out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from retention.days import day_in, declared_day
from retention.errors import DeclaredDateError
from retention.period import Period
from retention.policy import Disposal, Policy, RetentionClass, TriggerKind


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event that happened to a document: on which day, and the day the archive was told."""

    day: date
    recorded: date

    def later(self, other: Occurrence) -> Occurrence:
        """Of two accounts of the same event the later day counts, whichever was told first."""
        return max(self, other, key=lambda occurrence: (occurrence.day, occurrence.recorded))


@dataclass(frozen=True, slots=True)
class Facts:
    """What retention knows of a document. Nothing read out of its bytes is among it.

    Attributes:
        received_at: with zone.
        declared: metadata given by manifest, command line or API.
        retain_until: the last day promised so far; it never moves earlier.
    """

    retention_class: str
    received_at: datetime
    declared: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    events: Mapping[str, Occurrence] = field(default_factory=lambda: MappingProxyType({}))
    retain_until: date | None = None


class Standing(StrEnum):
    """What is known of a document's end."""

    DATED = "dated"
    INDETERMINATE = "indeterminate"
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the reasons to keep a document end, by its class.

    Attributes:
        reason: class, count and policy version, for people; `sentence` puts the answer before it.
        until: last day kept by period or limit, that whole day included. A permanent one may have it too: its lock's end.
        minimum_until: last day of the legal minimum; limit_until: last day the law allows.
        trigger_day: the day both were counted from.
    """

    standing: Standing
    reason: str
    until: date | None = None
    minimum_until: date | None = None
    limit_until: date | None = None
    trigger_day: date | None = None

    def sentence(self) -> str:
        """For people: "kept until 2036-12-31: FR-ACCOUNTING, 10 years from fiscal year end 2026-12-31 (policy v3)"."""
        if self.standing is Standing.DATED:
            return f"kept until {self.until}: {self.reason}"
        return f"kept {'without end' if self.standing is Standing.PERMANENT else 'while its end is not known'}: {self.reason}"


def deadline(policy: Policy, facts: Facts) -> Deadline:
    """The deadline of one document. Every doubt ends as indeterminate, which keeps it."""
    found = policy.retention_class(facts.retention_class)
    if found is None:
        named = f"class {facts.retention_class}" if facts.retention_class else "a document without class"
        return Deadline(Standing.INDETERMINATE, f"{named} is not in {_named(policy)}")
    if found.term is None:
        return Deadline(Standing.PERMANENT, f"{found.name} ({_named(policy)})")
    trigger = _trigger_day(policy, found, facts)
    if isinstance(trigger, str):
        return Deadline(Standing.INDETERMINATE, f"{found.name}: {trigger} ({_named(policy)})")
    return _counted(found, _named(policy), *trigger)


def extended(old: date | None, new: date | None) -> date | None:
    """The promise after `new` was computed: the later of both. A day once promised is never taken back."""
    if old is None or new is None:
        return new if old is None else old
    return max(old, new)


def _trigger_day(policy: Policy, found: RetentionClass, facts: Facts) -> tuple[date, date] | str:
    """(the day to count from, the day the archive learned of it), or why it is not known."""
    received, trigger = day_in(policy.time_zone, facts.received_at), found.trigger
    if trigger.kind is TriggerKind.RECEIVED:
        return received, received
    if trigger.kind is TriggerKind.EVENT:
        occurrence = facts.events.get(trigger.name)
        return (occurrence.day, occurrence.recorded) if occurrence else f"no event {trigger.name} is recorded yet"
    declared = facts.declared.get(trigger.name, "").strip()
    if not declared:
        return f"no {trigger.name} was declared"
    try:
        return declared_day(declared, policy.time_zone), received
    except DeclaredDateError as error:
        return f"the declared {trigger.name} cannot be used: {error}"


@lru_cache(8192)  # of a million documents, few differ in class and days
def _counted(found: RetentionClass, named: str, trigger: date, learned: date) -> Deadline:
    ends = {term: term_end(trigger, term) for term in (found.period, found.limit) if term is not None}
    ceiling = found.effective_ceiling.after(learned)
    counted = f"{found.name}, {_count_words(found)} from {found.trigger.words()} {trigger} ({named})"
    if any(end is None or (ceiling is not None and end > ceiling) for end in ends.values()):
        bound = f"{found.effective_ceiling.words()} after {learned}"
        return Deadline(Standing.INDETERMINATE, f"{counted} ends beyond the ceiling of {bound}", trigger_day=trigger)
    minimum = ends[found.period] if found.period is not None else None
    limit = ends[found.limit] if found.limit is not None else None
    standing = Standing.PERMANENT if found.then is Disposal.KEEP else Standing.DATED
    return Deadline(standing, counted, minimum if minimum is not None else limit, minimum, limit, trigger)


def term_end(start: date, term: Period) -> date | None:
    """Last day of `term` counted from `start`: that day's number again, months or years later. None beyond the calendar.

    A term of no time asks for nothing: it has ended on the day before.
    """
    if term.is_zero:
        return None if start == date.min else date.fromordinal(start.toordinal() - 1)
    return term.after(start)


def _count_words(found: RetentionClass) -> str:
    if found.period is not None:
        return found.period.words()
    return f"at most {found.limit.words()}" if found.limit is not None else ""


def _named(policy: Policy) -> str:
    return f"policy v{policy.version}" if policy.version else "the built-in policy"
