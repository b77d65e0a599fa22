"""Random schedules of what persons, programs and bad luck do to an archive while it is purged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

from archiver.domain.document import State
from archiver.errors import MinutierError, NotPermittedError, RefusedError, UnreachableError
from archiver.ports.clock import Doubt, Skew
from archiver.ports.retention_rows import Purge, PurgeState
from archiver.services.events import Events
from archiver.services.holds import Holds, Wish
from archiver.services.policies import Policies
from archiver.services.purge.plan import Criteria
from archiver.services.register import Register
from archiver.services.reviews import Reviews, Ruling
from retention.decision import Choice
from retention.errors import RetentionError
from retention.plan import ItemState
from retention.statements import Approval
from tests.support.interference import Interference
from tests.support.purge_rules import require_certificate, require_sound, whole
from tests.support.purges import PERSONS, POLICY, Opened
from tests.support.small_archive import PowerCut

Wrap = Callable[[str, Any], Any]
Open = Callable[[Wrap], Any]
"""Opens the archive again with what is put around its parts."""
REFUSALS = (MinutierError, RetentionError)
LATER = POLICY.replace("limit: P1Y", "limit: P40Y")
LONGER = POLICY.replace("period: P1Y", "period: P30Y").replace("limit: P1Y", "limit: P2Y")


class Schedule:
    """One archive's life under a random sequence of happenings, judged at each destruction and at the end.

    Args:
        reopen: gives the archive as a context; asked again after each sudden end.
        beside: gives it as another process would have it that holds or records at any moment.
        collection: the only one it is about; "" for all.
        own_time: whether the clock and the policy are this schedule's alone, and not a server's or other schedules', too.
    """

    def __init__(
        self, chance: Random, reopen: Open, beside: Callable[[], Any], *, collection: str = "", own_time: bool = True
    ) -> None:
        self.chance, self._reopen, self._beside = chance, reopen, beside
        self._collection, self._own_time = collection, own_time
        self.story: list[str] = []
        self.promised: dict[str, date] = {}
        self.held: dict[str, set[str]] = {}
        self.destroyed: set[str] = set()
        self._holds = 0

    def run(self) -> None:
        """The life, then the rules at its end."""
        with self._reopen(lambda _, part: part) as one:
            there = one.archive.catalog.select(collection=self._collection)
            self.before = {str(each.id): each for each in there}
            for _ in range(self.chance.randint(1, 4)):
                self._outside(one)
        for _ in range(self.chance.randint(1, 2)):
            self._purge()
        with self._reopen(lambda _, part: part) as one:
            self._rules(one)

    # -- what happens between purges, and within ---------------------------------------------------------------
    def _outside(self, one: Opened) -> None:
        own = [self._policy, self._time, self._time] if self._own_time else []
        self._try(self.chance.choice([self._hold, self._hold, self._release, self._event, self._decide, *own]), one)

    def _try(self, happening: Callable[[Opened], None], one: Opened) -> None:
        self.story.append(happening.__name__)
        try:
            happening(one)
        except REFUSALS as error:
            self.story[-1] += f": {error}"
        self._note_promises(one)

    def _some(self) -> str:
        return self.chance.choice(sorted(key for key, each in self.before.items() if each.root_id is None))

    def _holding(self, one: Opened) -> Holds:
        archive = one.archive
        register = Register(archive.objects, archive.keys)
        return Holds(archive.catalog, archive.objects, one.clock, register, archive.retention_turn)

    def _hold(self, one: Opened) -> None:
        self._holds += 1
        name, wanted = f"m{self._holds}{self._collection}", self._some()
        holds = self._holding(one)
        hold, _ = holds.open(Wish("matter", "why", "who", id=name), by="anna")
        outcome = holds.place(hold, [[wanted]])
        gone = one.archive.catalog.document(wanted).state is State.DISPOSED
        assert (outcome.gone == 1) == gone, f"{self.story}: a hold on {self.before[wanted].name}: {outcome}, destroyed: {gone}"
        if not gone:
            self.held.setdefault(wanted, set()).add(name)

    def _release(self, one: Opened) -> None:
        for wanted, names in self.held.items():
            if names:
                name = sorted(names)[0]
                self._holding(one).release(name, "over", by="anna")
                self.held[wanted] = names - {name}
                return

    def _event(self, one: Opened) -> None:
        archive, today = one.archive, one.clock.now().date()
        day = today - timedelta(self.chance.choice([3000, 800, 366, 365, 10, -30]))
        Events(archive.catalog, archive.objects, one.clock, archive.retention_turn).record("closed", day, [[self._some()]])

    def _decide(self, one: Opened) -> None:
        archive = one.archive
        register = Register(archive.objects, archive.keys)
        reviews = Reviews(archive.catalog, archive.objects, one.clock, register, archive.retention_turn)
        reviews.decide(Ruling(Choice.DESTROY, "why"), [[self._some()]], by="anna")

    def _policy(self, one: Opened) -> None:
        archive = one.archive
        text = self.chance.choice([POLICY, LONGER, LATER, LONGER.replace("Short", "Shorter")])
        Policies(archive.catalog, archive.objects, one.clock, turn=archive.retention_turn).apply(text.encode(), by="anna")

    def _time(self, one: Opened) -> None:
        one.clock.move(timedelta(days=self.chance.choice([1, 5, 40, 400])))

    def _note_promises(self, one: Opened) -> None:
        for each in one.archive.catalog.documents(list(self.before)).values():
            if each.retain_until is not None:
                before = self.promised.get(str(each.id), each.retain_until)
                assert each.retain_until >= before, f"{self.story}: a promise shrank"
                self.promised[str(each.id)] = each.retain_until

    # -- purges -------------------------------------------------------------------------------------------------
    def _purge(self) -> None:
        with self._reopen(lambda _, part: part) as one:
            purge = self._planned(one)
            if purge is None:
                return
            if self.chance.random() < 0.3:
                self._outside(one)
            self._approved(one, purge)
            if self.chance.random() < 0.3:
                self._outside(one)
        for _ in range(6):
            if self._run(purge.id):
                return
        self._finish(purge.id)

    def _planned(self, one: Opened) -> Purge | None:
        self.author = self.chance.choice(PERSONS)
        one_class = Criteria(self._collection, "SHORT")
        criteria = self.chance.choice([Criteria(self._collection), Criteria(self._collection), one_class])
        self.story.append(f"plan by {self.author}")
        return one.plan(self.author, criteria)

    def _approved(self, one: Opened, purge: Purge) -> None:
        person = self.chance.choice(PERSONS)
        lasts = timedelta(days=self.chance.choice([1, 7, 90]))
        self.story.append(f"approval by {person} for {lasts.days} days")
        try:
            one.approve(purge, person, lasts=lasts)
            assert person != self.author, "the author approved"
        except NotPermittedError:
            assert person == self.author
            one.approve(purge, next(each for each in PERSONS if each != self.author), lasts=lasts)

    def _run(self, purge_id: str) -> bool:
        """One run, to which something may happen; whether it came to its end."""
        interference = Interference()
        for _ in range(self.chance.choice([0, 1, 1, 2])):
            interference.at[self.chance.randrange(45)] = self._happening()
        try:
            with self._reopen(interference.wrap) as one:
                self._one, interference.armed = one, True
                one.run(one.archive.catalog.purge(purge_id))
                interference.armed = False
        except (PowerCut, UnreachableError) as error:
            self.story.append(f"cut by {error}")
        except RefusedError as error:
            self.story.append(f"refused: {error}")
            with self._reopen(lambda _, part: part) as one:
                one.clock.doubted = None
                self._approved(one, one.archive.catalog.purge(purge_id))
        self._look(purge_id)
        with self._reopen(lambda _, part: part) as one:
            return one.archive.catalog.purge(purge_id).state is PurgeState.DONE

    def _happening(self) -> Callable[[str], None]:
        def cut(call: str) -> None:
            raise self.chance.choice([PowerCut, UnreachableError])(call)

        def doubt(_: str) -> None:
            self._one.clock.doubted = self.chance.choice([None, Skew(Doubt.AHEAD, timedelta(400), "it leapt", None)])

        def late(_: str) -> None:
            self._one.clock.move(timedelta(days=self.chance.choice([1, 8])))

        def beside(call: str) -> None:
            if call in _IN_TURN:  # it would wait until that has ended, as another process does
                return
            with self._beside() as other:
                self._try(self.chance.choice([self._hold, self._hold, self._event, self._decide]), other)

        return self.chance.choice([cut, doubt, late if self._own_time else cut, beside, beside, beside])

    def _finish(self, purge_id: str) -> None:
        """Undisturbed, at last."""
        with self._reopen(lambda _, part: part) as one:
            one.clock.doubted = None
            self._approved(one, one.archive.catalog.purge(purge_id))
            one.run(one.archive.catalog.purge(purge_id))
        self._look(purge_id)

    # -- rules --------------------------------------------------------------------------------------------------
    def _look(self, purge_id: str) -> None:
        """Nothing went that was held, before its day, outside the plan, or under an approval of the author or one run out."""
        with self._reopen(lambda _, part: part) as one:
            purge = one.archive.catalog.purge(purge_id)
            now = one.archive.catalog.documents(list(self.before))
            gone = {str(key) for key, each in now.items() if each.state is State.DISPOSED}
            fresh, items = gone - self.destroyed, one.items(purge)
            assert fresh <= items.keys(), f"{self.story}: destroyed outside the plan"
            for key in fresh:
                root = str(self.before[key].root_id or key)
                assert not self.held.get(root), f"{self.story}: {self.before[key].name} was held"
                assert self.promised[root] < one.clock.now().date(), f"{self.story}: {self.before[key].name} went too early"
                assert root in gone, f"{self.story}: a member went without its container"
                self._require_window(purge, items[key].at, key)
            self.destroyed = gone

    def _require_window(self, purge: Purge, at: Any, key: str) -> None:
        approvals = [Approval.parse(given.statement) for given in purge.approvals]
        assert approvals
        assert all(approval.approver != purge.plan.split("author ")[1].strip() for approval in approvals)
        if at is not None:
            assert any(approval.given <= at for approval in approvals), f"{self.story}: {key} went before any approval"

    def _rules(self, one: Opened) -> None:
        for key, document in self.before.items():
            if key in self.destroyed:
                continue
            problem = whole(one, document)
            assert not problem, f"{self.story}: {document.name}: {problem}"
        for purge in one.archive.catalog.purges():
            if purge.state is PurgeState.DONE:
                require_certificate(one, purge)
                states = {item.state for item in one.items(purge).values()}
                assert states <= {ItemState.EXECUTED, ItemState.WITHHELD}, f"{self.story}: {states}"
        require_sound(one)


_IN_TURN = frozenset({"catalog.condemn", "catalog.contents", "catalog.referrers", "catalog.documents", "objects.versions_of"})
"""What is asked within the retention turn, among others."""
