"""Port: what the catalogue knows for retention. A part of the catalogue: one transaction a method, every write may be repeated.

Events, holds and decisions are about originals; a member follows its container.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from archiver.domain.document import Document
from archiver.domain.ledger import LedgerEvent
from retention.decision import Decision
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
class Signer:
    """A personally enrolled key. `public_key`: 64 hexadecimal characters."""

    key_id: str
    person: str
    pseudonym: str
    public_key: str
    enrolled_at: datetime
    enrolled_by: str
    revoked_at: datetime | None = None


class PurgeState(StrEnum):
    """`planned → approved → running → done`; an approval that ran out leaves it `approved`, to be approved anew."""

    PLANNED = "planned"
    APPROVED = "approved"
    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Purge:
    """One purge.

    Attributes:
        criteria: what was asked for.
        documents, bytes: planned; withheld: past their last day, and kept all the same when the plan was made.
        author, approver: names; the statements hold pseudonyms.
        plan, approval: the signed statements' texts; keys and signatures in hexadecimal, "" where there is none.
        visa: authority, reference and date of an authority's visa, and the salt of its commitment.
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
    approver: str = ""
    approval: str = ""
    approval_key: str = ""
    approval_signature: str = ""
    visa: Mapping[str, str] = field(default_factory=dict)
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PurgeItem:
    """An item of a plan, and how far it is.

    Attributes:
        why: for a withheld one a `retention.disposal.Withheld`; for a failed one what failed.
        shared: its bytes stay, since another document refers to them.
        refs: what is to be destroyed, written down before the first of it goes: lists of bucket, key, version.
    """

    item: PlanItem
    state: ItemState = ItemState.PLANNED
    why: str = ""
    shared: bool = False
    at: datetime | None = None
    refs: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True)
class WithheldDocument:
    """A document past its last day that was not planned. `sentence` may tell of holds."""

    document_id: str
    why: str
    sentence: str
    retention_class: str
    size: int


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How much of one class, with the earliest and the latest last day."""

    retention_class: str
    documents: int
    bytes: int
    oldest: date | None = None
    newest: date | None = None


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

    def place(self, hold_id: str, document_ids: Sequence[str], since: date, events: Iterable[LedgerEvent]) -> None:
        """Hold these originals. What is held by it already stays as it is."""

    def release(self, hold_id: str, document_ids: Sequence[str], events: Iterable[LedgerEvent]) -> None:
        """This hold lets go of these; every other hold stays."""

    def holds_on(self, document_ids: Sequence[str]) -> dict[str, list[Hold]]:
        """For each of these originals that is held: by what, earliest first."""

    def held_by(self, hold_id: str) -> Iterator[str]:
        """Ids of what it holds, in order, lazily, a page at a time."""

    def held_count(self, hold_id: str) -> int:
        """How many originals it holds."""

    # -- what is due --------------------------------------------------------------------------------------------
    def due(self, before: date, *, collection: str = "", retention_class: str = "") -> Iterator[Document]:
        """Originals that are there and whose last day is earlier than `before`, by that day, lazily."""

    def undated(self) -> Iterator[Document]:
        """Originals that are there and have no last day, by id, lazily."""

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

    def discard_draft(self, purge_id: str) -> None:
        """Remove items of a plan that was never finished. Safe to repeat."""

    def purge(self, purge_id: str) -> Purge:
        """Raises `NotFoundError`."""

    def purges(self) -> list[Purge]:
        """All, newest first."""

    def set_purge(self, purge: Purge, events: Iterable[LedgerEvent]) -> None:
        """Write its new state."""

    def items(self, purge_id: str, *, states: Collection[ItemState] = (), after: int = -1, limit: int = 0) -> Iterator[PurgeItem]:
        """Items by position above `after`, lazily; all, or those in these states; at most `limit` unless 0."""

    def withheld(self, purge_id: str) -> Iterator[WithheldDocument]:
        """What was past its last day and not planned, by id, lazily."""

    def class_counts(self, purge_id: str, *, states: Collection[ItemState] = ()) -> list[ClassCount]:
        """Items by class."""

    def begin_items(self, purge_id: str, items: Sequence[PurgeItem]) -> None:
        """Write items as they are now: `going` ones before the first thing of them goes, withheld and failed ones."""

    def commit_disposed(
        self, purge_id: str, items: Sequence[PurgeItem], tombstones: Sequence[Document], events: Iterable[LedgerEvent]
    ) -> int:
        """Empty the rows of destroyed documents, and all that remembers their names: contents nobody refers to any more, what
        was seen of sources, lines of imports, events, holds, decisions. Settles the items. Returns the highest sequence given."""

    def referring(self, text_keys: Sequence[tuple[str, str, str]]) -> dict[str, set[str]]:
        """For (collection, digest, text key): the ids of documents that are there and use this text."""
