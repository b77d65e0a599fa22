"""A policy that says of a class what the last one said moves none of its documents: passing them over loses nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.document import LockMode
from archiver.services.policy_changes import ChangeKind, change_of
from retention.disposal import Circumstances
from retention.policy import Policy
from retention.protection import protection
from retention.schedule import Facts, deadline, extended
from tests.support.documents import archived
from tests.support.policies import cases, classes

NOW = datetime(2026, 1, 15, tzinfo=UTC)


@given(cases(), st.integers(1, 9))
def test_the_same_rules_move_nothing(case: tuple[Policy, Facts], later: int) -> None:
    policy, facts = case
    about = _judged(policy, facts)
    again = replace(policy, version=policy.version + later)
    assert change_of(_document(policy, about.facts), about, again, policy, NOW) is None


@given(cases(), classes("A"))
def test_no_day_promised_is_ever_undone(case: tuple[Policy, Facts], other: object) -> None:
    policy, facts = case
    about = _judged(policy, facts)
    changed = replace(policy, version=policy.version + 1, classes=MappingProxyType({"A": other}))
    found = change_of(_document(policy, about.facts), about, changed, policy, NOW)
    promised = about.facts.retain_until
    if found is None or promised is None:
        return
    assert found.until is not None
    assert found.until >= promised
    after = deadline(changed, about.facts).until
    if after is not None and after < promised and found.kind is not ChangeKind.EARLIER:
        before = deadline(policy, about.facts).until
        assert before is not None
        assert after >= before  # beyond what its class said, a person promised it: that stays, and the class moves nothing


def _judged(policy: Policy, facts: Facts) -> Circumstances:
    """As it stands once `policy` was carried out for it."""
    return Circumstances(replace(facts, retain_until=extended(facts.retain_until, deadline(policy, facts).until)), (), None)


def _document(policy: Policy, facts: Facts) -> object:
    lock = LockMode(protection(policy, facts, NOW).lock.value)
    return archived(
        retention_class=facts.retention_class, received_at=facts.received_at, declared=dict(facts.declared),
        retain_until=facts.retain_until, lock_mode=lock, policy_version=policy.version,
    )  # fmt: skip
