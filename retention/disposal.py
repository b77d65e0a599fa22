"""Does a document go? Its verdict, what was decided about it, and at the last moment what the store itself says. Pure.

The same question is asked twice: when a plan is made, and again for each document just before it is destroyed. The second
answer can only take a document out of the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from retention.decision import Choice, Decision
from retention.hold import Hold
from retention.policy import Disposal, Policy
from retention.schedule import Facts
from retention.verdict import Ground, Verdict, decide


class Withheld(StrEnum):
    """Why a document stays, in the words a certificate may use."""

    HELD = "kept"
    NOT_DUE = "not due"
    REVIEW = "waits for a decision"
    DECIDED = "decided to keep"
    TRANSFER = "waits for its transfer"
    PERMANENT = "never destroyed"
    LOCKED = "locked by the store"
    CONTAINER = "part of a document that stays"
    CHANGED = "changed since the plan"
    GONE = "destroyed before"
    UNKNOWN = "its class is not known"
    VISA = "needs the visa of an authority"
    UNAUTHENTICATED = "needs an authenticated approval"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything retention asks about one original. `holds`: on itself, which is where those on its members are placed."""

    facts: Facts
    holds: Sequence[Hold] = ()
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """`why` is None for a document that goes. `sentence`: for people who may see holds; `reason`: for the plan, without names."""

    why: Withheld | None
    verdict: Verdict
    sentence: str
    reason: str

    @property
    def goes(self) -> bool:
        """Whether nothing keeps it."""
        return self.why is None


@dataclass(frozen=True, slots=True)
class AtStore:
    """What the store says of one object version: until when it refuses to remove it, and whether a hold keeps it."""

    until: datetime | None
    hold: bool

    def refuses(self, now: datetime) -> bool:
        """Would it keep the version whatever this program wants?"""
        return self.hold or (self.until is not None and self.until > now)


def judge(policy: Policy, about: Circumstances, today: date) -> Judgement:
    """Whether an original may go on `today`, a day in the policy's zone, with the reason either way."""
    verdict = decide(policy, about.facts, about.holds, today)
    return Judgement(_why(verdict, about.decision), verdict, "; ".join(_sentences(verdict, about.decision)), _reason(verdict))


def last_word(policy: Policy, about: Circumstances, at_store: Sequence[AtStore], now: datetime, today: date) -> Withheld | None:
    """The judgement just before destruction; None lets it go. The store's own lock and hold count whatever the catalogue says."""
    why = judge(policy, about, today).why
    if why is None and any(version.refuses(now) for version in at_store):
        return Withheld.LOCKED
    return why


def _why(verdict: Verdict, decision: Decision | None) -> Withheld | None:
    if any(reason.ground is Ground.HOLD for reason in verdict.reasons):
        return Withheld.HELD
    if verdict.reasons[-1].ground is Ground.UNKNOWN:
        return Withheld.UNKNOWN
    if verdict.reasons[-1].ground is Ground.PERMANENT or verdict.action is Disposal.KEEP:
        return Withheld.PERMANENT
    if not verdict.due:
        return Withheld.NOT_DUE
    choice = decision.choice if decision is not None and decision.counts(verdict.until) else None
    return _UNDECIDED[verdict.action] if choice not in _GO[verdict.action] else None


_GO: dict[Disposal, frozenset[Choice | None]] = {
    Disposal.DESTROY: frozenset({None, Choice.DESTROY, Choice.TRANSFERRED}),
    Disposal.REVIEW: frozenset({Choice.DESTROY, Choice.TRANSFERRED}),
    Disposal.TRANSFER: frozenset({Choice.TRANSFERRED}),
}
_UNDECIDED = {
    Disposal.DESTROY: Withheld.DECIDED,
    Disposal.REVIEW: Withheld.REVIEW,
    Disposal.TRANSFER: Withheld.TRANSFER,
}


def _sentences(verdict: Verdict, decision: Decision | None) -> list[str]:
    told = [reason.sentence for reason in verdict.reasons]
    if verdict.due and decision is not None and decision.counts(verdict.until):
        told.append(f"decided on {decision.day}: {decision.choice.value}")
    elif verdict.due and verdict.action in (Disposal.REVIEW, Disposal.TRANSFER):
        told.append(_UNDECIDED[verdict.action].value)
    return told


def _reason(verdict: Verdict) -> str:
    """The last reason is the class's own; holds come before it and are nobody's business."""
    return verdict.reasons[-1].sentence
