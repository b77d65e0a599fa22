"""What was asked for is what a caller gets: whatever groups and scopes, from a key or a token, and never anything else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.adapters.tokens.claims import groups_of, permissions_in
from archiver.domain.access import Principal
from archiver.domain.api_key import ID_BYTES, SECRET_BYTES, Token
from archiver.domain.caller import Caller, Permission, permissions_of
from archiver.services.break_glass import with_grants
from tests.support.caller_bench import CallerBench

_permissions = st.frozensets(st.sampled_from(Permission), min_size=1)
_groups = st.frozensets(
    st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=",;"), min_size=1, max_size=12).filter(
        lambda name: not name.startswith(("user:", "group:"))
    ),
    max_size=5,
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_numbers = count()


@pytest.fixture(scope="module")
def bench() -> Iterator[CallerBench]:
    with TemporaryDirectory() as folder:
        bench = CallerBench(Path(folder))
        yield bench
        bench.close()


@settings(max_examples=60, deadline=None)
@given(_permissions, _groups, st.text(st.characters(exclude_categories=["C", "Z"]), max_size=50))
def test_a_key_gives_what_it_was_made_for(
    bench: CallerBench, permissions: frozenset[Permission], groups: frozenset[str], purpose: str
) -> None:
    written = ",".join(sorted(permissions))
    made = bench.create(f"key-{next(_numbers)}", groups=groups, permissions=permissions_of(written), purpose=purpose)
    found = bench.authentication.caller(made.token, bench.clock.now())
    assert (found.principal.groups, found.permissions, found.purpose) == (groups, permissions, purpose)
    assert found.scope.groups == groups
    assert not found.scope.everything
    assert bench.keys.key(made.key.id).groups == groups


@settings(max_examples=60, deadline=None)
@given(st.lists(_groups.filter(bool), max_size=4), _groups)
def test_grants_add_their_groups_and_no_others(bench: CallerBench, granted: list[frozenset[str]], own: frozenset[str]) -> None:
    name = f"oidc:{next(_numbers)}"
    ids = {bench.glass.grant(name, groups, "why", lasting=timedelta(hours=1), by="owner").id for groups in granted}
    found = with_grants(Caller(Principal(name, own), frozenset()), bench.rows, bench.clock.now())
    assert found.principal.groups == own.union(*granted)
    assert set(found.break_glass) == ids


@given(_permissions, _permissions)
def test_a_token_is_for_what_it_says_within_the_bound(said: frozenset[Permission], bound: frozenset[Permission]) -> None:
    words = [f"minutier:{each}" for each in said]
    for claims in ({"scope": " ".join(words)}, {"scp": words}, {"scope": "openid", "scp": " ".join(words)}):
        assert permissions_in(claims, bound) == said & bound


@given(_groups)
def test_groups_of_a_token_are_its_groups(groups: frozenset[str]) -> None:
    assert groups_of({"groups": sorted(groups)}, "groups") == groups
    assert groups_of({"a": {"b": sorted(groups)}}, "a.b") == groups


@given(_json, st.sampled_from(["groups", "a.b", "groups.x", ""]))
def test_whatever_a_claim_holds_gives_text_or_nothing(held: object, claim: str) -> None:
    found = groups_of({"groups": held, "a": {"b": held}}, claim)
    assert all(isinstance(one, str) and one.split() == [one] for one in found)
    assert permissions_in({"scope": held, "scp": held}, frozenset(Permission)) <= frozenset(Permission)


@given(st.binary(min_size=ID_BYTES, max_size=ID_BYTES), st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES), st.data())
def test_a_token_reads_as_it_was_written_and_no_other_does(key_id: bytes, secret: bytes, data: st.DataObject) -> None:
    token = Token(key_id.hex(), secret)
    written = token.written()
    assert Token.read(written) == token
    at = data.draw(st.integers(0, len(written) - 1))
    other = data.draw(st.characters().filter(lambda sign: sign != written[at]))
    assert Token.read(written[:at] + other + written[at + 1 :]) is None
