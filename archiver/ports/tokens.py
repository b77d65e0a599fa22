"""Port: tokens that somebody else gives to people and programs, and that say who they are."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from archiver.domain.caller import Caller

NAMES = "oidc:"
"""What the name of a principal begins with who came with such a token. That of one who came with an API key never does."""


class Tokens(Protocol):
    """Checks tokens of one issuer. Safe from several threads."""

    def caller(self, written: str, now: datetime) -> Caller:
        """Whose token this is, without the groups of break-glass grants. Groups that cannot be found out are none.

        Raises:
            NotAuthenticatedError: it is no token of this issuer for this archive, or not in force.
            UnreachableError: the issuer's keys are not known and cannot be asked for.
        """
