"""Where a document belongs: its class, its grants, and how long it is kept, from the policy in force."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from archiver.domain.access import group_name
from archiver.domain.document import LockMode
from archiver.errors import UsageError
from archiver.ports.objects import Lock
from retention.policy import Policy
from retention.protection import protection
from retention.schedule import Facts, Occurrence, deadline

_NOTHING: Mapping[str, Occurrence] = MappingProxyType({})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Place:
    """Class and groups of a document."""

    retention_class: str
    grants: tuple[str, ...]
    denies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """How long a document is kept, why, and the lock that sees to it."""

    retain_until: date | None
    note: str
    lock: Lock


class Placement:
    """The policy in force, as intake and commit ask it."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def place(self, collection: str, retention_class: str, grants: tuple[str, ...]) -> Place:
        """Class: the one given, or else the collection's. Grants: those given, or else the collection's.

        A class the policy does not know is taken as it is: its documents are kept, and say so.

        Raises:
            UsageError: a name that cannot be one.
        """
        named = self.policy.collection(check_name("collection", collection))
        found = check_name("class", self.policy.class_name(collection, retention_class))
        groups = tuple(dict.fromkeys(map(group_name, grants)))
        return Place(found, groups or tuple(named.read), tuple(named.deny))

    def term(
        self,
        retention_class: str,
        received_at: datetime,
        declared: dict[str, str],
        now: datetime,
        happened: Mapping[str, Occurrence] = _NOTHING,
    ) -> Term:
        """Term of a document of this class, received then, with this declared metadata, to which this happened."""
        facts = Facts(retention_class, received_at, declared, happened)
        ends = deadline(self.policy, facts)
        wanted = protection(self.policy, facts, now, scheduled=ends)
        lock = Lock(LockMode(wanted.lock.value), wanted.until, wanted.hold)
        return Term(ends.until, ends.reason, lock)


class LivePlacement(Placement):
    """Placement under whatever policy is in force at the moment: for runs that outlast a policy. Safe from several threads.

    Args:
        version: of the policy in force now.
        load: the policy in force.
        every: seconds for which an answer is trusted.
    """

    def __init__(
        self,
        version: Callable[[], int],
        load: Callable[[], Policy],
        *,
        every: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._version, self._load, self._every, self._monotonic = version, load, every, monotonic
        self._mutex = threading.Lock()
        self._policy, self._looked = load(), monotonic()

    @property
    def policy(self) -> Policy:  # type: ignore[override]
        """The policy in force."""
        with self._mutex:
            if self._monotonic() - self._looked >= self._every:
                if self._version() != self._policy.version:
                    self._policy = self._load()
                self._looked = self._monotonic()
            return self._policy


def check_name(what: str, name: str) -> str:
    """`name`, when it can be part of an object key.

    Raises:
        UsageError: it cannot.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a {what}",
            remedy="use letters, digits, '-', '_' and '.', at most 64, beginning with a letter or digit",
        )
    return name
