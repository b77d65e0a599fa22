"""How long a document is kept, and why, in sentences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from archiver.domain.document import Document, LockMode
from archiver.services.circumstances import facts_of, wanted
from retention.days import day_in
from retention.decision import Choice, Decision
from retention.disposal import Circumstances
from retention.policy import Disposal, Policy
from retention.verdict import Verdict, decide


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict on one document.

    Attributes:
        title, basis: of its class; "" for a class the policy does not know.
        sentences: why it is kept, or since when it is due; strongest ground first.
        what_then: what becomes of it once nothing keeps it, in words.
        lock: the lock it has at the store.
        held: the store keeps it by a hold: somebody holds it, or there is no date to lock to. For whoever may not see holds, the
            latter alone.
        decision: what a person decided about this end of it.
    """

    document: Document
    policy_version: int
    title: str
    basis: str
    verdict: Verdict
    sentences: tuple[str, ...]
    what_then: str
    lock: LockMode
    held: bool
    decision: Decision | None = None

    @property
    def until(self) -> date | None:
        """The last day it is kept; None when that is not known, or there is none."""
        return self.verdict.until


_THEN = {
    "destroy": "then it may be destroyed, by an approved purge only",
    "review": "then somebody decides what becomes of it",
    "transfer": "then it is to be handed over to another archive",
    "keep": "it is never destroyed",
}


def explain(
    document: Document, policy: Policy, now: datetime, about: Circumstances | None = None, *, may_see_holds: bool = True
) -> Explanation:
    """The verdict on `document` at `now`, with every reason.

    Args:
        about: what is known of it (`KnownFacts`): events, holds and the decision; without, as if there were none.
    """
    known = about if about is not None else Circumstances(facts_of(document))
    found = policy.retention_class(document.retention_class)
    verdict = decide(policy, known.facts, known.holds, day_in(policy.time_zone, now))
    sentences = verdict.sentences(may_see_holds=may_see_holds) + _decided(verdict, known.decision)
    if document.root_id is not None:
        sentences += (f"it is part of document {document.root_id}, and stays as long as that does",)
    return Explanation(
        document=document,
        policy_version=policy.version,
        title=found.title if found else "",
        basis=found.basis if found else "",
        verdict=verdict,
        sentences=sentences,
        what_then=_then(verdict) if found else "it stays until a policy says what becomes of its class",
        lock=document.lock_mode,
        held=wanted(policy, known if may_see_holds else replace(known, holds=()), now).hold,
        decision=known.decision,
    )


def _decided(verdict: Verdict, decision: Decision | None) -> tuple[str, ...]:
    """A decision in words: one for this end, one that moved the end; or that one is waited for."""
    if decision is not None and decision.counts(verdict.until):
        return (f"decided on {decision.day}: {decision.choice.value}",)
    if decision is not None and decision.choice is Choice.KEEP and not verdict.due:
        return (f"decided on {decision.day} to keep it longer",)
    if verdict.due and verdict.action in (Disposal.REVIEW, Disposal.TRANSFER):
        return ("waits for a decision" if verdict.action is Disposal.REVIEW else "waits for its transfer",)
    return ()


def _then(verdict: Verdict) -> str:
    return _THEN[verdict.action.value] + (", with the visa of an authority" if verdict.needs_visa else "")
