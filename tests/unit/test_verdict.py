"""Deadlines and verdicts on single documents, in the words a records manager reads."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from retention.days import declared_day, end_of_day
from retention.errors import DeclaredDateError
from retention.hold import Hold
from retention.policy import DEFAULT_POLICY, Lock, Policy
from retention.policy_file import read_policy
from retention.protection import protection
from retention.schedule import Facts, Occurrence, Standing, deadline
from retention.verdict import Ground, decide

POLICY = read_policy(
    b"""
time_zone: Europe/Paris
classes:
  FR-ACCOUNTING: {title: a, period: P10Y, from: metadata.fiscal_year_end, basis: L123-22, lock: compliance, then: destroy}
  FR-KYC: {title: k, period: P5Y, limit: P6Y, from: event.relationship_end, basis: L561-12, then: destroy}
  FR-CV: {title: c, limit: P2Y, from: event.last_contact, lock: none, then: destroy}
  SHORT: {title: s, period: P1M, from: received, lock: rolling, visa: required}
  NOTHING: {title: n, period: PT0S, from: received, then: destroy}
  EVER: {title: e, then: keep}
""",
    version=3,
)
RECEIVED = datetime(2026, 5, 5, 23, 30, tzinfo=UTC)
"""Half past one on 6 May in Paris."""


def _facts(name: str, **declared: str) -> Facts:
    return Facts(name, RECEIVED, declared)


def test_the_sentence_names_day_class_count_trigger_and_policy() -> None:
    found = deadline(POLICY, _facts("FR-ACCOUNTING", fiscal_year_end="2026-12-31"))
    assert found.until == found.minimum_until == date(2036, 12, 31)
    assert found.sentence() == "kept until 2036-12-31: FR-ACCOUNTING, 10 years from fiscal year end 2026-12-31 (policy v3)"


def test_a_document_is_kept_on_its_last_day_and_due_on_the_next() -> None:
    facts = _facts("FR-ACCOUNTING", fiscal_year_end="2026-12-31")
    last, after = (decide(POLICY, facts, [], day) for day in (date(2036, 12, 31), date(2037, 1, 1)))
    assert (last.due, last.reasons[0].ground) == (False, Ground.MINIMUM)
    assert after.due
    assert after.reasons[0].sentence.startswith("due since 2037-01-01: FR-ACCOUNTING")


def test_days_are_counted_in_the_policys_zone() -> None:
    found = deadline(POLICY, _facts("SHORT"))
    assert (found.trigger_day, found.until) == (date(2026, 5, 6), date(2026, 6, 6))
    assert end_of_day("Europe/Paris", date(2036, 12, 31)) == datetime(2036, 12, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "end"),
    [
        ("America/Sao_Paulo", date(2018, 11, 3), datetime(2018, 11, 4, 3, tzinfo=UTC)),  # no midnight: clocks jump from 0 to 1
        ("America/St_Johns", date(2006, 10, 28), datetime(2006, 10, 29, 3, 30, tzinfo=UTC)),  # midnight comes twice
        ("UTC", date(9999, 12, 31), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_day_ends_for_good_where_clocks_change_at_midnight(zone: str, day: date, end: datetime) -> None:
    assert end_of_day(zone, day) == end


def test_a_hold_goes_before_everything_and_its_matter_is_not_for_everybody() -> None:
    hold = Hold("h1", "2027-014", date(2027, 3, 1), review=date(2028, 1, 1))
    verdict = decide(POLICY, _facts("FR-ACCOUNTING", fiscal_year_end="2016-12-31"), [hold], date(2040, 1, 1))
    assert not verdict.due
    assert verdict.sentences(may_see_holds=True)[0] == "held by matter 2027-014 since 2027-03-01"
    assert verdict.sentences(may_see_holds=False)[0] == "kept"


def test_minimum_and_limit_are_told_apart() -> None:
    facts = Facts("FR-KYC", RECEIVED, events={"relationship_end": Occurrence(date(2026, 6, 1), date(2026, 6, 2))})
    between, past = (decide(POLICY, facts, [], day) for day in (date(2031, 6, 2), date(2032, 6, 2)))
    assert (between.due, between.overdue) == (True, False)
    assert (past.due, past.overdue) == (True, True)


def test_a_limit_alone_keeps_until_it_ends_without_being_a_minimum() -> None:
    facts = Facts("FR-CV", RECEIVED, events={"last_contact": Occurrence(date(2026, 6, 1), date(2026, 6, 2))})
    found = deadline(POLICY, facts)
    assert (found.until, found.minimum_until, found.limit_until) == (date(2028, 6, 1), None, date(2028, 6, 1))
    assert "at most 2 years from last contact" in found.reason
    assert decide(POLICY, facts, [], date(2027, 1, 1)).reasons[0].ground is Ground.LIMIT


def test_a_class_that_asks_for_nothing_is_due_on_the_day_itself() -> None:
    assert decide(POLICY, _facts("NOTHING"), [], date(2026, 5, 6)).due


@pytest.mark.parametrize(
    ("policy", "name", "standing", "said"),
    [
        (POLICY, "FR-CV", Standing.INDETERMINATE, "no event last_contact is recorded yet"),
        (POLICY, "FR-ACCOUNTING", Standing.INDETERMINATE, "no fiscal_year_end was declared"),
        (POLICY, "UNHEARD-OF", Standing.INDETERMINATE, "class UNHEARD-OF is not in policy v3"),
        (POLICY, "", Standing.INDETERMINATE, "without class"),
        (POLICY, "KEEP", Standing.PERMANENT, "KEEP"),
        (POLICY, "EVER", Standing.PERMANENT, "without end: EVER"),
        (DEFAULT_POLICY, "KEEP", Standing.PERMANENT, "the built-in policy"),
        (Policy(4), "FR-CV", Standing.INDETERMINATE, "not in policy v4"),
    ],
)
def test_every_doubt_keeps_and_holds(policy: Policy, name: str, standing: Standing, said: str) -> None:
    found = deadline(policy, _facts(name))
    assert (found.standing, found.until) == (standing, None)
    assert said in found.sentence()
    assert not decide(policy, _facts(name), [], date(9999, 1, 1)).due
    told = protection(policy, _facts(name), RECEIVED)
    assert (told.lock, told.until, told.hold) == (Lock.NONE, None, True)


@pytest.mark.parametrize("declared", ["31/12/2026", "2026-02-30", "2026", "next year", "9999-12-31", "2100-12-31", "٢٠٢٦-١٢-٣١"])
def test_a_declared_date_that_says_nothing_sure_gives_no_date(declared: str) -> None:
    assert deadline(POLICY, _facts("FR-ACCOUNTING", fiscal_year_end=declared)).standing is Standing.INDETERMINATE


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-31", date(2026, 12, 31)),
        ("2028-02", date(2028, 2, 29)),
        ("2026-12-31T23:30:00Z", date(2027, 1, 1)),
        ("2026-12-31T23:30:00", date(2026, 12, 31)),
    ],
)
def test_declared_days_are_read(text: str, day: date) -> None:
    assert declared_day(text, "Europe/Paris") == day


@pytest.mark.parametrize("text", ["31/12/2026", "04.05.26", "12-31-2026"])
def test_dates_that_read_two_ways_are_refused_with_the_form_to_write(text: str) -> None:
    with pytest.raises(DeclaredDateError, match="which number is the day") as caught:
        declared_day(text, "UTC")
    assert "2026-12-31" in caught.value.remedy


def test_a_day_once_promised_outlasts_a_shorter_policy() -> None:
    facts = Facts("SHORT", RECEIVED, retain_until=date(2030, 1, 1))
    verdict = decide(POLICY, facts, [], date(2030, 1, 1))
    assert (verdict.due, verdict.until, verdict.reasons[0].ground) == (False, date(2030, 1, 1), Ground.PROMISED)
    assert decide(POLICY, facts, [], date(2030, 1, 2)).due


def test_a_repeated_event_takes_the_later_day() -> None:
    early, late = Occurrence(date(2026, 1, 1), date(2026, 9, 9)), Occurrence(date(2026, 3, 1), date(2026, 3, 1))
    assert early.later(late) == late.later(early) == late


def test_locks_follow_the_class() -> None:
    facts = _facts("FR-ACCOUNTING", fiscal_year_end="2026-12-31")
    locked, rolling = protection(POLICY, facts, RECEIVED), protection(POLICY, _facts("SHORT"), RECEIVED)
    assert (locked.lock, locked.until, locked.hold) == (Lock.COMPLIANCE, datetime(2036, 12, 31, 23, tzinfo=UTC), False)
    assert (rolling.lock, rolling.until) == (Lock.COMPLIANCE, datetime(2026, 6, 4, 23, 30, tzinfo=UTC))
    past = protection(POLICY, _facts("FR-ACCOUNTING", fiscal_year_end="2010-12-31"), RECEIVED)
    assert (past.lock, past.until, past.hold) == (Lock.NONE, None, False)
