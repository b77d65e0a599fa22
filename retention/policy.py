"""What a policy says, as values. The file it is written in is read by `retention.policy_file`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from retention.period import Period

KEEP = "KEEP"
"""The built-in class of what has no known ground to go: kept, with no date. A policy cannot define it otherwise."""

DEFAULT_CEILING = Period(months=120)
"""Room above a class's own periods when it sets no ceiling."""


class Lock(StrEnum):
    """How the store protects a document of a class."""

    COMPLIANCE = "compliance"
    GOVERNANCE = "governance"
    ROLLING = "rolling"
    NONE = "none"


class Disposal(StrEnum):
    """What becomes of a document once nothing asks to keep it any longer."""

    DESTROY = "destroy"
    REVIEW = "review"
    TRANSFER = "transfer"
    KEEP = "keep"


class TriggerKind(StrEnum):
    """Where the day from which a period counts is read."""

    RECEIVED = "received"
    METADATA = "metadata"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Trigger:
    """The day from which a period counts; `name` is the declared field or the event, "" for `received`."""

    kind: TriggerKind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind.value}.{self.name}" if self.name else self.kind.value

    def words(self) -> str:
        """For people: "fiscal year end", "reception"."""
        return self.name.replace("_", " ") if self.name else "reception"


RECEIVED = Trigger(TriggerKind.RECEIVED)


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """One class of documents.

    Attributes:
        period: the minimum the law requires; limit: the maximum it allows. None of both only with `then: keep`.
        trigger: the day both count from.
        basis: the text of law; "" when there is none.
        visa: destroying it needs the visa of an authority.
        ceiling: how far the last day may lie after the day the archive learned of it; see `effective_ceiling`.
    """

    name: str
    title: str
    period: Period | None = None
    limit: Period | None = None
    trigger: Trigger = RECEIVED
    basis: str = ""
    lock: Lock = Lock.GOVERNANCE
    then: Disposal = Disposal.REVIEW
    visa: bool = False
    ceiling: Period | None = None

    @property
    def term(self) -> Period | None:
        """What the last day is counted by: the minimum, or the limit of a class that has only that."""
        return self.period if self.period is not None else self.limit

    @property
    def effective_ceiling(self) -> Period:
        """The ceiling written, or the one that follows from the class's own periods."""
        if self.ceiling is not None:
            return self.ceiling
        own = [period for period in (self.period, self.limit) if period is not None]
        return Period(DEFAULT_CEILING.months + max((p.months for p in own), default=0), max((p.days for p in own), default=0))


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection: the class its documents have unless one is given for them, and the groups that may or may not read."""

    name: str
    retention_class: str = KEEP
    read: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


KEEP_CLASS = RetentionClass(KEEP, "Kept: no ground to go is known", then=Disposal.KEEP)


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the policy. Version 0 is the built-in one: every document is kept, none has a date.

    Attributes:
        time_zone: IANA name of the zone whose days are counted.
    """

    version: int = 0
    time_zone: str = "UTC"
    collections: Mapping[str, Collection] = field(default_factory=lambda: MappingProxyType({}))
    classes: Mapping[str, RetentionClass] = field(default_factory=lambda: MappingProxyType({}))

    def collection(self, name: str) -> Collection:
        """The collection of that name; one the policy does not know has the class KEEP and grants nothing."""
        return self.collections.get(name) or Collection(name)

    def retention_class(self, name: str) -> RetentionClass | None:
        """The class of that name; None when the policy does not know it, which means: keep."""
        return KEEP_CLASS if name == KEEP else self.classes.get(name)

    def class_name(self, collection: str, *given: str | None) -> str:
        """The class that applies: the last of `given` (manifest, then document) that is not empty, or else the collection's."""
        return next((name for name in reversed(given) if name), self.collection(collection).retention_class)


DEFAULT_POLICY = Policy()
"""In force until a policy is applied."""
