"""Bearer tokens of an OpenID Connect issuer, checked here with its public keys (RFC 7519, 8725)."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import jwt

from archiver.adapters.tokens.claims import fault_of_times, groups_of, permissions_in
from archiver.adapters.tokens.issuer import Issuer
from archiver.adapters.tokens.issuer_keys import IssuerKeys
from archiver.domain.access import Principal
from archiver.domain.caller import Caller, Permission
from archiver.domain.persons import person_name
from archiver.errors import NotAuthenticatedError, UsageError
from archiver.ports.tokens import NAMES

if TYPE_CHECKING:
    from jwt.types import Options

_UNREADABLE = (jwt.PyJWTError, ValueError, TypeError, RecursionError)
"""All that reading what a stranger wrote may end with."""

_OURS: Options = {
    "require": ["iss", "sub", "aud", "exp", "iat"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}
"""Times are checked here: by the archive's clock, not the machine's."""


@dataclass(frozen=True, slots=True)
class Demands:
    """What a token must be like.

    Attributes:
        issuer, audience: as `iss` and `aud` say them.
        algorithms: signatures that are taken, whatever a token or a key set says.
        groups_claim: see `claims.groups_of`.
        ask_owner: groups are what the issuer says of the owner, not what the token says.
        bound: what a token may be for at most.
    """

    issuer: str
    audience: str
    algorithms: Set[str]
    groups_claim: str
    ask_owner: bool
    bound: Set[Permission]


class OidcTokens:
    """`ports.tokens.Tokens` for one issuer.

    Keys are asked for as `issuer_keys` says, and only where the settings or the issuer's own discovery document says; what a token
    says of addresses and keys (`jku`, `x5u`, `jwk`, `x5c`) is not read.
    """

    def __init__(self, demands: Demands, issuer: Issuer, keys: IssuerKeys | None = None) -> None:
        self._demands, self._issuer = demands, issuer
        self._keys = keys or IssuerKeys(issuer.keys)

    def caller(self, written: str, now: datetime) -> Caller:
        """See the port."""
        claims = self._claims(written)
        fault, name = fault_of_times(claims, now), _name(claims["sub"])
        if fault:
            raise NotAuthenticatedError from ValueError(fault)
        said = self._issuer.owner(written, claims["sub"]) if self._demands.ask_owner else claims
        groups = groups_of(said, self._demands.groups_claim)
        return Caller(Principal(name, groups), permissions_in(claims, self._demands.bound))

    def _claims(self, written: str) -> dict[str, Any]:
        """What a token says that its issuer signed for this archive."""
        try:
            kid, algorithm = self._header(written)
        except _UNREADABLE as error:
            raise NotAuthenticatedError from error
        key = self._keys.find(kid, algorithm)
        if key is None:
            raise NotAuthenticatedError from ValueError("the issuer has no such key")
        try:
            return jwt.decode(
                written,
                key.public,
                algorithms=[algorithm],
                options=_OURS,
                audience=self._demands.audience,
                issuer=self._demands.issuer,
            )
        except _UNREADABLE as error:
            raise NotAuthenticatedError from error

    def _header(self, written: str) -> tuple[str | None, str]:
        """Which key and which signature the token names.

        Raises:
            ValueError, PyJWTError: none that are taken here.
        """
        header = jwt.get_unverified_header(written)
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in self._demands.algorithms:
            raise ValueError("the token's signature is of a kind that is not taken")
        if "crit" in header or "b64" in header:
            raise ValueError("the token asks for an extension")
        return header.get("kid"), algorithm


def _name(subject: str) -> str:
    """The principal's name. Two subjects never share one: a subject that would have to be changed is refused."""
    try:
        named = person_name(subject) == subject and person_name(NAMES + subject)
    except UsageError as error:
        raise NotAuthenticatedError from error
    if not named:
        raise NotAuthenticatedError from ValueError("the token's subject is not in composed form (NFC)")
    return named
