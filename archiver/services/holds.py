"""Holds: placed and released a page at a time, in the catalogue and at the store, whoever else is at work.

Placing sets the store's hold first, then the rows; releasing removes the rows first, then the store's holds. So a page that is
cut off leaves more held than there is a reason for, never less; which page that was is written down before, and finished by
whoever uses the hold next. Originals are held; members follow them.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from archiver.domain.document import Document, State
from archiver.domain.holding import HELD, HOLD_PLACED, HOLD_RELEASED, RELEASED
from archiver.domain.ledger import LedgerEvent
from archiver.errors import AlreadyExistsError, NotFoundError, RefusedError, UsageError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.objects import ObjectStore
from archiver.ports.retention_rows import HoldRecord
from archiver.services.circumstances import KnownFacts
from archiver.services.hold_files import write_hold, write_release
from archiver.services.pages import pages
from archiver.services.policy_now import PolicyNow
from archiver.services.register import Register
from archiver.services.retention_turn import Turn
from archiver.services.selection import PAGE, originals
from archiver.services.stored_terms import StoredTerms
from retention.days import day_in

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,47}")
_WORDS = 2_000
"""Longest matter, reason or owner."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A hold as somebody asks for it. `id`: "" for a new one with a name of the archive's own."""

    matter: str = ""
    reason: str = ""
    owner: str = ""
    review: date | None = None
    id: str = ""
    collection: str = ""


@dataclass(slots=True)
class Outcome:
    """What a placing or a release did.

    Attributes:
        done: originals held, or let go, by it; before: those that were so already.
        members: ids that were members', for which their original was taken.
        gone: destroyed before, or their destruction has begun; absent: never here; bare: without stored bytes that could be held.
    """

    done: int = 0
    before: int = 0
    members: int = 0
    gone: int = 0
    absent: int = 0
    bare: int = 0

    @property
    def incomplete(self) -> bool:
        """Whether something that was asked for could not be done."""
        return bool(self.gone or self.absent or self.bare)


@dataclass(frozen=True, slots=True)
class Trouble:
    """An id for which something could not be done: "gone", "absent" or "bare" (see `Outcome`), or was done otherwise: "member"."""

    document_id: str
    what: str
    about: str = ""


def _nobody(_: object) -> None:
    """Not told."""


@dataclass(frozen=True, slots=True)
class Holds:
    """Places and releases. Everything may be repeated.

    Args:
        tick: told after each page how it stands.
        told: of each id that could not be done as asked.
    """

    catalog: Catalog
    objects: ObjectStore
    clock: Clock
    register: Register
    turn: Turn
    tick: Callable[[Outcome], None] = _nobody
    told: Callable[[Trouble], None] = _nobody
    _policy: PolicyNow = field(init=False)
    _terms: StoredTerms = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_policy", PolicyNow(self.catalog))
        object.__setattr__(self, "_terms", StoredTerms(self.catalog, self.objects, self.clock))

    # -- placing ------------------------------------------------------------------------------------------------
    def open(self, wish: Wish, *, by: str) -> tuple[HoldRecord, bool]:
        """The hold to place, and whether it is new: a wish with the id of an open hold adds to that one.

        From here on it covers what arrives in its collection.

        Raises:
            RefusedError: the hold with that id was released.
            UsageError: something is missing, or says other than the hold that is there.
        """
        there = self._known(wish.id) if wish.id else None
        if there is not None:
            return _same(there, wish), False
        hold = self._made(_complete(wish), by)
        who = self.register.enter(by)
        write_hold(self.objects, hold)
        try:
            self.catalog.add_hold(hold, [LedgerEvent(HOLD_PLACED, "", hold.placed_at, {"hold": hold.id, "by": who})])
        except AlreadyExistsError:
            return _same(self.catalog.hold(hold.id), wish), False
        return hold, True

    def place(self, hold: HoldRecord, selection: Iterable[list[str]]) -> Outcome:
        """Hold the originals of these pages of ids, and whatever is in them.

        Raises:
            RefusedError: the hold was released meanwhile.
        """
        self.finish(hold.id)
        counts = Outcome()
        for ids in selection:
            with self.turn():
                held = self._place_page(hold, ids, counts)
            for root in held:
                for members in self._members(root):
                    with self.turn():
                        self._hold_members(hold.id, root, members)
            self._settled(hold.id)
            self.tick(counts)
        return counts

    def _place_page(self, hold: HoldRecord, ids: Sequence[str], counts: Outcome) -> list[Document]:
        self._require_open(hold.id)
        chosen = originals(self.catalog, ids)
        wanted = [one.id for one in chosen.originals]
        held = {key for key, by in self.catalog.holds_on(wanted).items() if any(one.id == hold.id for one in by)}
        self._begin(hold.id, wanted)
        bare = self._terms.hold(chosen.originals)
        now = self.clock.now()
        events = [LedgerEvent(HELD, one, now, {"hold": hold.id}) for one in wanted]
        gone = self.catalog.place(hold.id, wanted, now.date(), events)  # the day in UTC, as the entry has it
        counts.done += len(set(wanted) - held - gone)
        counts.before += len(held - gone)
        counts.bare += len(bare)
        self._tell("bare", [one.id for one in bare])
        self._tell_of(chosen.members, [*(one.id for one in chosen.gone), *gone], chosen.absent, counts)
        return [one for one in chosen.originals if one.id not in gone and _may_contain(one)]

    def _hold_members(self, hold_id: str, root: Document, ids: Sequence[str]) -> None:
        """The records of members. Their bytes are their container's, which is held already."""
        if any(one.id == hold_id for one in self.catalog.holds_on([root.id]).get(root.id, ())):
            self._terms.hold(list(self.catalog.documents(ids).values()))

    # -- releasing ----------------------------------------------------------------------------------------------
    def release(self, hold_id: str, reason: str, *, by: str) -> tuple[HoldRecord, Outcome]:
        """End a hold: nothing that arrives later is covered, and all it holds is let go of. Finishes one that was cut off.

        Raises:
            NotFoundError: there is no such hold.
            UsageError: no reason.
        """
        hold, words = self.catalog.hold(hold_id), _said("reason", reason)
        if hold.released_at is None:
            now, who = self.clock.now(), self.register.enter(by)
            write_release(self.objects, hold_id, now, by, words, whole=True)
            self.catalog.end_hold(hold_id, now, by, [LedgerEvent(HOLD_RELEASED, "", now, {"hold": hold_id, "by": who})])
        counts = Outcome()
        while self.catalog.held_count(hold_id):  # an arrival may have been covered at the very moment the hold ended
            self._let_go(hold_id, pages(self.catalog.held_by(hold_id), PAGE), counts)
        self.finish(hold_id)
        return self.catalog.hold(hold_id), counts

    def release_part(self, hold_id: str, reason: str, selection: Iterable[list[str]], *, by: str) -> tuple[HoldRecord, Outcome]:
        """Let go of some documents; the hold stays open, and keeps the others.

        Raises:
            NotFoundError: there is no such hold.
            UsageError: no reason.
        """
        hold, counts = self.catalog.hold(hold_id), Outcome()
        now = self.clock.now()
        write_release(self.objects, hold_id, now, by, _said("reason", reason), whole=False)
        self.register.enter(by)
        self._let_go(hold_id, selection, counts)
        return hold, counts

    def finish(self, hold_id: str) -> None:
        """Bring the store to what the catalogue says for the page at which this hold was left, if any."""
        left = self.catalog.get_mark(_mark(hold_id))
        if left:
            self._settle(json.loads(left))
            self._settled(hold_id)

    def _let_go(self, hold_id: str, selection: Iterable[list[str]], counts: Outcome) -> None:
        self.finish(hold_id)
        for ids in selection:
            with self.turn():
                wanted = self._release_page(hold_id, ids, counts)
            self._settle_members(wanted)
            self._settled(hold_id)
            self.tick(counts)

    def _release_page(self, hold_id: str, ids: Sequence[str], counts: Outcome) -> list[Document]:
        chosen = originals(self.catalog, ids)
        wanted = [one.id for one in chosen.originals] + [one.id for one in chosen.gone]
        held = {key for key, by in self.catalog.holds_on(wanted).items() if any(one.id == hold_id for one in by)}
        self._begin(hold_id, sorted(held))
        now = self.clock.now()
        self.catalog.release(hold_id, sorted(held), [LedgerEvent(RELEASED, one, now, {"hold": hold_id}) for one in sorted(held)])
        let_go = [one for one in chosen.originals if one.id in held]
        self._terms.settle_holds(self._policy(), let_go, KnownFacts(self.catalog).of(let_go))
        counts.done += len(held)
        counts.before += len([one for one in chosen.originals if one.id not in held])
        self._tell_of(chosen.members, [one.id for one in chosen.gone], chosen.absent, counts)
        return let_go

    def _settle(self, ids: Sequence[str]) -> None:
        with self.turn():
            there = list(originals(self.catalog, ids).originals)
            self._terms.settle_holds(self._policy(), there, KnownFacts(self.catalog).of(there))
        self._settle_members(there)

    def _settle_members(self, roots: Sequence[Document]) -> None:
        for root in roots:
            for ids in self._members(root) if _may_contain(root) else ():
                with self.turn():
                    members = [one for one in self.catalog.documents(ids).values() if one.state is not State.DISPOSED]
                    self._terms.settle_holds(self._policy(), members, KnownFacts(self.catalog).of(members))

    # -- both ---------------------------------------------------------------------------------------------------
    def _members(self, root: Document) -> Iterator[list[str]]:
        there = (one.id for one in self.catalog.select(root_id=root.id) if one.state is not State.DISPOSED)
        return pages(there, PAGE)

    def _begin(self, hold_id: str, ids: Sequence[str]) -> None:
        """What is about to be changed at the store, until it and the catalogue agree again."""
        self.catalog.set_mark(_mark(hold_id), json.dumps(list(ids)))

    def _settled(self, hold_id: str) -> None:
        self.catalog.set_mark(_mark(hold_id), "")

    def _tell_of(self, members: dict[str, str], gone: Sequence[str], absent: Sequence[str], counts: Outcome) -> None:
        counts.members += len(members)
        counts.gone += len(gone)
        counts.absent += len(absent)
        for document_id, root in members.items():
            self.told(Trouble(document_id, "member", root))
        self._tell("gone", gone)
        self._tell("absent", absent)

    def _tell(self, what: str, ids: Iterable[str]) -> None:
        for document_id in ids:
            self.told(Trouble(document_id, what))

    def _known(self, hold_id: str) -> HoldRecord | None:
        try:
            return self.catalog.hold(_named(hold_id))
        except NotFoundError:
            return None

    def _require_open(self, hold_id: str) -> None:
        if self.catalog.hold(hold_id).released_at is not None:
            raise RefusedError(f"hold {hold_id} was released meanwhile", remedy="place another one for the rest")

    def _made(self, wish: Wish, by: str) -> HoldRecord:
        now = self.clock.now()
        name = wish.id or f"hold-{day_in(self._policy().time_zone, now):%Y%m%d}-{secrets.token_hex(4)}"
        return HoldRecord(name, wish.matter, wish.reason, wish.owner, now, by, wish.review, wish.collection)


def overdue(hold: HoldRecord, today: date) -> bool:
    """Is it open, and its review day past? It holds all the same."""
    return hold.released_at is None and hold.review is not None and hold.review < today


def _complete(wish: Wish) -> Wish:
    if wish.id:
        _named(wish.id)
    return replace(
        wish, matter=_said("matter", wish.matter), reason=_said("reason", wish.reason), owner=_said("owner", wish.owner)
    )


def _same(there: HoldRecord, wish: Wish) -> HoldRecord:
    """The hold that is there, if it is what is wished for."""
    if there.released_at is not None:
        raise RefusedError(
            f"hold {there.id} was released on {there.released_at:%Y-%m-%d}", remedy="leave --id out: that places a new hold"
        )
    for what in ("matter", "reason", "owner", "review", "collection"):
        asked = getattr(wish, what)
        if asked and asked != getattr(there, what):
            raise UsageError(
                f"hold {there.id} has another {what}",
                remedy=f"leave out what the hold says already, or give another --id; `minutier hold show {there.id}`",
            )
    return there


def _said(what: str, words: str) -> str:
    said = words.strip()
    if not said or len(said) > _WORDS:
        raise UsageError(f"a hold has a {what}", remedy=f"say it with --{what}, in at most {_WORDS:,} characters")
    return said


def _named(hold_id: str) -> str:
    if not _NAME.fullmatch(hold_id):
        raise UsageError(
            f"{hold_id[:60]!r} cannot name a hold",
            remedy="use letters, digits, '-', '_' and '.', at most 48, beginning with a letter or digit; never the matter",
        )
    return hold_id


def _may_contain(document: Document) -> bool:
    """Whether there may be members: those of a container that is being read are there before it says so."""
    return document.members > 0 or document.state is State.RECEIVED


def _mark(hold_id: str) -> str:
    return f"hold {hold_id}"
