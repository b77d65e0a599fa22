"""Break-glass: for a reason, for a while, from somebody else, and never without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from archiver.domain.access import Principal
from archiver.domain.caller import Caller
from archiver.errors import NotFoundError, RefusedError, UsageError
from archiver.services.break_glass import with_grants
from tests.support.caller_bench import READING, CallerBench

HOUR = timedelta(hours=1)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[CallerBench]:
    bench = CallerBench(tmp_path)
    yield bench
    bench.close()


def give(bench: CallerBench, principal: str = "oidc:anna", groups: tuple[str, ...] = ("legal",), **more):
    asked = {"reason": "tax audit", "lasting": HOUR, "by": "Bruno", **more}
    return bench.glass.grant(principal, groups, **asked)


def seen(bench: CallerBench, name: str = "oidc:anna", *groups: str) -> Caller:
    return with_grants(Caller(Principal(name, frozenset(groups)), READING), bench.rows, bench.clock.now())


def test_a_grant_adds_groups_for_a_while_and_says_so(bench: CallerBench) -> None:
    grant = give(bench)
    found = seen(bench, "oidc:anna", "finance")
    assert (found.principal, found.permissions) == (Principal("oidc:anna", frozenset({"finance", "legal"})), READING)
    assert found.break_glass == (grant.id,)
    bench.clock.move(HOUR - timedelta(microseconds=1))
    assert seen(bench).break_glass
    bench.clock.move(timedelta(microseconds=1))
    assert seen(bench, "oidc:anna", "finance") == Caller(Principal("oidc:anna", frozenset({"finance"})), READING)


def test_a_grant_is_one_principals(bench: CallerBench) -> None:
    give(bench)
    for other in ("oidc:Anna", "oidc:ann", "oidc:anna ", "key:anna", "anna", "oidc:bruno"):
        assert seen(bench, other).principal.groups == frozenset()


def test_several_grants_add_up(bench: CallerBench) -> None:
    first = give(bench)
    second = give(bench, groups=("hr", "group:legal"), lasting=2 * HOUR)
    found = seen(bench)
    assert (found.principal.groups, set(found.break_glass)) == ({"legal", "hr"}, {first.id, second.id})
    bench.clock.move(HOUR)
    assert seen(bench).break_glass == (second.id,)


def test_a_grant_ends_before_its_time_from_the_next_call_on(bench: CallerBench) -> None:
    grant = give(bench)
    ended, ran = bench.glass.end(grant.id, by="Bruno")
    assert (ended.ended_at, ran) == (bench.clock.now(), True)
    assert seen(bench).principal.groups == frozenset()
    assert bench.glass.end(grant.id, by="Bruno") == (ended, False)
    bench.clock.move(HOUR / 2)
    late = give(bench)
    bench.clock.move(HOUR)
    assert bench.glass.end(late.id, by="Bruno") == (late, False)
    assert bench.glass.all() == [late, ended]
    with pytest.raises(NotFoundError, match="bg-none"):
        bench.glass.end("bg-none", by="Bruno")


@pytest.mark.parametrize("by", ["oidc:anna", "oidc:Anna", "OIDC:ANNA"])
def test_nobody_grants_to_themselves(bench: CallerBench, by: str) -> None:
    with pytest.raises(RefusedError, match="for themselves"):
        give(bench, by=by)
    assert bench.glass.all() == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"principal": "anna"}, "nobody who calls"),
        ({"principal": "owner"}, "nobody who calls"),
        ({"principal": "oidc:"}, "nobody who calls"),
        ({"principal": "key:"}, "nobody who calls"),
        ({"principal": "group:legal"}, "nobody who calls"),
        ({"principal": ""}, "no name"),
        ({"groups": ()}, "no group is named"),
        ({"groups": ("user:anna",)}, "no group"),
        ({"reason": " "}, "for a reason"),
        ({"reason": "x" * 1_001}, "for a reason"),
        ({"lasting": timedelta()}, "lasts for"),
        ({"lasting": -HOUR}, "lasts for"),
        ({"lasting": 24 * HOUR + timedelta(microseconds=1)}, "lasts for"),
    ],
)
def test_what_is_no_grant(bench: CallerBench, more: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        give(bench, **more)
    assert (bench.glass.all(), bench.entries()) == ([], [])


def test_a_day_is_the_longest(bench: CallerBench) -> None:
    assert give(bench, lasting=24 * HOUR).until == bench.clock.now() + 24 * HOUR


def test_a_grant_waits_for_no_key_that_is_not_there(bench: CallerBench) -> None:
    with pytest.raises(NotFoundError, match="'erp'"):
        give(bench, "key:erp")
    made = bench.create("erp")
    assert give(bench, "key:erp").principal == "key:erp"
    bench.keys.revoke(made.key.id, "lost", by="a")
    with pytest.raises(NotFoundError, match="'erp'"):
        give(bench, "key:erp")


def test_each_step_is_an_entry_that_names_nobody(bench: CallerBench) -> None:
    grant = give(bench, groups=("legal", "hr"))
    bench.glass.end(grant.id, by="Chloé")
    bench.glass.end(grant.id, by="Chloé")
    granted, ended = bench.entries()
    anna, bruno = bench.register.pseudonym("oidc:anna"), bench.register.pseudonym("Bruno")
    assert (granted["kind"], granted["data"]) == (
        "break-glass-granted",
        {
            "grant": grant.id,
            "principal": anna,
            "groups": ["hr", "legal"],
            "reason": "tax audit",
            "until": grant.until.isoformat(),
            "by": bruno,
        },
    )
    assert (ended["kind"], ended["data"]) == (
        "break-glass-ended", {"grant": grant.id, "principal": anna, "by": bench.register.pseudonym("Chloé")},
    )  # fmt: skip
    assert not any(name in str(bench.entries()) for name in ("anna", "Bruno", "Chloé"))
    assert bench.register.name(anna) == "oidc:anna"
