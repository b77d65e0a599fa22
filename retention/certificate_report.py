"""What a check of a certificate found, in sentences."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

SHOWN = 20
"""Of findings that are alike, so many are told one by one; the others are counted."""


class Findings:
    """Everything found wrong, in the order it was met."""

    def __init__(self) -> None:
        self._told: list[str] = []
        self._alike: Counter[str] = Counter()

    def add(self, sentence: str) -> None:
        """Something that stands alone."""
        self._told.append(sentence)

    def add_item(self, position: int, what: str) -> None:
        """Something wrong with an item, which may be wrong with a million."""
        self._alike[what] += 1
        if self._alike[what] <= SHOWN:
            self._told.append(f"item {position}: {what}")

    def sentences(self) -> tuple[str, ...]:
        """All of them; what was not told one by one is counted at the end."""
        more = ((what, count - SHOWN) for what, count in self._alike.items() if count > SHOWN)
        return (*self._told, *(f"{count:,} more items: {what}" for what, count in more))


@dataclass(slots=True)
class Tally:
    """Counts of one class of a certificate's items, with the earliest and latest last day kept of those destroyed."""

    executed: int = 0
    withheld: int = 0
    failed: int = 0
    oldest: str = ""
    newest: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A certificate as it was found.

    Attributes:
        signer: id of the key that signed; `signer_known` when it is the one the reader was given beforehand.
        findings: what does not hold, each with what that means. `notes`: what holds only as far as it says.
        classes: by class.
        stamps: of what there are time-stamps, whether they hold or not.
    """

    kind: str
    archive: str
    purge: str
    time: datetime
    signer: str
    signer_known: bool
    documents: int
    findings: tuple[str, ...]
    notes: tuple[str, ...]
    classes: dict[str, Tally] = field(default_factory=dict)
    stamps: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether everything it says holds together."""
        return not self.findings


def day_or_none(text: str) -> date | None:
    """A day as items write it; None for what is none, such as the 31st of February."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
