"""Port: the catalogue, the projection everything is selected from. One transaction a method; every write may be repeated."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from archiver.domain.batch import Batch, BatchState, Line, ReportLine, Tally
from archiver.domain.document import Document
from archiver.domain.ledger import LedgerEvent
from archiver.ports.objects import ObjectRef
from archiver.ports.retention_rows import RetentionRows


@dataclass(frozen=True, slots=True)
class Seen:
    """What a source file looked like when it was archived; equal now means it need not be read again."""

    collection: str
    source: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    document_id: str


@dataclass(frozen=True, slots=True)
class Content:
    """Stored bytes, once per (collection, class, digest)."""

    collection: str
    retention_class: str
    sha256: str
    size: int
    ref: ObjectRef


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One policy ever applied."""

    version: int
    sha256: str
    applied_at: object
    applied_by: str
    body: str


@dataclass(frozen=True, slots=True)
class IntakeGroup:
    """Everything one intake step makes true at once.

    Attributes:
        restored: contents among these that were known already, and had been lost from the store.
        relied: contents that were known and in the store when the group was made, and were not stored again for it. The line of
            a document whose bytes a purge has begun to remove since has failed.
        events: ledger entries about documents of the group; only those of documents that were added are entered.
    """

    lines: Sequence[tuple[str, Line]] = ()
    documents: Sequence[Document] = ()
    contents: Sequence[Content] = ()
    seen: Sequence[Seen] = ()
    restored: Collection[tuple[str, str, str]] = ()
    relied: Collection[tuple[str, str, str]] = ()
    events: Sequence[LedgerEvent] = ()


class Marks(Protocol):
    """Small named values of the archive.

    Raises, everywhere: `UnreachableError` when the database does not answer.
    """

    def get_mark(self, key: str) -> str | None:
        """A value; None when there is none."""

    def set_mark(self, key: str, value: str) -> None:
        """Write a value."""

    def keep_mark(self, key: str, value: str) -> str:
        """Write a value unless there is one; the one that holds. Of several who write at once, one does."""

    def raise_mark(self, key: str, value: str) -> str:
        """Write a value unless the one there is greater, as texts are compared; the one that holds."""


@dataclass(frozen=True, slots=True)
class ServedCatalog:
    """What a database server says of itself.

    Attributes:
        replicas: servers that follow it now.
        dangers: what its settings could cost, each with what to change.
        time: its clock.
    """

    version: str
    replicas: int
    dangers: tuple[tuple[str, str], ...]
    time: datetime


class Catalog(Marks, RetentionRows, Protocol):
    """Rows of batches, lines, documents and contents.

    Raises, everywhere: `UnreachableError` when the database does not answer, `IntegrityError` when it is damaged.
    """

    # -- batches ------------------------------------------------------------------------------------------------
    def create_batch(self, batch: Batch) -> None:
        """Raises `AlreadyExistsError` when the id is taken."""

    def batch(self, batch_id: str) -> Batch:
        """Raises `NotFoundError`."""

    def batches(self) -> list[Batch]:
        """All of them, newest first."""

    def set_batch_state(self, batch_id: str, state: BatchState, *, listed: bool | None = None) -> None:
        """Move a batch on; `finished` also stamps its end."""

    def add_lines(self, batch_id: str, lines: Sequence[Line]) -> None:
        """Write lines before any work on them: pending ones, and those that need none with their outcome."""

    def known_lines(self, batch_id: str, sources: Sequence[str]) -> dict[str, list[Line]]:
        """Lines of the batch for these sources: what a resume need not list again."""

    def pending_lines(self, batch_id: str, after: int, limit: int) -> list[Line]:
        """Lines of the batch without an outcome, numbered above `after`, in order."""

    def last_line(self, batch_id: str) -> int:
        """Highest line number of the batch; 0 for none."""

    def report(self, batch_id: str, *, after: int = 0) -> Iterator[ReportLine]:
        """One entry a line numbered above `after`, in order, lazily."""

    def tally(self, batch_id: str) -> Tally:
        """Lines in, outcomes out."""

    # -- intake -------------------------------------------------------------------------------------------------
    def seen(self, collection: str, sources: Sequence[str]) -> dict[str, Seen]:
        """What is remembered of these sources."""

    def contents(self, keys: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], Content]:
        """Stored contents for (collection, class, digest)."""

    def commit_intake(self, group: IntakeGroup) -> list[tuple[str, Line]]:
        """Add documents and contents, settle lines, in one transaction; the lines as they came out.

        What another import added since this one looked stays as that import wrote it: the line of such a document is done
        already, and the line of a document whose content was stored by another is a duplicate. The line of a document that was
        destroyed meanwhile is refused; contents of the group that no document refers to are not written down.
        """

    # -- documents ----------------------------------------------------------------------------------------------
    def document(self, document_id: str) -> Document:
        """Raises `NotFoundError`."""

    def documents(self, document_ids: Sequence[str]) -> dict[str, Document]:
        """Those of these ids that exist."""

    def resolve(self, prefix: str, limit: int = 3) -> list[str]:
        """Document ids that begin with `prefix`."""

    def waiting(self, limit: int, after: int = 0) -> list[Document]:
        """Originals received and not yet archived with a sequence above `after`, oldest first."""

    def begin_attempt(self, document_ids: Sequence[str]) -> None:
        """Count an attempt, before it starts."""

    def read_whole(self, wanted: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], Document]:
        """By (collection, class, digest) of a stored content an archived document of that collection with these bytes, whose
        text was read whole (or found to be none) and that is no container. Its class may be another."""

    def commit_archived(self, documents: Sequence[Document], events: Iterable[LedgerEvent], *, claimed_by: str = "") -> int:
        """Write the new state of documents (adding members) with their ledger events; returns the highest sequence given.

        Every document gets a new sequence, in the order given.

        Args:
            claimed_by: the owner whose claims on the originals concerned must still hold; "" asks for none.

        Raises:
            LostClaimError: one of them does not hold any more, or a document was destroyed meanwhile; nothing was written.
        """

    def changed_since(self, sequence: int) -> Iterator[Document]:
        """Documents with a higher sequence, in that order, lazily."""

    def select(self, *, batch_id: str = "", outcome: str = "", collection: str = "", root_id: str = "") -> Iterator[Document]:
        """Documents that fit every criterion given, by sequence, lazily."""

    def all_contents(self) -> Iterator[Content]:
        """Every content, lazily."""

    def kinds(self) -> set[tuple[str, str]]:
        """(collection, class) of all contents. Goes through all their keys."""

    def referrers(self, content: Content) -> list[Document]:
        """Live originals that refer to this content."""

    def referrers_of(self, contents: Sequence[Content]) -> dict[tuple[str, str, str], list[Document]]:
        """`referrers` of many at once, by (collection, class, digest): a matter of speed only."""

    def texts_in_use(self, of: Sequence[Document]) -> set[str]:
        """Keys of stored texts of the bytes of these documents (those with a text) that documents use which are there."""

    def top_sequence(self) -> int:
        """Highest sequence given so far."""

    def counts(self) -> dict[str, int]:
        """How many rows of each: documents by state, contents, batches, lines."""

    # -- policies -----------------------------------------------------------------------------------------------
    def add_policy(self, policy: PolicyVersion, events: Iterable[LedgerEvent]) -> None:
        """Keep a policy version."""

    def newest_policy(self) -> PolicyVersion | None:
        """The one in force; None when none was ever applied."""
