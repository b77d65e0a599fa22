"""Whether an original may go: each reason to stay, alone and over the others; the plan's leaves; what a decision counts for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from retention.decision import Choice, Decision
from retention.disposal import AtStore, Circumstances, Withheld, judge, last_word
from retention.hold import Hold
from retention.merkle import leaf_hash, root_of
from retention.period import Period
from retention.plan import PlanItem, plan_root
from retention.policy import KEEP, Disposal, Policy, RetentionClass
from retention.schedule import Facts

RECEIVED = datetime(2020, 1, 1, 12, tzinfo=UTC)
LAST, NEXT = date(2021, 1, 1), date(2021, 1, 2)
NOON = datetime(2021, 1, 2, 12, tzinfo=UTC)
A_HOLD = Hold("1", "2027-014", date(2020, 5, 1))


def policy(then: Disposal = Disposal.DESTROY, **more: object) -> Policy:
    found = RetentionClass("A", "a", Period(12), then=then)
    return replace(Policy(3, "UTC", classes={"A": found}), **more)  # type: ignore[arg-type]


def about(name: str = "A", **more: object) -> Circumstances:
    return replace(Circumstances(Facts(name, RECEIVED)), **more)  # type: ignore[arg-type]


def test_it_goes_on_the_day_after_its_last() -> None:
    assert judge(policy(), about(), LAST).why is Withheld.NOT_DUE
    judgement = judge(policy(), about(), NEXT)
    assert judgement.goes
    assert (judgement.verdict.until, judgement.reason) == (
        LAST,
        "due since 2021-01-02: A, 1 year from reception 2020-01-01 (policy v3)",
    )


def test_a_hold_comes_first_and_is_not_in_the_plan_s_words() -> None:
    for day in (LAST, NEXT):
        judgement = judge(policy(), about(holds=[A_HOLD]), day)
        assert judgement.why is Withheld.HELD
        assert "2027-014" in judgement.sentence
        assert "2027-014" not in judgement.reason


@pytest.mark.parametrize("name", ["", "B", KEEP])
def test_no_known_end_keeps(name: str) -> None:
    assert not judge(policy(), about(name), date.max).goes


def test_a_promise_keeps_beyond_today_s_policy() -> None:
    promised = about(facts=Facts("A", RECEIVED, retain_until=date(2030, 1, 1)))
    assert judge(policy(), promised, date(2030, 1, 1)).why is Withheld.NOT_DUE
    assert judge(policy(), promised, date(2030, 1, 2)).goes


@pytest.mark.parametrize(
    ("then", "choice", "why"),
    [
        (Disposal.DESTROY, None, None),
        (Disposal.DESTROY, Choice.KEEP, Withheld.DECIDED),
        (Disposal.REVIEW, None, Withheld.REVIEW),
        (Disposal.REVIEW, Choice.KEEP, Withheld.REVIEW),
        (Disposal.REVIEW, Choice.DESTROY, None),
        (Disposal.REVIEW, Choice.TRANSFERRED, None),
        (Disposal.TRANSFER, None, Withheld.TRANSFER),
        (Disposal.TRANSFER, Choice.DESTROY, Withheld.TRANSFER),
        (Disposal.TRANSFER, Choice.TRANSFERRED, None),
        (Disposal.KEEP, Choice.DESTROY, Withheld.PERMANENT),
    ],
)
def test_what_was_decided(then: Disposal, choice: Choice | None, why: Withheld | None) -> None:
    made = Decision(choice, NEXT) if choice else None
    assert judge(policy(then), about(decision=made), NEXT).why is why


def test_a_decision_counts_for_the_end_it_was_made_at() -> None:
    made = Decision(Choice.DESTROY, NEXT)
    assert made.counts(LAST)
    assert not made.counts(NEXT)
    assert not made.counts(None)
    later = about(facts=Facts("A", RECEIVED, retain_until=NEXT), decision=made)
    assert judge(policy(Disposal.REVIEW), later, NEXT + timedelta(1)).why is Withheld.REVIEW


@pytest.mark.parametrize(
    ("at_store", "why"),
    [
        (AtStore(None, False), None),
        (AtStore(NOON, False), None),
        (AtStore(NOON + timedelta(microseconds=1), False), Withheld.LOCKED),
        (AtStore(None, True), Withheld.LOCKED),
        (AtStore(NOON - timedelta(days=1), True), Withheld.LOCKED),
    ],
)
def test_the_store_has_the_last_word(at_store: AtStore, why: Withheld | None) -> None:
    assert last_word(policy(), about(), [AtStore(None, False), at_store], NOON, NEXT) is why


def test_the_store_s_word_adds_nothing_to_what_stays_anyway() -> None:
    assert last_word(policy(), about(holds=[A_HOLD]), [AtStore(None, True)], NOON, NEXT) is Withheld.HELD
    assert last_word(policy(), about(), [], NOON, LAST) is Withheld.NOT_DUE


# -- the plan -----------------------------------------------------------------------------------------------------
ITEM = PlanItem(0, "d1", None, "c\xe9", "A", "ab" * 32, 7, LAST, "due", bytes(32))


def test_a_payload_is_canonical_and_names_nobody() -> None:
    payload = ITEM.payload("p1")
    said = json.loads(payload)
    assert payload == json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    assert said == {
        "class": "A", "digest": f"sha256:{'ab' * 32}", "id": "d1", "purge": "p1", "reason": "due", "root": None, "size": 7,
        "until": "2021-01-01",
    }  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"document_id": "d2"}, {"root_id": "d0"}, {"retention_class": "B"}, {"sha256": "cd" * 32}, {"size": 8}, {"until": NEXT},
        {"reason": "other"}, {"salt": b"\x01" + bytes(31)},
    ],
)  # fmt: skip
def test_everything_an_item_says_is_under_the_root(change: dict[str, object]) -> None:
    changed = replace(ITEM, **change)  # type: ignore[arg-type]
    assert changed.commitment("p1") != ITEM.commitment("p1")
    assert ITEM.commitment("p2") != ITEM.commitment("p1")


def test_the_root_is_that_of_the_items_in_their_order() -> None:
    commitments = [replace(ITEM, document_id=f"d{n}").commitment("p1") for n in range(5)]
    assert plan_root(commitments) == root_of([leaf_hash(each) for each in commitments])
    assert plan_root(reversed(commitments)) != plan_root(commitments)
    assert plan_root(commitments[:-1]) != plan_root(commitments)
