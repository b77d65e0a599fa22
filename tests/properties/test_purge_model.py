"""Random lives of a few documents and the purges of them, on the pure core, against rules told in other words.

Days are numbers, periods are days, and what must never happen is computed from what was done, not asked of the code.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from retention.decision import Choice, Decision
from retention.disposal import AtStore, Circumstances, Withheld, judge, last_word
from retention.hold import Hold
from retention.period import Period
from retention.plan import ItemState, PlanItem, plan_root
from retention.policy import Disposal, Lock, Policy, RetentionClass, Trigger, TriggerKind
from retention.protection import protection
from retention.schedule import Facts, Occurrence, deadline, extended
from retention.statements import Approval, PlanStatement

SCHEDULES = int(os.environ.get("MINUTIER_PURGE_MODELS", "100000"))
PARTS = 4
"""That processes may share the work."""
EPOCH = date(2026, 1, 1)
ARCHIVE = "3f0c6a3e-1f0a-4c7e-9a52-8d3f6c0b7a11"
ANNA, BRUNO = "a" * 16, "b" * 16
_KINDS = (Trigger(TriggerKind.RECEIVED), Trigger(TriggerKind.METADATA, "day"), Trigger(TriggerKind.EVENT, "end"))
_DISPOSALS = (Disposal.DESTROY, Disposal.DESTROY, Disposal.DESTROY, Disposal.REVIEW, Disposal.TRANSFER, Disposal.KEEP)


def _day(number: int) -> date:
    return EPOCH + timedelta(number)


@dataclass
class Rule:
    """A class as the test sees it. `days`: its period, None for one that is kept without end."""

    days: int | None
    trigger: int
    then: Disposal

    def as_class(self, name: str, legal: bool) -> RetentionClass:
        period = None if self.days is None else Period(0, self.days)
        minimum, limit = (period, None) if legal else (None, period)
        return RetentionClass(name, name, minimum, limit, _KINDS[self.trigger], lock=Lock.NONE, then=self.then)


@dataclass
class Paper:
    """A document of the model, with everything that was ever promised or done about it."""

    name: str
    rule: str
    received: int
    declared: int | None
    event: int | None = None
    promises: set[int] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    chosen: tuple[Choice, int] | None = None
    locked_until: int | None = None
    store_hold: bool = False
    state: ItemState | None = None
    retain_until: date | None = None

    def end(self, rules: dict[str, Rule]) -> int | None:
        """Its last day by these rules, counted by hand: None when it has none."""
        rule = rules.get(self.rule)
        if rule is None or rule.days is None:
            return None
        start = (self.received, self.declared, self.event)[rule.trigger]
        if start is None:
            return None
        return start - 1 if rule.days == 0 else start + rule.days

    def facts(self) -> Facts:
        declared = {} if self.declared is None else {"day": _day(self.declared).isoformat()}
        happened = {} if self.event is None else {"end": Occurrence(_day(self.event), EPOCH)}
        received = datetime.combine(_day(self.received), datetime.min.time(), UTC)
        return Facts(self.rule, received, declared, happened, self.retain_until)


class Life:
    """One schedule."""

    def __init__(self, chance: Random) -> None:
        self.chance, self.today, self.version = chance, 60, 1
        self.rules = {name: self._rule() for name in "AB"}
        self.papers = [self._paper(number) for number in range(chance.randint(1, 4))]
        self.plan: list[tuple[Paper, PlanItem]] = []
        self.statement: PlanStatement | None = None
        self.approval: Approval | None = None
        self.destroyed = self.withheld = 0
        self._holds = 0
        self._settle_dates()

    def _rule(self) -> Rule:
        days = self.chance.choice([None, 0, 1, 5, 20, 40, 40])
        then = self.chance.choice(_DISPOSALS) if days is not None else Disposal.KEEP
        return Rule(days, self.chance.randrange(3), then)

    def _paper(self, number: int) -> Paper:
        chance = self.chance
        declared = chance.choice([None, chance.randrange(80)])
        event = chance.choice([None, chance.randrange(80)])
        return Paper(f"d{number}", chance.choice("AAABBZ"), chance.randrange(60), declared, event)

    @property
    def policy(self) -> Policy:
        classes = {name: rule.as_class(name, legal=name == "A") for name, rule in self.rules.items()}
        return Policy(self.version, "UTC", classes=classes)

    def _settle_dates(self) -> None:
        """As the services do whenever something changes: the promise after the new date was computed."""
        policy = self.policy
        for paper in self.papers:
            before, end = paper.retain_until, paper.end(self.rules)
            paper.retain_until = extended(before, deadline(policy, paper.facts()).until)
            assert before is None or (paper.retain_until is not None and paper.retain_until >= before), "a promise shrank"
            if end is not None:
                paper.promises.add(end)

    def about(self, paper: Paper) -> Circumstances:
        holds = [Hold(name, "matter", EPOCH) for name in sorted(paper.held)]
        made = Decision(paper.chosen[0], _day(paper.chosen[1])) if paper.chosen else None
        return Circumstances(paper.facts(), holds, made)

    @property
    def now(self) -> datetime:
        return datetime.combine(_day(self.today), datetime.min.time(), UTC) + timedelta(hours=12)

    # -- what may happen ----------------------------------------------------------------------------------------
    def a_day_passes(self) -> None:
        self.today += self.chance.choice([1, 1, 3, 10])

    def a_hold(self) -> None:
        self._holds += 1
        self.chance.choice(self.papers).held.add(f"m{self._holds}")

    def a_release(self) -> None:
        paper = self.chance.choice(self.papers)
        if paper.held:
            paper.held.discard(self.chance.choice(sorted(paper.held)))

    def an_event(self) -> None:
        """Early, late, repeated, corrected: of two accounts the later day stays."""
        paper = self.chance.choice(self.papers)
        told = Occurrence(_day(self.chance.randrange(self.today + 20)), EPOCH)
        kept = told if paper.event is None else told.later(Occurrence(_day(paper.event), EPOCH))
        paper.event = (kept.day - EPOCH).days
        self._settle_dates()

    def a_policy(self) -> None:
        """Whatever it says: one that archives would refuse must do no harm either."""
        self.version += 1
        self.rules[self.chance.choice("AB")] = self._rule()
        if self.chance.random() < 0.1:
            self.rules.pop("B", None)
        self._settle_dates()
        self.rules.setdefault("B", self._rule())
        self._settle_dates()

    def a_decision(self) -> None:
        paper = self.chance.choice(self.papers)
        paper.chosen = (self.chance.choice(list(Choice)), self.today)

    def the_store(self) -> None:
        """Somebody locks or holds at the store, or lets go of it."""
        paper = self.chance.choice(self.papers)
        if self.chance.random() < 0.5:
            paper.store_hold = not paper.store_hold
        else:
            paper.locked_until = max(paper.locked_until or 0, self.today + self.chance.choice([-1, 0, 1, 5]))

    def a_plan(self) -> None:
        policy, today = self.policy, _day(self.today)
        self.plan, self.approval, self.statement = [], None, None
        for paper in self.papers:
            if paper.state is ItemState.EXECUTED:
                continue
            judgement = judge(policy, self.about(paper), today)
            if not judgement.goes:
                continue
            until = judgement.verdict.until
            assert until is not None
            item = PlanItem(len(self.plan), paper.name, None, "c", paper.rule, "0" * 64, 1, until, judgement.reason, bytes(32))
            self.plan.append((paper, item))
        if self.plan:
            root = plan_root(item.commitment("p") for _, item in self.plan)
            self.statement = PlanStatement(ARCHIVE, "p", root, len(self.plan), 1, self.version, bytes(32), self.now, ANNA)

    def an_approval(self) -> None:
        if self.statement is not None:
            root, count = self.statement.root, self.statement.documents
            expires = self.now + timedelta(days=self.chance.choice([1, 5, 30]))
            self.approval = Approval(ARCHIVE, "p", root, count, 1, bytes(32), self.now, expires, (), None, BRUNO, None)

    def a_step(self) -> None:
        """The next item of an approved plan, judged a last time."""
        todo = [(paper, item) for paper, item in self.plan if paper.state is not ItemState.EXECUTED]
        if self.approval is None or not todo or self.now >= self.approval.expires:
            return
        paper, item = todo[0]
        lock = None if paper.locked_until is None else datetime.combine(_day(paper.locked_until), datetime.min.time(), UTC)
        why = last_word(self.policy, self.about(paper), [AtStore(lock, paper.store_hold)], self.now, _day(self.today))
        forbidden = self.forbidden(paper)
        if why is None:
            assert not forbidden, f"{paper} was destroyed: {forbidden}"
            paper.state = ItemState.EXECUTED
            self.destroyed += 1
        else:
            assert forbidden, f"{paper} was withheld as {why.value}, and nothing keeps it"
            self.plan.remove((paper, item))
            self.withheld += 1
            assert (why is Withheld.HELD) == bool(paper.held)

    def forbidden(self, paper: Paper) -> str:
        """Why it must not go now, in the test's own words; "" when it may."""
        rule, end = self.rules.get(paper.rule), paper.end(self.rules)
        if paper.held or paper.store_hold:
            return "held"
        if paper.locked_until is not None and self.now < datetime.combine(_day(paper.locked_until), datetime.min.time(), UTC):
            return "locked"
        if rule is None or end is None or rule.then is Disposal.KEEP:
            return "without end"
        last = max([end, *paper.promises])
        if self.today <= last:
            return "too early"
        return "" if self.decided_to_go(paper, rule, last) else "nobody decided"

    def decided_to_go(self, paper: Paper, rule: Rule, last: int) -> bool:
        counts = paper.chosen is not None and paper.chosen[1] > last
        choice = paper.chosen[0] if paper.chosen and counts else None
        if rule.then is Disposal.DESTROY:
            return choice is not Choice.KEEP
        if rule.then is Disposal.REVIEW:
            return choice in (Choice.DESTROY, Choice.TRANSFERRED)
        return choice is Choice.TRANSFERRED

    def run(self) -> None:
        steps: list[Callable[[], None]] = [
            self.a_day_passes, self.a_day_passes, self.a_hold, self.a_release, self.an_event, self.a_policy,
            self.a_decision, self.the_store, self.a_plan, self.an_approval, self.a_step, self.a_step,
        ]  # fmt: skip
        for _ in range(self.chance.randint(2, 8)):
            self.chance.choice(steps)()
        self.a_plan()
        self.an_approval()
        before = {paper.name for paper, _ in self.plan}
        for _ in range(len(self.plan) + 2):
            if self.chance.random() < 0.4:
                self.chance.choice(steps[:8])()
            self.a_step()
        assert {paper.name for paper, _ in self.plan} <= before, "judging anew added something"


@pytest.mark.parametrize("part", range(PARTS))
def test_random_lives(part: int) -> None:
    seed = int(os.environ.get("MINUTIER_PURGE_SEED", str(int(datetime.now(UTC).timestamp()))))
    destroyed = withheld = 0
    for number in range(part, SCHEDULES, PARTS):
        life = Life(Random(seed * 1_000_003 + number))
        try:
            life.run()
        except AssertionError as error:
            raise AssertionError(f"MINUTIER_PURGE_SEED={seed}, schedule {number}: {error}") from error
        destroyed += life.destroyed
        withheld += life.withheld
    assert destroyed > SCHEDULES / PARTS / 20, "too few were destroyed to prove anything"
    assert withheld > SCHEDULES / PARTS / 100, "too few were withheld at the last moment to prove anything"


def test_no_lock_is_wanted_for_what_may_go() -> None:
    """What a judgement lets go, protection does not ask the store to keep: else no purge could ever end."""
    seen = 0
    for number in range(5_000):
        life = Life(Random(number))
        for paper in life.papers:
            if judge(life.policy, life.about(paper), _day(life.today)).goes:
                asked = protection(life.policy, paper.facts(), life.now)
                assert asked.lock is Lock.NONE
                assert not asked.hold
                seen += 1
    assert seen > 500
