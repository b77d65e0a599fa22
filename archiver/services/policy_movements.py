"""What another policy would move, counted: which dates, to where, in which collection and class, and how many of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from archiver.services.policy_changes import Change, ChangeKind
from retention.schedule import Standing

MOST_LINES = 400
"""How many different movements are told apart by day, then by year, before the next coarser grain."""

UNKNOWN, ENDLESS = "not known", "without end"
"""Written in place of a day where there is none yet, and where there will be none."""


class Grain(StrEnum):
    """How finely movements are told apart: by day while they are few, else by year, else by class alone."""

    DAY = "day"
    YEAR = "year"
    CLASS = "class"


@dataclass(frozen=True, slots=True)
class Movement:
    """Documents that move alike.

    Attributes:
        collection: "" where collections are too many to be told apart.
        was, will: a day, a year, the name of a lock, or why there is no day; "" where the grain tells none.
    """

    kind: ChangeKind
    collection: str
    retention_class: str
    was: str
    will: str

    @property
    def refused(self) -> bool:
        """Whether applying the policy is refused for these."""
        return self.kind is ChangeKind.EARLIER


class Movements:
    """Counts changes in bounded memory: when too many differ by day they are counted by year, and so on; none is lost."""

    def __init__(self, most: int = MOST_LINES) -> None:
        self.grain, self._most = Grain.DAY, most
        self._counts: dict[Movement, int] = {}

    @property
    def documents(self) -> int:
        """How many documents move."""
        return sum(self._counts.values())

    @property
    def refused(self) -> int:
        """For how many it is refused."""
        return sum(count for movement, count in self._counts.items() if movement.refused)

    def add(self, change: Change) -> None:
        """One more document."""
        movement = _at(movement_of(change), self.grain)
        self._counts[movement] = self._counts.get(movement, 0) + 1
        while len(self._counts) > self._most and self.grain is not Grain.CLASS:
            self._coarser()

    def lines(self) -> Iterator[tuple[Movement, int]]:
        """Each with how many documents: what is refused first, then by collection, class and day."""
        yield from sorted(
            self._counts.items(),
            key=lambda one: (not one[0].refused, one[0].collection, one[0].retention_class, one[0].was, one[0].will, one[0].kind),
        )

    def _coarser(self) -> None:
        self.grain = Grain.YEAR if self.grain is Grain.DAY else Grain.CLASS
        counted, self._counts = self._counts, {}
        for movement, count in counted.items():
            coarse = _at(movement, self.grain)
            self._counts[coarse] = self._counts.get(coarse, 0) + count


def movement_of(change: Change) -> Movement:
    """From where to where one document moves, by day."""
    document = change.document
    if change.kind is ChangeKind.HARDER:
        was, will = document.lock_mode.value, change.protection.lock.value
    else:
        was = _written(document.retain_until, change.standing)
        will = _written(change.deadline.until, change.deadline.standing)
    return Movement(change.kind, document.collection, document.retention_class, was, will)


def _written(day: date | None, standing: Standing) -> str:
    if standing is Standing.PERMANENT:
        return ENDLESS
    return UNKNOWN if day is None else day.isoformat()


def _at(movement: Movement, grain: Grain) -> Movement:
    if grain is Grain.DAY:
        return movement
    collection = movement.collection if grain is Grain.YEAR else ""
    was, will = (_coarse(text, grain) for text in (movement.was, movement.will))
    return Movement(movement.kind, collection, movement.retention_class, was, will)


def _coarse(text: str, grain: Grain) -> str:
    """A day as its year, or nothing; anything else as it is."""
    if not text[:1].isdigit():
        return text
    return text[:4] if grain is Grain.YEAR else ""
