"""Random policies, periods and facts, and small policy files, for the tests of retention."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from types import MappingProxyType

from hypothesis import strategies as st

from retention.hold import Hold
from retention.period import Period
from retention.policy import Collection, Disposal, Lock, Policy, RetentionClass, Trigger, TriggerKind
from retention.policy_rules import class_findings
from retention.schedule import Facts, Occurrence

ZONES = (
    "UTC",
    "Europe/Paris",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "America/St_Johns",
)

periods = st.builds(Period, st.integers(0, 1_200), st.integers(0, 400))
days = st.dates(date(1900, 1, 1), date(2200, 12, 31))
moments = st.datetimes(datetime(1950, 1, 1), datetime(2150, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # given by timezones
words = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=12).filter(
    lambda text: text.strip()
)
names = st.from_regex(r"[A-Z][A-Z0-9._-]{0,11}", fullmatch=True).filter(lambda name: name != "KEEP")
triggers = st.sampled_from(
    [Trigger(TriggerKind.RECEIVED), Trigger(TriggerKind.METADATA, "day"), Trigger(TriggerKind.EVENT, "contract_end")]
)


@st.composite
def classes(draw: st.DrawFn, name: str = "") -> RetentionClass:
    """A class that a policy file may hold."""
    return RetentionClass(
        name=name or draw(names),
        title=draw(words),
        period=draw(st.none() | periods),
        limit=draw(st.none() | periods),
        trigger=draw(triggers),
        basis=draw(st.just("") | words),
        lock=draw(st.sampled_from(Lock)),
        then=draw(st.sampled_from(Disposal)),
        visa=draw(st.booleans()),
        ceiling=draw(st.none() | periods),
    )


def sound(found: RetentionClass) -> bool:
    """Whether a file may hold the class."""
    return not list(class_findings(found, has_trigger=True))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A policy of up to three sound classes and two collections."""
    drawn = draw(st.lists(classes().filter(sound), max_size=3, unique_by=lambda found: found.name.casefold()))
    known = ["KEEP", *(found.name for found in drawn)]
    groups = st.lists(st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True), max_size=2).map(tuple)
    languages = st.lists(st.sampled_from(["fr", "en", "no"]), max_size=2).map(tuple)
    chosen = draw(st.lists(names.map(str.lower), max_size=2, unique=True))
    collections = {
        name: Collection(name, draw(st.sampled_from(known)), draw(groups), draw(groups), draw(languages)) for name in chosen
    }
    return Policy(
        1, draw(st.sampled_from(ZONES)), MappingProxyType(collections), MappingProxyType({one.name: one for one in drawn})
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Policy, Facts]:
    """A policy and a document that is nearly always of one of its classes."""
    found = draw(classes("A"))
    policy = Policy(draw(st.integers(0, 9)), draw(st.sampled_from(ZONES)), classes={"A": found})
    events = {"contract_end": Occurrence(draw(days), draw(days))} if draw(st.booleans()) else {}
    declared = {"day": draw(days).isoformat()} if draw(st.booleans()) else {}
    promised = draw(st.none() | days)
    return policy, Facts(draw(st.sampled_from(["A", "A", "A", "B", "KEEP", ""])), draw(moments), declared, events, promised)


def random_schedule(chance: Random) -> tuple[Policy, Facts, list[Hold], date]:
    """A policy, a document, its holds and a day: much faster to draw than `cases`, not shrunk."""

    def day() -> date:
        return date(1990, 1, 1) + timedelta(chance.randrange(30_000))

    def period() -> Period | None:
        return chance.choice([None, Period(chance.randrange(400), chance.randrange(3) * 15)])

    trigger = chance.choice(
        [Trigger(TriggerKind.RECEIVED), Trigger(TriggerKind.METADATA, "day"), Trigger(TriggerKind.EVENT, "end")]
    )
    found = RetentionClass("A", "a", period(), period(), trigger, then=chance.choice(list(Disposal)), ceiling=period())
    received = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(10**9))
    declared = chance.choice([{}, {"day": day().isoformat()}, {"day": "31/12/2026"}])
    events = chance.choice([{}, {"end": Occurrence(day(), day())}])
    facts = Facts(chance.choice("AAAAAB"), received, declared, events, chance.choice([None, day()]))
    holds = [Hold("1", "m", day())] if chance.random() < 0.2 else []
    return Policy(1, chance.choice(ZONES), classes={"A": found}), facts, holds, day()


GOOD = b"""\
time_zone: Europe/Paris
collections:
  invoices: {class: FR-ACCOUNTING, grants: {read: [group:finance], deny: [group:guests]}, languages: [fr, no]}
classes:
  FR-ACCOUNTING: {title: "Pi\xc3\xa8ces", period: P10Y, from: metadata.fiscal_year_end, basis: C. com. L123-22, lock: compliance, then: destroy}
  FR-CV: {title: Candidatures, limit: P2Y, from: event.last_contact, basis: CNIL, lock: none, then: destroy}
"""
