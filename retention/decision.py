"""What a person decided about a document whose class leaves the decision to a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Choice(StrEnum):
    """`destroy`: it may be planned. `keep`: it was given a later last day. `transferred`: another archive has it, it may be
    planned here."""

    DESTROY = "destroy"
    KEEP = "keep"
    TRANSFERRED = "transferred"


@dataclass(frozen=True, slots=True)
class Decision:
    """A choice and the day it was made. It counts for the end it was made at: once the last day has moved beyond `day`, the
    question is open again.

    Attributes:
        by, reason, reference: for people; `reference` names the receipt of a transfer.
    """

    choice: Choice
    day: date
    by: str = ""
    reason: str = ""
    reference: str = ""

    def counts(self, until: date | None) -> bool:
        """Was it made after the last day the document is kept?"""
        return until is not None and self.day > until
