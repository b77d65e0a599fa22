"""Port: work that waits, as rows beside the documents it is about, and the broker that tells workers of it.

A row is written in the transaction that makes the work necessary and removed in the one that does it. What travels through
a broker is a hint: ids that may be worth a look. So a lost, doubled or late message costs time, never a document.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """`extract`: a received original waits to be read. `index`: a state of a document waits to be told to the index. `purge`: an
    original of a running purge waits to be destroyed, with everything in it."""

    EXTRACT = "extract"
    INDEX = "index"
    PURGE = "purge"


@dataclass(frozen=True, slots=True)
class Due:
    """Work to announce.

    Attributes:
        size: bytes of the original.
        alone: a worker died with it; it is announced in a message of its own, so that it takes no others with it.
    """

    document_id: str
    size: int
    alone: bool


@dataclass(frozen=True, slots=True)
class Task:
    """Work that no state of a document makes: an original, its bytes, and its place in what it is a part of, from 0."""

    document_id: str
    size: int
    place: int


@dataclass(frozen=True, slots=True)
class Claim:
    """Work taken on.

    Attributes:
        deaths: claims before this one whose worker never came back.
        part_of: the import or the purge it is a part of.
        version: what `finish` is to be told: the state it is about, or its place in what it is a part of.
    """

    document_id: str
    deaths: int
    part_of: str = field(default="", compare=False)
    version: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Work that is not done, and the bytes of the originals it is about."""

    documents: int
    bytes: int


class Jobs(Protocol):
    """Rows of work. Leases are measured by the database's clock alone, so that workers on hosts with other clocks agree.

    Raises, everywhere: `UnreachableError` when the database does not answer.
    """

    def due(self, kind: Kind, limit: int, *, resend: timedelta, take_over: bool = True) -> list[Due]:
        """Work to announce now, oldest first, marked as announced by this call; no row goes to two callers at once.

        That is: what was never announced and need not wait, what was given back and has waited, what was announced more than
        `resend` ago and never claimed, and (unless `take_over` is False) what was claimed under a lease that has run out.
        """

    def claim(self, kind: Kind, document_ids: Sequence[str], *, owner: str, lease: timedelta) -> list[Claim]:
        """Take on those of these that nobody holds, in the order given; what is done already, or held, is left out.

        Counted before the work starts: a claim over the lease of another that ran out counts a death. A holder that asks again,
        because the answer was lost, gets what it holds.
        """

    def renew(self, owners: Collection[str], *, lease: timedelta) -> None:
        """Hold everything of these owners for `lease` from now on. What a transaction is just changing is passed over, not waited
        for: nobody else can take it meanwhile."""

    def adopt(self) -> int:
        """Write the rows that are missing: of originals that wait to be read and have none; how many."""

    def release(self, kind: Kind, document_ids: Sequence[str], *, owner: str, wait: timedelta) -> None:
        """Give back work that was not done, to be announced after `wait`. Nothing is held against it. Safe to repeat."""

    def put(self, kind: Kind, tasks: Sequence[Task], *, part_of: str) -> None:
        """Write rows of work, to be announced at once; one that is there already stays as it is. Safe to repeat."""

    def withdraw(self, kind: Kind, part_of: str) -> int:
        """Remove the rows of this import or purge that nobody holds; how many are held, which their holders finish."""

    def finish(self, kind: Kind, versions: Mapping[str, int]) -> None:
        """Remove work that was done up to these catalogue sequences; a row about a newer state stays. Safe to repeat."""

    def backlog(self, kind: Kind, *, batch_id: str = "") -> Backlog:
        """How much is not done, of one batch or of all."""

    def indexed_up_to(self) -> int:
        """The highest sequence up to which every state was told to the index: below the lowest `index` row."""


class Broker(Protocol):
    """Tells workers of work."""

    def send(self, kind: Kind, document_ids: Sequence[str]) -> None:
        """Hand a message over. On return the broker has confirmed that it holds it.

        Raises:
            UnreachableError: it has not, or may not have.
        """

    def waiting(self, kind: Kind) -> int:
        """Messages that no worker has taken.

        Raises:
            UnreachableError: it does not answer.
        """

    def close(self) -> None:
        """Release the connection. Safe to repeat."""
