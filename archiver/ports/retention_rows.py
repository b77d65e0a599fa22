"""Port: what the catalogue knows for retention. A part of the catalogue: one transaction a method, every write may be repeated.

Events, holds and decisions are about originals; a member follows its container.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from archiver.domain.document import Document
from archiver.domain.ledger import LedgerEvent
from retention.decision import Decision
from retention.disposal import Withheld
from retention.hold import Hold
from retention.plan import ItemState, PlanItem
from retention.schedule import Occurrence


@dataclass(frozen=True, slots=True)
class HoldRecord:
    """A hold as it was placed. All but id and times is confidential, and may be personal.

    Attributes:
        review: a day on which somebody should ask whether it is still needed; it never releases anything.
        collection: what arrives in it later is held too; "" for none.
    """

    id: str
    matter: str
    reason: str
    owner: str
    placed_at: datetime
    placed_by: str
    review: date | None = None
    collection: str = ""
    released_at: datetime | None = None
    released_by: str = ""


@dataclass(frozen=True, slots=True)
class HeldGrants:
    """How many of the originals that a hold holds have these grants and denies."""

    grants: tuple[str, ...]
    denies: tuple[str, ...]
    documents: int


@dataclass(frozen=True, slots=True)
class Signer:
    """A personally enrolled key. `public_key`: 64 hexadecimal characters."""

    key_id: str
    person: str
    pseudonym: str
    public_key: str
    enrolled_at: datetime
    enrolled_by: str
    revoked_at: datetime | None = None


Ref = tuple[str, str, str]
"""Bucket, key and version of something in the object store."""


class PurgeState(StrEnum):
    """`planned → approved → running → done`; an approval that ran out leaves it `approved`, to be approved anew."""

    PLANNED = "planned"
    APPROVED = "approved"
    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class GivenApproval:
    """An approval of a plan.

    Attributes:
        approver: a name; the statement holds a pseudonym.
        statement: its text; key and signature in hexadecimal, "" for one that is asserted and not authenticated.
        enrolled_at: when the key was enrolled, "" without one.
        head, head_signature: the signed custody head it was given after; head_stamp: an outside time-stamp of it (DER, base64).
        visa: authority, reference and date of an authority's visa, and the salt of its commitment.
    """

    approver: str
    statement: str
    head: str
    head_signature: str
    key: str = ""
    signature: str = ""
    enrolled_at: str = ""
    head_stamp: str = ""
    visa: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Purge:
    """One purge.

    Attributes:
        criteria: what was asked for.
        documents, bytes: planned; withheld: past their last day, and kept all the same when the plan was made.
        author: a name; the statement holds a pseudonym.
        plan: the statement's text; key and signature in hexadecimal, "" where there is none.
        approvals: in the order given; a later one where one ran out before the purge had ended.
    """

    id: str
    state: PurgeState
    made_at: datetime
    criteria: Mapping[str, Any]
    documents: int
    bytes: int
    withheld: int
    author: str
    plan: str
    plan_key: str = ""
    plan_signature: str = ""
    approvals: Sequence[GivenApproval] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PurgeItem:
    """An item of a plan, and how far it is.

    Attributes:
        why: for a withheld one a `retention.disposal.Withheld`; for a failed one what failed.
        shared: its bytes stay, since another document refers to them.
        at: when it was judged a last time; for one that goes the point of no return, whenever the last of it was removed.
        refs: what is to be destroyed, written down before the first of it goes.
        sequence: the catalogue sequence of its tombstone, where this is just being made.
    """

    item: PlanItem
    state: ItemState = ItemState.PLANNED
    why: str = ""
    shared: bool = False
    at: datetime | None = None
    refs: Sequence[Ref] = ()
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class WithheldDocument:
    """A document past its last day that was not planned. `sentence` is its class's reason; of holds it says nothing."""

    document_id: str
    why: str
    sentence: str
    retention_class: str
    size: int


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How much of one class, with the earliest and the latest last day. `documents` counts members, `originals` does not."""

    retention_class: str
    documents: int
    originals: int
    bytes: int
    oldest: date | None = None
    newest: date | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What lies in the store of one planned document: every version of its record, its text and, for an original, its bytes.

    Attributes:
        text_key: the key under which its text was looked for.
        keep_bytes: the store would refuse to remove its bytes now; they stay while another document refers to them.
    """

    item: PurgeItem
    text_key: str = ""
    record: Sequence[Ref] = ()
    text: Sequence[Ref] = ()
    original: Sequence[Ref] = ()
    keep_bytes: bool = False


class Known(Protocol):
    """What the catalogue knows of documents at one moment."""

    def documents(self, document_ids: Sequence[str]) -> dict[str, Document]:
        """Those of these that exist."""

    def members_of(self, root_ids: Sequence[str]) -> dict[str, list[Document]]:
        """See `RetentionRows`."""

    def occurrences(self, document_ids: Sequence[str]) -> dict[str, dict[str, Occurrence]]:
        """See `RetentionRows`."""

    def holds_on(self, document_ids: Sequence[str]) -> dict[str, list[Hold]]:
        """See `RetentionRows`."""

    def decisions(self, document_ids: Sequence[str]) -> dict[str, Decision]:
        """See `RetentionRows`."""


Doom = Callable[[Known, Mapping[int, Stored]], Mapping[int, Withheld]]
"""Last judgement: by position why an item stays; one that is left out goes."""


class RetentionRows(Protocol):
    """Rows of events, holds, decisions, personal keys and purges.

    Raises, everywhere: `UnreachableError` when the database does not answer.
    """

    # -- events and decisions -----------------------------------------------------------------------------------
    def occurrences(self, document_ids: Sequence[str]) -> dict[str, dict[str, Occurrence]]:
        """For each of these that has any: what happened to it, by event."""

    def commit_occurrences(
        self, documents: Sequence[Document], happened: Mapping[str, Mapping[str, Occurrence]], events: Iterable[LedgerEvent]
    ) -> int:
        """Write events (of two accounts of one event the later stays) and what they make of the documents; as `commit_archived`."""

    def decisions(self, document_ids: Sequence[str]) -> dict[str, Decision]:
        """For each of these that has one: the last decision."""

    def commit_decisions(
        self, documents: Sequence[Document], decided: Mapping[str, Decision], events: Iterable[LedgerEvent]
    ) -> int:
        """Write decisions, replacing earlier ones, and what they make of the documents; as `commit_archived`."""

    # -- holds --------------------------------------------------------------------------------------------------
    def add_hold(self, hold: HoldRecord, events: Iterable[LedgerEvent]) -> None:
        """From here on it covers what arrives in its collection.

        Raises:
            AlreadyExistsError: the id is taken.
        """

    def hold(self, hold_id: str) -> HoldRecord:
        """Raises `NotFoundError`."""

    def holds(self) -> list[HoldRecord]:
        """All that were ever placed, newest first."""

    def end_hold(self, hold_id: str, at: datetime, by: str, events: Iterable[LedgerEvent]) -> None:
        """Mark it as released: nothing that arrives later is covered. What it holds is released by `release`. Safe to repeat."""

    def place(self, hold_id: str, document_ids: Sequence[str], since: date, events: Iterable[LedgerEvent]) -> set[str]:
        """Hold these originals; returns those that are not there, or whose destruction came first. What is held by it already
        stays as it is. From this answer on no purge destroys the others: the catalogue decides who came first, and the store's
        own hold is to be set afterwards."""

    def release(self, hold_id: str, document_ids: Sequence[str], events: Iterable[LedgerEvent]) -> None:
        """This hold lets go of these; every other hold stays."""

    def holds_on(self, document_ids: Sequence[str]) -> dict[str, list[Hold]]:
        """For each of these originals that is held: by what, earliest first."""

    def held_by(self, hold_id: str) -> Iterator[str]:
        """Ids of what it holds, in order, lazily, a page at a time."""

    def held_count(self, hold_id: str) -> int:
        """How many originals it holds."""

    def held_grants(self, hold_id: str) -> list[HeldGrants]:
        """What it holds, by who may see it."""

    # -- what is due --------------------------------------------------------------------------------------------
    def due(
        self, before: date, *, collection: str = "", retention_class: str = "", after: tuple[date, str] = (date.min, "")
    ) -> Iterator[Document]:
        """Originals that are there and whose last day is earlier than `before`, by that day and their id, lazily.

        Args:
            after: last day and id of the one to go on behind.
        """

    def undated(self, *, after: str = "") -> Iterator[Document]:
        """Originals that are there and have no last day, by id above `after`, lazily."""

    def members_of(self, root_ids: Sequence[str]) -> dict[str, list[Document]]:
        """For each of these originals that has any: its members that are there, by id."""

    def live(self, *, collection: str = "", retention_class: str = "") -> int:
        """How many originals are there."""

    # -- personal keys ------------------------------------------------------------------------------------------
    def add_signer(self, signer: Signer, events: Iterable[LedgerEvent]) -> None:
        """Raises `AlreadyExistsError`: the key is enrolled already."""

    def revoke_signer(self, key_id: str, at: datetime, events: Iterable[LedgerEvent]) -> None:
        """Safe to repeat; the first time stays."""

    def signers(self) -> list[Signer]:
        """All that were ever enrolled, oldest first."""

    def signer(self, key_id: str) -> Signer:
        """Raises `NotFoundError`."""

    # -- purges -------------------------------------------------------------------------------------------------
    def add_items(self, purge_id: str, items: Sequence[PlanItem]) -> None:
        """Write items of a plan that is being made."""

    def add_withheld(self, purge_id: str, documents: Sequence[WithheldDocument]) -> None:
        """Write what was not planned, and why."""

    def add_purge(self, purge: Purge, events: Iterable[LedgerEvent]) -> None:
        """The plan is made: its items are all written."""

    def discard_drafts(self) -> None:
        """Remove what plans left that were cut off while they were made. Safe to repeat; not while one is being made."""

    def purge(self, purge_id: str) -> Purge:
        """Raises `NotFoundError`."""

    def purges(self) -> list[Purge]:
        """All, newest first."""

    def set_purge(self, purge: Purge, events: Iterable[LedgerEvent]) -> None:
        """Write its new state."""

    def items(self, purge_id: str, *, states: Collection[ItemState] = (), after: int = -1, limit: int = 0) -> Iterator[PurgeItem]:
        """Items by position above `after`, lazily; all, or those in these states; at most `limit` unless 0."""

    def items_of(self, purge_id: str, document_ids: Sequence[str]) -> dict[str, PurgeItem]:
        """Those of these documents that are in the plan: their items."""

    def items_under(self, purge_id: str, root_ids: Sequence[str]) -> list[PurgeItem]:
        """Items of these originals and of everything in them, by position."""

    def withheld(self, purge_id: str) -> Iterator[WithheldDocument]:
        """What was past its last day and not planned, by id, lazily."""

    def class_counts(self, purge_id: str, *, states: Collection[ItemState] = ()) -> list[ClassCount]:
        """Items by class."""

    def condemn(self, purge_id: str, stored: Mapping[int, Stored], doom: Doom) -> list[PurgeItem]:
        """The point of no return, in one transaction with everybody else kept from these documents: `doom` is asked, those that
        stay are settled as withheld; the others become tombstones and `going`, with what is to be removed of them written down.

        With them goes all that remembers their names: what was seen of sources, lines of imports, events, holds, decisions.
        A text that another document uses stays; so do bytes that another document refers to. Items that are begun or settled
        already are left as they are, and out of the answer.

        Args:
            stored: by position of the item, what lies in the store of it.
        """

    def end_leaving(self, purge_id: str) -> None:
        """Nothing of this purge is leaving any more, unless an item is unfinished: what it removed may be stored anew."""

    def settle(self, purge_id: str, items: Sequence[PurgeItem], events: Iterable[LedgerEvent]) -> None:
        """Write items as they are now; what was executed is no longer leaving. An item that is executed already stays so, and
        nothing is entered about it again. `events`: each about one of the items."""
