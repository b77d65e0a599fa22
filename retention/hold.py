"""A hold: somebody's reason why a document may not go, whatever its date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold on a document. Only its release ends it; a review date that has passed does not.

    Attributes:
        matter: the case or inquiry it serves; confidential, as are reason and owner.
    """

    id: str
    matter: str
    since: date
    reason: str = ""
    owner: str = ""
    review: date | None = None
