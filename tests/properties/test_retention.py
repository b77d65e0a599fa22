"""What must hold of retention whatever the policy, the document and the day."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from isodate import parse_duration

from retention.days import day_in, declared_day, end_of_day
from retention.errors import DeclaredDateError, PeriodError, PolicyError
from retention.hold import Hold
from retention.period import Period
from retention.policy import Disposal, Lock, Policy
from retention.policy_file import policy_problems, read_policy, write_policy
from retention.protection import protection, strongest
from retention.schedule import Facts, Standing, deadline, extended
from retention.verdict import Ground, decide
from tests.support.policies import GOOD, ZONES, cases, days, moments, periods, policies, random_schedule

many = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
some = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@many
@given(days, periods)
@example(date(2024, 2, 29), Period(12))
@example(date(2026, 1, 31), Period(1))
@example(date(1900, 1, 31), Period(1, 1))
def test_calendar_arithmetic_agrees_with_a_walk_month_by_month(start: date, period: Period) -> None:
    year, month = start.year, start.month
    for _ in range(period.months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    month_lengths = (31, 29 if calendar.isleap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    expected = date(year, month, min(start.day, month_lengths[month - 1]))
    for _ in range(period.days):
        expected += timedelta(days=1)
    assert period.after(start) == expected


@many
@given(days, periods)
def test_calendar_arithmetic_agrees_with_isodate(start: date, period: Period) -> None:
    assert period.after(start) == start + parse_duration(str(period))


@many
@given(periods)
def test_a_period_reads_back_as_it_is_written(period: Period) -> None:
    assert Period.parse(str(period)) == period


@some
@given(periods, periods, st.lists(days, min_size=1, max_size=30))
def test_one_period_exceeds_another_where_it_says(one: Period, other: Period, starts: list[date]) -> None:
    day = one.exceeds(other)
    if day is not None:
        assert one.after(day) > other.after(day)
    else:
        assert all(one.after(start) <= other.after(start) for start in starts)


@many
@given(st.text(max_size=40))
def test_any_text_is_a_period_or_refused(text: str) -> None:
    try:
        period = Period.parse(text)
    except PeriodError:
        return
    assert min(period.months, period.days) >= 0


@many
@given(
    st.text(max_size=40) | st.from_regex(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?(T[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{4}))?", fullmatch=True)
)
@example("9999-12-31T23:59-1200")
@example("0001-01-01T00:00+1400")
def test_any_text_is_a_day_or_refused(text: str) -> None:
    try:
        day = declared_day(text, "Pacific/Kiritimati")
    except DeclaredDateError:
        return
    assert abs(day.year - int(text[:4])) <= 1


@many
@given(st.sampled_from(ZONES), st.dates())
def test_a_day_ends_when_the_next_begins(zone: str, day: date) -> None:
    end = end_of_day(zone, day)
    assert end.tzinfo is UTC
    if date(1901, 1, 1) < day < date(9000, 1, 1):
        assert day_in(zone, end) > day
        assert day_in(zone, end - timedelta(hours=25)) <= day


@many
@given(cases(), st.lists(days, max_size=3), days)
def test_nothing_is_due_before_its_day_or_held_or_unknown(case: tuple[Policy, Facts], holds: list[date], today: date) -> None:
    policy, facts = case
    verdict = decide(policy, facts, [Hold(str(since), "matter", since) for since in holds], today)
    assert verdict.reasons
    if verdict.due:
        known = policy.classes[facts.retention_class]
        assert not holds
        assert known.then is not Disposal.KEEP
        assert verdict.until is not None
        assert verdict.until < today
        assert facts.retain_until is None or facts.retain_until < today
        assert deadline(policy, facts).minimum_until is None or deadline(policy, facts).minimum_until < today


def test_twenty_thousand_schedules_keep_what_must_be_kept() -> None:
    """The same promise over more schedules than a shrinking generator has time for."""
    for seed in range(20_000):
        policy, facts, holds, today = random_schedule(Random(seed))
        verdict, scheduled = decide(policy, facts, holds, today), deadline(policy, facts)
        last = max((day for day in (scheduled.until, facts.retain_until) if day is not None), default=None)
        may_go = scheduled.standing is Standing.DATED and not holds and last is not None and last < today
        assert verdict.due == may_go, seed
        assert verdict.until == last == extended(facts.retain_until, scheduled.until), seed


@many
@given(cases(), days)
def test_a_document_stays_due_and_becomes_so_the_day_after_its_last(case: tuple[Policy, Facts], today: date) -> None:
    policy, facts = case
    verdict = decide(policy, facts, [], today)
    if deadline(policy, facts).standing is Standing.DATED:
        assert verdict.due == (today > verdict.until)
        assert verdict.due == (verdict.reasons[0].ground is Ground.ENDED)


@many
@given(st.none() | days, st.lists(cases(), max_size=4))
def test_the_last_day_never_moves_earlier(promised: date | None, judged: list[tuple[Policy, Facts]]) -> None:
    for policy, facts in judged:
        later = extended(promised, deadline(policy, facts).until)
        assert promised is None or (later is not None and later >= promised)
        promised = later


@many
@given(cases(), moments)
def test_the_store_is_told_enough_to_keep_what_is_kept(case: tuple[Policy, Facts], now: datetime) -> None:
    policy, facts = case
    told, until = protection(policy, facts, now), decide(policy, facts, [], day_in(policy.time_zone, now)).until
    known = policy.retention_class(facts.retention_class)
    assert (told.lock is Lock.NONE) == (told.until is None)
    assert told.until is None or told.until > now
    assert told.hold == (deadline(policy, facts).standing is not Standing.DATED)
    if until is not None and end_of_day(policy.time_zone, until) > now and (known is None or known.lock is not Lock.NONE):
        assert told.until is not None
        assert (known is not None and known.lock is Lock.ROLLING) or told.until == end_of_day(policy.time_zone, until)


@many
@given(cases(), cases(), moments)
def test_shared_content_is_protected_for_both(one: tuple[Policy, Facts], other: tuple[Policy, Facts], now: datetime) -> None:
    first, second = protection(*one, now), protection(*other, now)
    both = strongest(first, second)
    assert both == strongest(second, first)
    assert both.hold == (first.hold or second.hold)
    assert all(each.until is None or (both.until is not None and both.until >= each.until) for each in (first, second))


@some
@given(policies())
def test_a_policy_reads_back_as_it_is_written(policy: Policy) -> None:
    assert read_policy(write_policy(policy), version=policy.version) == policy


def _refuses_or_reads(data: bytes) -> None:
    problems = policy_problems(data)
    assert all(problem.what and problem.remedy for problem in problems)
    assert list(problems) == sorted(problems)
    if not problems:
        assert read_policy(write_policy(read_policy(data))) == read_policy(data)


@many
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b"")
@example(b"\xef\xbb\xbf")
@example(b"%YAML 9.9\n---\na: 1")
def test_any_bytes_are_a_policy_or_refused(data: bytes) -> None:
    _refuses_or_reads(data)


@many
@given(
    st.lists(
        st.tuples(st.integers(0, len(GOOD)), st.integers(0, 20), st.sampled_from(list("[]{}:,&*!?-|>'\"#% \n~Pa\0é"))), max_size=4
    )
)
def test_a_damaged_policy_is_read_or_refused(cuts: list[tuple[int, int, str]]) -> None:
    data = GOOD
    for place, length, put in cuts:
        data = data[:place] + put.encode() + data[place + length :]
    _refuses_or_reads(data)


trees = st.recursive(
    st.none() | st.sampled_from(["P1Y", "received", "keep", "A", "group:a", "x", "destroy", "compliance", "fr", "~"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "classes",
                    "collections",
                    "A",
                    "B",
                    "title",
                    "period",
                    "limit",
                    "from",
                    "class",
                    "grants",
                    "read",
                    "lock",
                    "then",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@many
@given(trees)
def test_any_tree_is_a_policy_or_refused(tree: object) -> None:
    import yaml

    _refuses_or_reads(yaml.safe_dump(tree).encode())


@pytest.mark.parametrize(
    "make", [lambda size: b"[" * size, lambda size: b"{a: " * size, lambda size: b"- " * size, lambda size: b"a,\n" * size]
)
def test_large_files_are_refused_without_reading_them_through(make: Callable[[int], bytes]) -> None:
    with pytest.raises(PolicyError):
        read_policy(make(250_000))
