"""Events: what happened to documents, which their last day is counted from.

A page at a time within the retention turn: the date at the store first, then its hold, then the catalogue. Of two accounts of
one event the later day counts, whichever is told first, so that no end ever moves earlier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain, islice

from archiver.domain.access import Scope
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
from archiver.services.renewal import renewed, waits_for
from archiver.services.retention_turn import Turn
from archiver.services.selection import PAGE, originals
from archiver.services.stored_terms import StoredTerms
from retention.days import day_in
from retention.disposal import Circumstances
from retention.period import Period
from retention.policy import Policy, TriggerKind
from retention.schedule import Occurrence, deadline

EVENT = "event"
"""Kind of the ledger entry that an event was recorded, with what it made of the document; of one that is received and not
archived yet, nothing so far."""


@dataclass(slots=True)
class Outcome:
    """What recording an event did.

    Attributes:
        recorded: documents to which it is new, or happened later than was known; dated: of these, those that have another last
            day now.
        before: the same day was recorded already; later: a later day was, which stays.
        members, gone, absent: as for holds.
    """

    recorded: int = 0
    dated: int = 0
    before: int = 0
    later: int = 0
    members: int = 0
    gone: int = 0
    absent: int = 0

    @property
    def incomplete(self) -> bool:
        """Whether something that was asked for could not be done."""
        return bool(self.gone or self.absent)


@dataclass(frozen=True, slots=True)
class Told:
    """One document that was not simply recorded: "later" (with the day that stays), "gone", "absent", "member" (with its
    original)."""

    document_id: str
    what: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """A document whose end is not known while an event is not recorded. `since`: the day it was received."""

    document: Document
    event: str
    since: date


@dataclass(frozen=True, slots=True)
class Place:
    """How far a list of what waits has been gone through: behind this document, which had this last day or none."""

    document_id: str = ""
    day: date | None = None


def place_of(document: Document) -> Place:
    """The place of a document in that list."""
    return Place(document.id, document.retain_until)


def _nobody(_: object) -> None:
    """Not told."""


def known_events(policy: Policy) -> list[str]:
    """Events that some class of the policy waits for, sorted."""
    triggers = (found.trigger for found in policy.classes.values())
    return sorted({trigger.name for trigger in triggers if trigger.kind is TriggerKind.EVENT})


@dataclass(frozen=True, slots=True)
class Events:
    """Records events. Everything may be repeated, and finishes what was cut off.

    Args:
        tick: told after each page how it stands.
        told: of each document that was not simply recorded.
    """

    catalog: Catalog
    objects: ObjectStore
    clock: Clock
    turn: Turn
    tick: Callable[[Outcome], None] = _nobody
    told: Callable[[Told], None] = _nobody
    _policy: PolicyNow = field(init=False)
    _terms: StoredTerms = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_policy", PolicyNow(self.catalog))
        object.__setattr__(self, "_terms", StoredTerms(self.catalog, self.objects, self.clock))

    def record(self, name: str, day: date, selection: Iterable[list[str]], *, anyway: bool = False) -> Outcome:
        """The event happened on `day` to the originals of these pages of ids, and so to what they contain.

        Args:
            anyway: also an event that no class of the policy in force waits for.

        Raises:
            UsageError: no class waits for it.
        """
        self._require_known(name, anyway)
        counts = Outcome()
        for ids in selection:
            with self.turn():
                there = self._record_page(name, day, ids, counts)
            for root in there:
                self._renew_members(root, name)
            self.tick(counts)
        return counts

    def missing(self, *, older_than: Period | None = None, retention_class: str = "") -> Iterator[Missing]:
        """Documents that wait for an event, those whose promised day has passed meanwhile last; lazily."""
        policy = self._policy()
        today = day_in(policy.time_zone, self.clock.now())
        for page in pages(chain(self.catalog.undated(), self.catalog.due(today)), PAGE):
            for found in self._waiting(page):
                if retention_class in ("", found.document.retention_class) and _is_older(found.since, older_than, today):
                    yield found

    def missing_page(
        self, scope: Scope, place: Place, *, look_at: int, older_than: Period | None = None, retention_class: str = ""
    ) -> tuple[list[Missing], Place | None]:
        """Of the next `look_at` candidates those that may be seen and wait for an event; and where to go on, None at the end.

        So an answer takes as long as a part of the archive does, and not all of it; it may hold nothing and not be the last.
        """
        policy = self._policy()
        today = day_in(policy.time_zone, self.clock.now())
        looked = list(islice(self._candidates(place, today), look_at))
        there = [one for one in looked if scope.admits(one) and retention_class in ("", one.retention_class)]
        found = [one for page in pages(there, PAGE) for one in self._waiting(page) if _is_older(one.since, older_than, today)]
        return found, place_of(looked[-1]) if len(looked) == look_at else None

    def _candidates(self, place: Place, today: date) -> Iterator[Document]:
        if place.day is not None:
            return self.catalog.due(today, after=(place.day, place.document_id))
        return chain(self.catalog.undated(after=place.document_id), self.catalog.due(today))

    def _waiting(self, page: Sequence[Document]) -> Iterator[Missing]:
        policy, known = self._policy(), KnownFacts(self.catalog).of(page)
        for document in page:
            about = known[document.id]
            event = waits_for(deadline(policy, about.facts), policy, about)
            if event:
                yield Missing(document, event, day_in(policy.time_zone, document.received_at))

    def _require_known(self, name: str, anyway: bool) -> None:
        known = known_events(self._policy())
        if name in known or anyway:
            return
        from difflib import get_close_matches

        close = get_close_matches(name, known, 1)
        waits = f"did you mean {close[0]}? " if close else f"they wait for: {', '.join(known)}; " if known else ""
        raise UsageError(
            f"no class of the policy in force waits for an event {name!r}", remedy=f"{waits}--anyway records it all the same"
        )

    def _record_page(self, name: str, day: date, ids: Sequence[str], counts: Outcome) -> list[Document]:
        chosen, policy, now = originals(self.catalog, ids), self._policy(), self.clock.now()
        new = Occurrence(day, day_in(policy.time_zone, now))
        known = KnownFacts(self.catalog).of(chosen.originals)
        happened: dict[str, Mapping[str, Occurrence]] = {}
        for document in chosen.originals:
            old = known[document.id].facts.events.get(name)
            if old is None or new.day > old.day:
                happened[document.id] = {name: new}
                known[document.id] = _after(known[document.id], name, new)
            self._count(document, old, new, counts)
        self._renew(chosen.originals, known, happened, name, counts)
        self._tell_of(chosen.members, [one.id for one in chosen.gone], chosen.absent, counts)
        return [one for one in chosen.originals if one.members or one.state is State.RECEIVED]

    def _renew(
        self,
        documents: Sequence[Document],
        known: Mapping[str, Circumstances],
        happened: Mapping[str, Mapping[str, Occurrence]],
        name: str,
        counts: Outcome,
    ) -> None:
        policy, now = self._policy(), self.clock.now()
        there = [one for one in documents if one.state is not State.RECEIVED]
        after = {one.id: renewed(one, known[one.id], policy, now) for one in there}
        changed = [after[one.id] for one in there if after[one.id] != one]
        touched = [one for one in there if one.root_id or one.id in happened or after[one.id] != one]
        self._terms.bring(policy, touched, known)
        entries = []
        for document in documents:
            if document.id in happened or after.get(document.id, document) != document:
                entries.append(_entry(after.get(document.id, document), name, known[document.id], self.clock))
        self.catalog.commit_occurrences(changed, happened, entries)
        counts.dated += sum(one.root_id is None for one in changed)

    def _renew_members(self, root: Document, name: str) -> None:
        """Members follow what happened to their original; those whose row says so already are still told to the store."""
        for ids in pages((one.id for one in self.catalog.select(root_id=root.id)), PAGE):
            with self.turn():
                members = [one for one in self.catalog.documents(ids).values() if one.state is not State.DISPOSED]
                self._renew(members, KnownFacts(self.catalog).of(members), {}, name, Outcome())

    def _count(self, document: Document, old: Occurrence | None, new: Occurrence, counts: Outcome) -> None:
        if old is None or new.day > old.day:
            counts.recorded += 1
        elif new.day == old.day:
            counts.before += 1
        else:
            counts.later += 1
            self.told(Told(document.id, "later", old.day.isoformat()))

    def _tell_of(self, members: Mapping[str, str], gone: Sequence[str], absent: Sequence[str], counts: Outcome) -> None:
        counts.members += len(members)
        counts.gone += len(gone)
        counts.absent += len(absent)
        for document_id, root in members.items():
            self.told(Told(document_id, "member", root))
        for document_id in gone:
            self.told(Told(document_id, "gone"))
        for document_id in absent:
            self.told(Told(document_id, "absent"))


def _after(about: Circumstances, name: str, new: Occurrence) -> Circumstances:
    return replace(about, facts=replace(about.facts, events={**about.facts.events, name: new}))


def _entry(document: Document, name: str, about: Circumstances, clock: Clock) -> LedgerEvent:
    happened = about.facts.events[name]
    details: dict[str, Value] = {"name": name, "day": happened.day.isoformat(), "recorded": happened.recorded.isoformat()}
    if document.state is State.RECEIVED:
        return LedgerEvent(EVENT, document.id, clock.now(), details)
    return LedgerEvent(EVENT, document.id, clock.now(), details | term_details(document))


def _is_older(since: date, older_than: Period | None, today: date) -> bool:
    if older_than is None:
        return True
    ends = older_than.after(since)
    return ends is not None and ends <= today
