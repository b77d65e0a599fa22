"""May this document go today? Facts, policy, holds and a day in; keep or due out, with every reason. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from retention.hold import Hold
from retention.policy import Disposal, Policy
from retention.schedule import Deadline, Facts, Standing, deadline, extended


class Ground(StrEnum):
    """Why a document is kept or due, strongest first."""

    HOLD = "hold"
    UNKNOWN = "unknown-class"
    INDETERMINATE = "indeterminate"
    PERMANENT = "permanent"
    MINIMUM = "minimum"
    LIMIT = "limit"
    PROMISED = "promised"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground in words. A confidential one is shown as "kept" to whoever may not see holds."""

    ground: Ground
    sentence: str
    confidential: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What retention says of one document on one day.

    Attributes:
        due: nothing asks to keep it any longer. It still goes only by an approved plan.
        action: what its class says should then become of it.
        needs_visa: an authority's visa must come with the approval.
        until: the last day kept, once a promise made earlier is counted in; None when it has none.
        overdue: the law's maximum has passed, held or not.
        reasons: strongest first, never empty.
    """

    due: bool
    action: Disposal
    needs_visa: bool
    until: date | None
    overdue: bool
    reasons: tuple[Reason, ...]

    def sentences(self, *, may_see_holds: bool) -> tuple[str, ...]:
        """The reasons in words; grounds this reader may not know become the one word "kept"."""
        told = (reason.sentence if may_see_holds or not reason.confidential else "kept" for reason in self.reasons)
        return tuple(dict.fromkeys(told))


def decide(policy: Policy, facts: Facts, holds: Iterable[Hold], today: date) -> Verdict:
    """The verdict on one document for `today`, a day in the policy's zone. Hold, then legal minimum, then limit."""
    found, scheduled = policy.retention_class(facts.retention_class), deadline(policy, facts)
    until = extended(facts.retain_until, scheduled.until)
    held = [_held(hold) for hold in sorted(holds, key=lambda hold: (hold.since, hold.id))]
    rest = _by_class(scheduled, found is None, until, today)
    reasons = (*held, rest)
    return Verdict(
        due=all(reason.ground is Ground.ENDED for reason in reasons),
        action=found.then if found else Disposal.KEEP,
        needs_visa=bool(found and found.visa),
        until=until,
        overdue=scheduled.limit_until is not None and today > scheduled.limit_until,
        reasons=reasons,
    )


def _held(hold: Hold) -> Reason:
    return Reason(Ground.HOLD, f"held by matter {hold.matter} since {hold.since}", confidential=True)


def _by_class(scheduled: Deadline, unknown: bool, until: date | None, today: date) -> Reason:
    if scheduled.standing is not Standing.DATED or scheduled.until is None or until is None:
        other = Ground.PERMANENT if scheduled.standing is Standing.PERMANENT else Ground.INDETERMINATE
        return Reason(Ground.UNKNOWN if unknown else other, scheduled.sentence())
    if today <= scheduled.until:
        ground = Ground.MINIMUM if scheduled.minimum_until is not None else Ground.LIMIT
        return Reason(ground, _until(until, scheduled))
    if today <= until:
        return Reason(Ground.PROMISED, _until(until, scheduled))
    return Reason(Ground.ENDED, f"due since {date.fromordinal(until.toordinal() + 1)}: {scheduled.reason}")


def _until(until: date, scheduled: Deadline) -> str:
    if until == scheduled.until:
        return scheduled.sentence()
    return f"kept until {until}, the day promised before; today's policy says {scheduled.until}: {scheduled.reason}"
