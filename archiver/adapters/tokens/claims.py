"""What a token says, once it is known to be its issuer's. Whatever is not as it should be gives nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from datetime import datetime
from typing import Any

from archiver.domain.access import group_name
from archiver.domain.caller import Permission
from archiver.errors import UsageError

LEEWAY = 30.0
"""Seconds that the issuer's clock may be apart from the archive's."""

WORD = "minutier:"
"""What a scope begins with that is about this archive."""

_NEVER = 253_402_300_800
"""The end of the year 9999, in seconds since 1970."""

_BETWEEN = re.compile(r"[\s,]+")


def fault_of_times(claims: Mapping[str, Any], now: datetime) -> str:
    """Why the token is not in force now (RFC 7519, 4.1); "" when it is."""
    at, expires, issued = now.timestamp(), _moment(claims.get("exp")), _moment(claims.get("iat"))
    begins = _moment(claims.get("nbf", issued))
    if expires is None or issued is None or begins is None:
        return "the token's times are none"
    if at >= expires + LEEWAY:
        return "the token has expired"
    if at < max(issued, begins) - LEEWAY:
        return "the token is not in force yet"
    return ""


def groups_of(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """Groups from a claim: a list of text, or one text with spaces or commas between. Anything else names none.

    Args:
        claim: its name; where there is no claim of that name, dots lead into others: `realm_access.roles`.
    """
    found = claims[claim] if claim in claims else _inner(claims, claim)
    if isinstance(found, str):
        found = [word for word in _BETWEEN.split(found) if word]
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        return frozenset()
    return frozenset(one for one in found if _is_group(one))


def permissions_in(claims: Mapping[str, Any], bound: Set[Permission]) -> frozenset[Permission]:
    """What the token is for: words such as `minutier:search` in `scope` (RFC 8693, 4.2) or `scp`, within the bound."""
    words: set[str] = set()
    for name in ("scope", "scp"):
        found = claims.get(name)
        words.update(found.split() if isinstance(found, str) else ())
        words.update(one for one in found if isinstance(one, str)) if isinstance(found, list) else None
    return frozenset(permission for permission in bound if WORD + permission.value in words)


def _inner(claims: Mapping[str, Any], path: str) -> object:
    found: object = claims
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def _is_group(written: str) -> bool:
    """Whether a grant could name it just so."""
    try:
        return group_name(written) == written
    except UsageError:
        return False


def _moment(found: object) -> float | None:
    """Seconds since 1970, if it is a number of them that a calendar has; NaN is none."""
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < _NEVER:
        return None
    return float(found)
