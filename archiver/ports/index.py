"""Port: the full-text index, a projection of catalogue and stored texts that can be thrown away and made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from archiver.domain.access import Scope
from archiver.domain.query import SearchRequest


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What the index is told of one document. `text` has card numbers masked already.

    Attributes:
        version: the catalogue sequence of the state described; an older one never replaces a newer one.
        partition: expiry year ("2036") as known when indexed, or "open".
        kind: coarse type for people: pdf, word, sheet, slides, mail, text, html, image, archive, data, other.
        day: the document's own date (declared, else created, else received).
        fields: further searchable metadata, normal name -> values.
    """

    document_id: str
    version: int
    collection: str
    partition: str
    retention_class: str
    batch: str
    grants: tuple[str, ...]
    denies: tuple[str, ...]
    title: str
    author: str
    text: str
    path: str
    kind: str
    media_type: str
    language: str
    outcome: str
    day: date
    size: int
    parent_id: str = ""
    fields: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IndexHit:
    """One match, best first. The score says on which rung of merit it stands (6 its title has every word ... 1 some word
    only in another form); equal scores are ordered by day, newest first, then id."""

    document_id: str
    score: float


@dataclass(frozen=True, slots=True)
class IndexPage:
    """Answer of the engine.

    Attributes:
        total: exact number of visible matches.
        facets: facet name -> [(value, count)], most frequent first, ties by value.
        not_fully_read: visible documents in the collections searched whose outcome is not complete.
        next_cursor: opaque, None on the last page.
    """

    hits: tuple[IndexHit, ...]
    total: int
    facets: dict[str, tuple[tuple[str, int], ...]]
    not_fully_read: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class IndexedState:
    """What an index holds of one document.

    Attributes:
        version: the catalogue sequence of the state.
        digest: SHA-256 of all that was indexed of it but the version; equal in every index that holds the same.
    """

    document_id: str
    version: int
    digest: str
    grants: frozenset[str]
    denies: frozenset[str]


@dataclass(frozen=True, slots=True)
class Expunged:
    """What the files of one index hold after an erasure.

    The first four are what was found at the end: equal after an erasure that was cut off and run again. The last two are what
    had to be done for it.

    Attributes:
        where: which index, without names of documents or persons.
        how: what was done and what was then checked, in words fit for a certificate.
        kept: documents it answers with.
        left: removed documents of which something is still in its files; above 0 the check has failed.
        doubts: what could not be ruled out, each a sentence.
        rewritten: parts made again without what was removed; dropped: parts in which nothing was left.
    """

    where: str
    how: str
    kept: int
    left: int
    doubts: tuple[str, ...] = ()
    rewritten: int = 0
    dropped: int = 0


EntriesOf = Callable[[Sequence[str]], Iterable[IndexEntry]]
"""The present entries of documents, from the catalogue and the stored texts; none for one that is no more. Asked for a few hundred
at a time, and each is let go before the next is asked for."""


def nothing_to_tell() -> None:
    """For whoever need not be told that long work goes on."""


@dataclass(frozen=True, slots=True)
class ServedIndex:
    """What serves an index on a server, and how well.

    Attributes:
        status: "green" all copies there, "yellow" some missing, "red" a part of the documents is out of reach.
        copies: how many there are of each part beside the first; 0 means one disk holds all.
        unassigned: parts or copies that no node holds.
        reading: the index that answers; "" for none. `current`: it is of the form this program makes.
        former: kept from before a reindex; unfinished: begun by a reindex that has not ended.
        in_bulk: settings for very many writes are in force.
        server_time: the server's clock, None when it does not tell.
    """

    version: str
    nodes: int
    status: str
    copies: int
    unassigned: int
    reading: str
    current: bool
    former: tuple[str, ...]
    unfinished: tuple[str, ...]
    in_bulk: bool
    server_time: datetime | None


class Index(Protocol):
    """Search and its upkeep. How many may write at once is for the adapter to say; any number may read."""

    def add(self, entries: Iterable[IndexEntry]) -> None:
        """Add or replace by document id; an older version never replaces a newer one. A document may move to another
        partition of its collection, never to another collection (its id depends on it). Surely searchable, and surely durable,
        after `commit`; an adapter may promise more. Safe to repeat, and to replay after a crash.

        Raises:
            UsageError: an id is not a canonical UUID, or a group's name is not valid text.
        """

    def remove(self, document_ids: Iterable[str], *, version: int = 0) -> None:
        """Take documents out of all answers. Safe to repeat.

        Args:
            version: the catalogue sequence of the removal: an older state added later does not bring a document back. 0 removes
                what is there now.
        """

    def expunge(self, entries_of: EntriesOf, *, alive: Callable[[], None] = nothing_to_tell) -> list[Expunged]:
        """What documents removed before, and former states of others, left in files is gone on return. Which files hold such is
        learnt from the index itself: it may be another process that removed. Safe to repeat, and to cut off anywhere.

        Args:
            entries_of: for an index that must be made again to lose words. A document it does not know is dropped.
            alive: called at least every few seconds while the work goes on.

        Returns: one for each index there is, whether it had to be touched or not.

        Raises:
            IntegrityError: `entries_of` gives an older state than the one that is indexed.
            UnreachableError: there is no room to make a part again; nothing is lost, the words are still there.
        """

    def remains(self, document_ids: Sequence[str]) -> set[str]:
        """Those of these that any index there is, former and unfinished ones too, still holds as documents."""

    def commit(self, sequence: int) -> None:
        """Make durable and searchable, and remember that everything up to this catalogue sequence is in."""

    def sequence(self) -> int:
        """The sequence last committed; 0 for a new or discarded index."""

    def search(self, request: SearchRequest, scope: Scope) -> IndexPage:
        """Matches of `request` inside `scope`, which is the only thing that decides visibility.

        A cursor names a place in the order of answers, not a state: it goes on through commits.

        Raises:
            UsageError: the query is not of the language, or the cursor is not of this query, sort and scope.
            IntegrityError: the index is damaged and must be made again.
        """

    def highlight(self, request: SearchRequest, text: str, fragments: int = 2) -> tuple[str, ...]:
        """Fragments of `text` with the matched words between \\x02 and \\x03; empty when none matches."""

    def document_ids(self) -> Iterator[tuple[str, int]]:
        """(document id, version) of every entry, for `verify`."""

    def close(self) -> None:
        """Release files and connections. What was not committed may be lost. Safe to repeat."""


class IndexGeneration(Protocol):
    """One of several indices of an archive, each made from nothing by `reindex`. Safe for several processes at once."""

    @property
    def name(self) -> str:
        """As the server knows it."""

    def add(self, entries: Iterable[IndexEntry]) -> None:
        """As `Index.add`, into this one alone."""

    def remove(self, document_ids: Iterable[str], *, version: int = 0) -> None:
        """As `Index.remove`, from this one alone."""

    def commit(self, sequence: int) -> None:
        """As `Index.commit`, of this one alone."""

    def sequence(self) -> int:
        """The sequence last committed here."""

    def states(self) -> Iterator[IndexedState]:
        """Every document committed here, by id; memory does not grow with their number."""

    def states_of(self, document_ids: Sequence[str]) -> dict[str, IndexedState]:
        """Those of these that are here."""


class IndexGenerations(Protocol):
    """The indices of an archive. From the moment `building` returns every live write goes to the one that answers and to the
    one that is built."""

    def reading(self) -> IndexGeneration | None:
        """The one that answers; None for an archive that was never indexed."""

    def building(self) -> IndexGeneration:
        """The one begun by a reindex that has not ended, as far as it came; else a new, empty one."""

    def promote(self, built: IndexGeneration) -> None:
        """From one moment on `built` answers, and it alone is written to. Those before it are kept."""

    def drop_former(self) -> list[str]:
        """Delete those that neither answer nor are written to; returns their names. Safe to repeat."""
