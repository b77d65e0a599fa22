"""Tokens of an issuer: the good one, and every known way to pass off another as one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from archiver.adapters.tokens.claims import LEEWAY
from archiver.adapters.tokens.issuer import Issuer as Asked
from archiver.adapters.tokens.oidc import Demands, OidcTokens
from archiver.domain.caller import Caller, Permission
from archiver.domain.signing_algorithms import algorithms_of
from archiver.errors import NotAuthenticatedError
from tests.support.issuer import AUDIENCE, KEYS, USERINFO, Issuer, forged, issuer, jwk_of, rsa_key, signed

READING = frozenset({Permission.SEARCH, Permission.READ})
ALGORITHMS = algorithms_of("RS256,ES256,PS256,EdDSA")


@pytest.fixture
def ours() -> Iterator[Issuer]:
    with issuer() as found:
        yield found


def tokens_of(ours: Issuer, **demands: Any) -> OidcTokens:
    asked = Demands(ours.address, AUDIENCE, ALGORITHMS, "groups", False, READING)
    return OidcTokens(replace(asked, **demands), Asked(ours.address))


def caller(ours: Issuer, token: str, after: timedelta = timedelta(), **demands: Any) -> Caller:
    return tokens_of(ours, **demands).caller(token, datetime.now(UTC) + after)


def reason(ours: Issuer, token: str, after: timedelta = timedelta(), **demands: Any) -> str:
    """Why a token is refused; the caller is told nothing of it."""
    with pytest.raises(NotAuthenticatedError) as caught:
        caller(ours, token, after, **demands)
    assert str(caught.value) == str(NotAuthenticatedError())
    return str(caught.value.__cause__)


# -- good ones ------------------------------------------------------------------------------------------------------
def test_a_good_token_is_its_owners(ours: Issuer) -> None:
    found = caller(ours, ours.token())
    assert (found.principal.name, found.principal.groups, found.principal.owner) == ("oidc:anna", {"finance"}, False)
    assert (found.permissions, found.key_id, found.break_glass) == (READING, "", ())


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_each_signature_that_is_taken(ours: Issuer, algorithm: str) -> None:
    made = {"ES256": lambda: ec.generate_private_key(ec.SECP256R1()), "EdDSA": Ed25519PrivateKey.generate}
    ours.rotate("k", made.get(algorithm, rsa_key)(), algorithm)
    assert caller(ours, ours.token(algorithm)).principal.name == "oidc:anna"
    others = ALGORITHMS - {algorithm}
    assert "not taken" in reason(ours, ours.token(algorithm), algorithms=others)


def test_one_of_several_audiences(ours: Issuer) -> None:
    assert caller(ours, ours.token(aud=["other", AUDIENCE])).principal.name == "oidc:anna"


def test_keys_may_lie_elsewhere_than_the_discovery_document_says(ours: Issuer) -> None:
    ours.discovery.clear()
    demands = Demands(ours.address, AUDIENCE, ALGORITHMS, "groups", False, READING)
    tokens = OidcTokens(demands, Asked(ours.address, ours.address + KEYS))
    assert tokens.caller(ours.token(), datetime.now(UTC)).principal.name == "oidc:anna"


# -- forged ones ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("none", ["none", "None", "NONE", "nOnE", "", None, ["RS256"], {"RS256": 1}, 7])
def test_no_signature_is_no_token(ours: Issuer, none: object) -> None:
    for signature in (b"", b"x"):
        assert reason(ours, forged({"alg": none, "kid": "first"}, ours.claims(), signature))
    unsigned = forged({"alg": "RS256", "kid": "first"}, ours.claims())
    assert reason(ours, unsigned) == "Signature verification failed"


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_the_public_key_is_no_secret(ours: Issuer, algorithm: str) -> None:
    """A token signed with what everybody knows, under an algorithm that takes it for a secret."""
    public = rsa_key().public_key()
    forms = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        json.dumps(ours.keys[0]).encode(),
        str(ours.keys[0]["n"]).encode(),
    ]
    for secret in forms:
        head = forged({"alg": algorithm, "kid": "first"}, ours.claims()).rpartition(".")[0]
        signature = hmac.digest(secret, head.encode(), f"sha{algorithm[2:]}")
        token = f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        assert "not taken" in reason(ours, token)


def test_a_shared_secret_in_the_key_set_is_no_key(ours: Issuer) -> None:
    secret = b"s" * 32
    ours.keys = [{"kty": "oct", "kid": "first", "alg": "HS256", "k": base64.urlsafe_b64encode(secret).decode().rstrip("=")}]
    assert "not taken" in reason(ours, jwt.encode(ours.claims(), secret, "HS256", {"kid": "first"}))


def test_another_key_of_the_same_name(ours: Issuer) -> None:
    assert reason(ours, ours.token(key=rsa_key(7))) == "Signature verification failed"


def test_a_changed_token(ours: Issuer) -> None:
    head, claims, signature = ours.token().split(".")
    other = ours.token(sub="bruno").split(".")[1]
    assert reason(ours, f"{head}.{other}.{signature}") == "Signature verification failed"
    for broken in (
        f"{head}.{claims}",
        f"{head}.{claims}.",
        f"{head}..{signature}",
        f".{claims}.{signature}",
        "....",
        "x",
        "é.é.é",
    ):
        assert reason(ours, broken)


def test_a_key_serves_its_own_algorithm_only(ours: Issuer) -> None:
    assert reason(ours, ours.token("PS256")) == "the issuer has no such key"
    ours.keys = [jwk_of(rsa_key(), kid="first")]
    assert caller(ours, ours.token("PS256")).principal.name == "oidc:anna"
    assert reason(ours, forged({"alg": "ES256", "kid": "first"}, ours.claims(), b"s" * 64)) == "the issuer has no such key"


@pytest.mark.parametrize("more", [{"use": "enc"}, {"key_ops": ["encrypt"]}, {"kty": "EC"}, {"n": "AQAB"}, {"n": 5}, {"kid": 5}])
def test_a_key_that_is_for_something_else_or_damaged(ours: Issuer, more: dict[str, Any]) -> None:
    ours.keys = [ours.keys[0] | more]
    assert reason(ours, ours.token()) == "the issuer has no such key"


def test_a_key_that_is_too_short(ours: Issuer) -> None:
    ours.rotate("short", rsa_key(0, 1024))
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = ours.token()
    assert reason(ours, token) == "the issuer has no such key"


@pytest.mark.parametrize("header", ["jku", "x5u", "jwk", "x5c", "iss"])
def test_a_token_does_not_say_where_its_key_is(ours: Issuer, header: str) -> None:
    with issuer() as theirs:
        theirs.rotate("first", rsa_key(5))
        certificate = base64.b64encode(rsa_key(5).public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode()
        named = {
            "jku": theirs.address + KEYS,
            "x5u": theirs.address + "/x5u",
            "jwk": theirs.keys[0],
            "x5c": [certificate],
            "iss": theirs.address,
        }
        stranger = ours.token(headers={header: named[header]}, key=rsa_key(5))
        assert reason(ours, stranger) == "Signature verification failed"
        assert (
            reason(ours, ours.token(headers={header: named[header], "kid": "second"}, key=rsa_key(5)))
            == "the issuer has no such key"
        )
        assert not theirs.asked
    assert caller(ours, ours.token(headers={header: named[header]})).principal.name == "oidc:anna"


@pytest.mark.parametrize("kid", ["../../etc/passwd", "' OR 1=1 --", "", "x" * 4_000, "\x00", None])
def test_the_name_of_a_key_is_only_compared(ours: Issuer, kid: str | None) -> None:
    ours.keys.append(jwk_of(rsa_key(3), kid="other", alg="RS256"))
    assert reason(ours, ours.token(headers={"kid": kid})) == "the issuer has no such key"


@pytest.mark.parametrize("kid", [5, ["first"], {"a": 1}])
def test_the_name_of_a_key_is_text(ours: Issuer, kid: object) -> None:
    assert reason(ours, forged({"alg": "RS256", "kid": kid}, ours.claims(), b"x"))


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"crit": ["exp"]}, "critical"),
        ({"crit": []}, "crit"),
        ({"crit": ["b64"], "b64": True}, "asks for an extension"),
        ({"b64": True}, "asks for an extension"),
        ({"b64": False}, "b64"),
    ],
)
def test_extensions_are_not_taken(ours: Issuer, headers: dict[str, Any], said: str) -> None:
    token = signed(ours.private["first"], {"alg": "RS256", "kid": "first", **headers}, ours.claims())
    assert said in reason(ours, token)


def test_without_a_name_the_only_key_counts(ours: Issuer) -> None:
    assert caller(ours, ours.token(headers={"kid": None})).principal.name == "oidc:anna"


def test_nested_beyond_reason(ours: Issuer) -> None:
    deep = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 8_000).rstrip(b"=").decode()
    assert reason(ours, f"{deep}.e30.eA")
    assert reason(ours, f"{base64.urlsafe_b64encode(b'9' * 5_000).decode()}.e30.eA")


# -- of somebody else, for somebody else, at another time -----------------------------------------------------------
@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"iss": "https://other.example"}, "Invalid issuer"),
        ({"iss": None}, 'missing the "iss"'),
        ({"aud": "other"}, "Audience doesn't match"),
        ({"aud": ["other", "minutier2"]}, "Audience doesn't match"),
        ({"aud": []}, 'missing the "aud"'),
        ({"aud": {"minutier": 1}}, "Invalid claim format"),
        ({"aud": None}, 'missing the "aud"'),
        ({"sub": None}, 'missing the "sub"'),
        ({"sub": ""}, "no name"),
        ({"sub": " anna"}, "no name"),
        ({"sub": "e\u0301va"}, "composed form"),
        ({"sub": "an\u200bna"}, "not seen"),
        ({"sub": "an\nna"}, "not seen"),
        ({"sub": "x" * 300}, "no name"),
        ({"sub": 7}, "must be a string"),
        ({"exp": None}, 'missing the "exp"'),
        ({"iat": None}, 'missing the "iat"'),
        ({"exp": "tomorrow"}, "times are none"),
        ({"exp": True}, "times are none"),
        ({"exp": float("nan")}, "times are none"),
        ({"exp": float("inf")}, "times are none"),
        ({"exp": 10**400}, "times are none"),
        ({"exp": -1}, "times are none"),
        ({"iat": [1]}, "times are none"),
        ({"nbf": "now"}, "times are none"),
    ],
)
def test_claims_that_are_not_as_they_must_be(ours: Issuer, claims: dict[str, Any], said: str) -> None:
    token = signed(ours.private["first"], {"alg": "RS256", "kid": "first"}, ours.claims(**claims))
    assert said in reason(ours, token)


def test_a_token_is_in_force_for_its_time_and_half_a_minute(ours: Issuer) -> None:
    now = int(time.time())
    token = ours.token(iat=now, nbf=now + 60, exp=now + 300)
    at = lambda seconds: datetime.fromtimestamp(now + seconds, UTC)  # noqa: E731
    tokens = tokens_of(ours)
    for seconds in (60 - LEEWAY, 200, 300 + LEEWAY - 1):
        assert tokens.caller(token, at(seconds)).principal.name == "oidc:anna"
    for seconds in (60 - LEEWAY - 1, 300 + LEEWAY, 10_000_000):
        with pytest.raises(NotAuthenticatedError):
            tokens.caller(token, at(seconds))
    assert LEEWAY <= 30


def test_a_token_from_the_future(ours: Issuer) -> None:
    assert "not in force yet" in reason(ours, ours.token(iat=int(time.time()) + 3_600, exp=int(time.time()) + 7_200))


def test_the_time_is_the_archives(ours: Issuer) -> None:
    """Not the machine's, by which the token has long expired, or is good for years."""
    old = int(time.time()) - 10 * 365 * 86_400
    token = ours.token(iat=old, exp=old + 300)
    assert tokens_of(ours).caller(token, datetime.fromtimestamp(old + 100, UTC)).principal.name == "oidc:anna"
    assert "expired" in reason(ours, ours.token(), timedelta(hours=1))


# -- what a token gives ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("claims", "groups"),
    [
        ({"groups": ["finance", "hr"]}, {"finance", "hr"}),
        ({"groups": "finance hr,  legal"}, {"finance", "hr", "legal"}),
        ({"groups": ["/finance/ap"]}, {"/finance/ap"}),
        ({"groups": ["finance", "two words", "", "user:anna", "group:finance"]}, {"finance"}),
        ({"groups": []}, set()),
        ({"groups": ""}, set()),
        ({"groups": None}, set()),
        ({"groups": 7}, set()),
        ({"groups": True}, set()),
        ({"groups": {"finance": 1}}, set()),
        ({"groups": ["finance", 7]}, set()),
        ({"groups": ["finance", ["hr"]]}, set()),
        ({"groups": None, "roles": ["finance"], "_claim_names": {"groups": "src1"}}, set()),
    ],
)
def test_groups_from_a_claim(ours: Issuer, claims: dict[str, Any], groups: set[str]) -> None:
    found = caller(ours, ours.token(**claims))
    assert found.principal.groups == groups
    assert found.scope.everything is False


@pytest.mark.parametrize(
    ("claim", "claims", "groups"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["finance"]}}, {"finance"}),
        ("realm_access.roles", {"realm_access": {"roles": "finance"}}, {"finance"}),
        ("realm_access.roles", {"realm_access": ["roles"]}, set()),
        ("realm_access.roles", {}, set()),
        ("https://example.com/groups", {"https://example.com/groups": ["finance"]}, {"finance"}),
        ("a.b.c", {"a": {"b": {"c": ["finance"]}}}, {"finance"}),
        ("a.b.c", {"a": {"b": None}}, set()),
    ],
)
def test_the_claim_may_lie_inside_another(ours: Issuer, claim: str, claims: dict[str, Any], groups: set[str]) -> None:
    assert caller(ours, ours.token(groups=["wrong"], **claims), groups_claim=claim).principal.groups == groups


@pytest.mark.parametrize(
    ("claims", "permissions"),
    [
        ({"scope": "minutier:search"}, {Permission.SEARCH}),
        ({"scope": "minutier:search minutier:read minutier:admin minutier:purge.approve"}, READING),
        ({"scope": "search read admin"}, set()),
        ({"scope": "xminutier:search minutier:searchx"}, set()),
        ({"scope": None}, set()),
        ({"scope": 5}, set()),
        ({"scope": None, "scp": "minutier:read"}, {Permission.READ}),
        ({"scope": None, "scp": ["minutier:read", 5]}, {Permission.READ}),
    ],
)
def test_what_a_token_is_for(ours: Issuer, claims: dict[str, Any], permissions: set[Permission]) -> None:
    assert caller(ours, ours.token(**claims)).permissions == permissions


def test_a_token_is_for_no_more_than_the_settings_allow(ours: Issuer) -> None:
    token = ours.token(scope="minutier:admin minutier:search")
    assert caller(ours, token, bound=frozenset(Permission)).permissions == {Permission.ADMIN, Permission.SEARCH}
    assert caller(ours, token, bound=frozenset({Permission.READ})).permissions == frozenset()


# -- groups that the issuer is asked for ----------------------------------------------------------------------------
def test_groups_of_the_owner_as_the_issuer_knows_them(ours: Issuer) -> None:
    ours.owners["anna"] = {"sub": "anna", "groups": ["hr"]}
    token = ours.token()
    assert caller(ours, token, ask_owner=True).principal.groups == {"hr"}
    assert ours.seen == f"Bearer {token}"


@pytest.mark.parametrize(
    "said", [{}, {"sub": "bruno", "groups": ["hr"]}, {"groups": ["hr"]}, {"sub": "anna"}, {"sub": "anna", "groups": 7}]
)
def test_nothing_said_of_the_owner_is_nothing_seen(ours: Issuer, said: dict[str, Any]) -> None:
    ours.owners["anna"] = said
    found = caller(ours, ours.token(), ask_owner=True)
    assert (found.principal.name, found.principal.groups) == ("oidc:anna", frozenset())


def _slow(ours: Issuer) -> None:
    ours.delay = 5.0


def _dripping(ours: Issuer) -> None:
    ours.drip = 0.3


def _failing(ours: Issuer) -> None:
    ours.status = 500


def _refusing(ours: Issuer) -> None:
    ours.status = 401


def _long(ours: Issuer) -> None:
    ours.body = b'{"sub": "anna", "groups": ["hr"], "x": "' + b"x" * 300_000 + b'"}'


def _deep(ours: Issuer) -> None:
    ours.body = b'{"sub": "anna", "groups": ' + b"[" * 100_000


def _no_object(ours: Issuer) -> None:
    ours.body = b'["hr"]'


def _elsewhere(ours: Issuer) -> None:
    ours.redirect = ours.address


@pytest.mark.parametrize("trouble", [_slow, _dripping, _failing, _refusing, _long, _deep, _no_object, _elsewhere])
def test_an_issuer_that_does_not_say_in_time_gives_no_groups(ours: Issuer, trouble: Any) -> None:
    ours.owners["anna"] = {"sub": "anna", "groups": ["hr"]}
    tokens, token = tokens_of(ours, ask_owner=True), ours.token()
    tokens._keys.find("first", "RS256")
    trouble(ours)
    started = time.monotonic()
    found = tokens.caller(token, datetime.now(UTC))
    assert found.principal.groups == frozenset()
    assert time.monotonic() - started < 3.0


def test_what_was_said_of_the_owner_counts_for_seconds(ours: Issuer) -> None:
    elapsed = [100.0]
    demands = Demands(ours.address, AUDIENCE, ALGORITHMS, "groups", True, READING)
    tokens = OidcTokens(demands, Asked(ours.address, elapsed=lambda: elapsed[0]))
    ours.owners = {name: {"sub": name, "groups": [f"of-{name}"]} for name in ("anna", "bruno")}
    first, second, now = ours.token(), ours.token(sub="bruno"), datetime.now(UTC)
    assert tokens.caller(first, now).principal.groups == {"of-anna"}
    ours.owners["anna"]["groups"] = []
    elapsed[0] += 4.9
    assert tokens.caller(first, now).principal.groups == {"of-anna"}
    assert tokens.caller(second, now).principal.groups == {"of-bruno"}
    elapsed[0] += 0.2
    assert tokens.caller(first, now).principal.groups == frozenset()
    assert ours.asked[USERINFO] == 3


def test_digests_of_tokens_are_kept_and_not_tokens(ours: Issuer) -> None:
    asked = Asked(ours.address)
    token = ours.token()
    asked.owner(token, "anna")
    assert list(asked._owners) == [hashlib.sha256(token.encode()).digest()]
