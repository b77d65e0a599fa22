"""Reviews: documents that are due, and whose class leaves it to a person what becomes of them.

A decision is about documents that are due on that day, and counts for that end alone: a document that is kept until a later day
comes up again after it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from archiver.domain.document import Document, State
from archiver.domain.ledger import LedgerEvent, Value
from archiver.errors import UsageError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.objects import ObjectStore
from archiver.services.circumstances import KnownFacts
from archiver.services.extend_terms import term_details
from archiver.services.pages import pages
from archiver.services.policy_now import PolicyNow
from archiver.services.register import Register
from archiver.services.renewal import renewed
from archiver.services.retention_turn import Turn
from archiver.services.selection import PAGE, originals
from archiver.services.stored_terms import StoredTerms
from retention.days import day_in
from retention.decision import Choice, Decision
from retention.disposal import Circumstances, Judgement, Withheld, judge
from retention.policy import Disposal, Policy

REVIEWED = "reviewed"
"""Kind of the ledger entry that a person decided about a document: the choice, by whom (a pseudonym), and its last day."""

_WORDS = 2_000
_ASKED = (Withheld.REVIEW, Withheld.TRANSFER, Withheld.DECIDED)


@dataclass(frozen=True, slots=True)
class Due:
    """A document that waits for a decision, or is past the law's maximum. `why` is None for one that nothing keeps."""

    document: Document
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Ruling:
    """What somebody decides about documents.

    Attributes:
        until: with `keep`: the new last day.
        reference: with `transferred`: the receipt of whoever has them now.
    """

    choice: Choice
    reason: str
    until: date | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Unfit:
    """A document that the ruling cannot be about, and why, in words."""

    document_id: str
    why: str


@dataclass(slots=True)
class Outcome:
    """Documents decided about; `unfit` ones were left as they are; `members` ids were members'."""

    decided: int = 0
    unfit: int = 0
    members: int = 0


def _nobody(_: object) -> None:
    """Not told."""


@dataclass(frozen=True, slots=True)
class Reviews:
    """Lists what waits, and enters decisions. A decision may be repeated, and replaced by another.

    Args:
        tick: told after each page how it stands.
        told: of each document that could not be decided about.
    """

    catalog: Catalog
    objects: ObjectStore
    clock: Clock
    register: Register
    turn: Turn
    tick: Callable[[Outcome], None] = _nobody
    told: Callable[[Unfit], None] = _nobody
    _policy: PolicyNow = field(init=False)
    _terms: StoredTerms = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_policy", PolicyNow(self.catalog))
        object.__setattr__(self, "_terms", StoredTerms(self.catalog, self.objects, self.clock))

    def waiting(self, *, collection: str = "", retention_class: str = "", passed_limit: bool = False) -> Iterator[Due]:
        """Documents that wait for a decision, the longest due first; lazily.

        Args:
            passed_limit: instead those that the law's maximum has passed for, whatever keeps them.
        """
        policy, today = self._policy(), self._today()
        due = self.catalog.due(today, collection=collection, retention_class=retention_class)
        for page in pages(due, PAGE):
            known = KnownFacts(self.catalog).of(page)
            for document in page:
                found = judge(policy, known[document.id], today)
                if found.verdict.overdue if passed_limit else found.why in _ASKED:
                    yield Due(document, found)

    def check(self, ruling: Ruling, selection: Iterable[list[str]]) -> Outcome:
        """What the ruling would be about; changes nothing."""
        checked, counts = self._checked(ruling), Outcome()
        for ids in selection:
            fit, _ = self._fit(checked, ids, counts)
            counts.decided += len(fit)
        return counts

    def decide(self, ruling: Ruling, selection: Iterable[list[str]], *, by: str) -> Outcome:
        """Enter the ruling for the originals of these pages of ids, each judged once more. Those it does not fit are left.

        Raises:
            UsageError: it lacks a reason, a day or a reference.
        """
        checked, counts, who = self._checked(ruling), Outcome(), self.register.enter(by)
        for ids in selection:
            with self.turn():
                fit, known = self._fit(checked, ids, counts)
                after = self._decide_page(checked, fit, known, by, who)
            if checked.until is not None:
                for root in after:
                    self._keep_members(root)
            counts.decided += len(fit)
            self.tick(counts)
        return counts

    def _checked(self, ruling: Ruling) -> Ruling:
        said = replace(ruling, reason=ruling.reason.strip(), reference=ruling.reference.strip())
        if not said.reason or max(len(said.reason), len(said.reference)) > _WORDS:
            raise UsageError("a decision has a reason", remedy=f"say it with --reason, in at most {_WORDS:,} characters")
        if (said.choice is Choice.KEEP) != (said.until is not None):
            raise UsageError("documents are kept until a day", remedy="`keep` takes --until DATE, and only `keep` does")
        if said.until is not None and said.until <= self._today():
            raise UsageError(f"{said.until} has passed", remedy="name a day to come, after which they will be asked about again")
        if (said.choice is Choice.TRANSFERRED) != bool(said.reference):
            raise UsageError("a transfer has a receipt", remedy="`transferred` takes --reference, and only `transferred` does")
        return said

    def _fit(self, ruling: Ruling, ids: Sequence[str], counts: Outcome) -> tuple[list[Document], dict[str, Circumstances]]:
        chosen, policy, today = originals(self.catalog, ids), self._policy(), self._today()
        known, fit = KnownFacts(self.catalog).of(chosen.originals), []
        unfit = [Unfit(one.id, "it is destroyed, or its destruction has begun") for one in chosen.gone]
        unfit += [Unfit(one, "it is not in the archive") for one in chosen.absent]
        for document in chosen.originals:
            why = _unfit(policy, document, known[document.id], ruling, today)
            if why:
                unfit.append(Unfit(document.id, why))
            else:
                fit.append(document)
        counts.unfit += len(unfit)
        counts.members += len(chosen.members)
        for one in unfit:
            self.told(one)
        return fit, known

    def _decide_page(
        self, ruling: Ruling, fit: Sequence[Document], known: Mapping[str, Circumstances], by: str, who: str
    ) -> list[Document]:
        """Kept ones get their new last day at the store before the catalogue says so."""
        today, now = self._today(), self.clock.now()
        made = Decision(ruling.choice, today, by, ruling.reason, ruling.reference)
        after = list(fit)
        if ruling.until is not None:
            longer: dict[str, Circumstances] = {one.id: _kept(known[one.id], ruling.until) for one in fit}
            note = f"kept until {ruling.until} by a decision of {today}"
            after = [renewed(one, longer[one.id], self._policy(), now, note) for one in fit]
            self._terms.bring(self._policy(), after, longer)
        entries = [LedgerEvent(REVIEWED, one.id, now, _details(ruling, today, who) | term_details(one)) for one in after]
        self.catalog.commit_decisions(after, {one.id: made for one in fit}, entries)
        return [one for one in after if one.members]

    def _keep_members(self, root: Document) -> None:
        """Members are kept as long as what contains them."""
        for ids in pages((one.id for one in self.catalog.select(root_id=root.id)), PAGE):
            with self.turn():
                members = [one for one in self.catalog.documents(ids).values() if one.state is not State.DISPOSED]
                known = KnownFacts(self.catalog).of(members)
                until = root.retain_until
                longer: dict[str, Circumstances] = {key: _kept(one, until) if until else one for key, one in known.items()}
                now = self.clock.now()
                after = [renewed(one, longer[one.id], self._policy(), now, root.retention_note) for one in members]
                self._terms.bring(self._policy(), after, longer)
                changed = [new for old, new in zip(members, after, strict=True) if new != old]
                details = {"choice": Choice.KEEP.value, "day": self._today().isoformat()}
                entries = [LedgerEvent(REVIEWED, one.id, now, details | term_details(one)) for one in changed]
                self.catalog.commit_decisions(changed, {}, entries)

    def _today(self) -> date:
        return day_in(self._policy().time_zone, self.clock.now())


def _kept(about: Circumstances, until: date) -> Circumstances:
    before = about.facts.retain_until
    return replace(about, facts=replace(about.facts, retain_until=until if before is None else max(before, until)))


def _unfit(policy: Policy, document: Document, about: Circumstances, ruling: Ruling, today: date) -> str:
    """Why the ruling cannot be about the document; "" when it can. One that is held may be decided about: it stays all the same."""
    if document.state is State.RECEIVED:
        return "it is not archived yet"
    free = judge(policy, replace(about, holds=(), decision=None), today)
    action = free.verdict.action
    if free.why in (Withheld.PERMANENT, Withheld.NOT_DUE):
        return f"it is not due: {free.sentence}"
    if action is Disposal.DESTROY and ruling.choice is not Choice.KEEP:
        return "its class asks nobody: an approved purge destroys it"
    if action is Disposal.TRANSFER and ruling.choice is Choice.DESTROY:
        return "its class asks for a transfer: decide `transferred`, with the receipt, or `keep`"
    return ""


def _details(ruling: Ruling, today: date, who: str) -> dict[str, Value]:
    reference = hashlib.sha256(ruling.reference.encode("utf-8", "surrogateescape")).hexdigest() if ruling.reference else None
    return {"choice": ruling.choice.value, "day": today.isoformat(), "by": who, "reference_sha256": reference}
