"""Indexing by workers: states of documents that the catalogue says are not in the index yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta

from archiver.domain.document import Document, State
from archiver.errors import IntegrityError, MinutierError, UnreachableError, UsageError
from archiver.ports.catalog import Catalog
from archiver.ports.index import Index, IndexEntry
from archiver.ports.jobs import Jobs, Kind
from archiver.services.index_documents import entry_of, stored
from archiver.services.leases import Leases, take_on
from archiver.services.texts import Texts

DEATHS = 3
"""Workers the text of a document may end before it is indexed without it."""
WAIT, LONG_WAIT = timedelta(seconds=5), timedelta(seconds=60)
"""Before work is announced again that met a part out of reach, and before what was refused is."""


class IndexChunk:
    """Brings announced documents into the index. Safe to run twice, late and out of order."""

    def __init__(self, catalog: Catalog, jobs: Jobs, index: Index, texts: Texts, leases: Leases) -> None:
        self._catalog, self._jobs, self._index, self._texts, self._leases = catalog, jobs, index, texts, leases

    def run(self, document_ids: Sequence[str]) -> int:
        """How many states were told to the index.

        Raises:
            UnreachableError: a part is out of reach; the work was given back.
        """
        with self._leases.owner() as owner:
            claims = take_on(self._jobs, Kind.INDEX, document_ids, owner=owner, lease=self._leases.lease)
            ids = [claim.document_id for claim in claims]
            try:
                documents = self._catalog.documents(ids)
                bare = {claim.document_id for claim in claims if claim.deaths >= DEATHS}
                known = [documents[one] for one in ids if one in documents]
                self._index.add(self._entries(known, bare))
                for document in known:
                    if document.state is State.DISPOSED:
                        self._index.remove([document.id], version=document.sequence)
                self._jobs.finish(Kind.INDEX, {one: documents[one].sequence if one in documents else 0 for one in ids})
            except (IntegrityError, UsageError):
                raise  # one of these documents may be the reason: like a death, it is told when the claims run out
            except MinutierError as error:
                wait = WAIT if isinstance(error, UnreachableError) else LONG_WAIT
                self._jobs.release(Kind.INDEX, ids, owner=owner, wait=wait)
                raise
        return len(ids)

    def _entries(self, documents: Iterable[Document], bare: Collection[str]) -> Iterator[IndexEntry]:
        """A document that ended several workers is found by its own fields only."""
        for document in documents:
            if document.state not in (State.RECEIVED, State.DISPOSED):
                text = None if document.id in bare else stored(self._texts, document)
                yield entry_of(document, text, document.sequence)


class DirectIndex:
    """What a commit tells the index in the very process that read: texts need not be fetched again.

    Stands where `Commit` expects an index. While the index is out of reach the rows of work wait for `IndexChunk`.
    """

    def __init__(self, index: Index, jobs: Jobs, owner: str, lease: timedelta) -> None:
        self._index, self._jobs, self._owner, self._lease = index, jobs, owner, lease
        self.indexed = 0

    def add(self, entries: Iterable[IndexEntry]) -> None:
        """Index what was just committed, unless somebody has taken that on already."""
        known = {entry.document_id: entry for entry in entries}
        claims = self._jobs.claim(Kind.INDEX, list(known), owner=self._owner, lease=self._lease)
        mine = [known[claim.document_id] for claim in claims]
        try:
            self._index.add(mine)
        except MinutierError:  # the documents are archived; `IndexChunk` tries again, and finds out which is the reason
            self._jobs.release(Kind.INDEX, [one.document_id for one in mine], owner=self._owner, wait=WAIT)
            return
        self._jobs.finish(Kind.INDEX, {one.document_id: one.version for one in mine})
        self.indexed += len(mine)

    def sequence(self) -> int:
        """Unused: what the index lacks is told by rows of work."""
        return 0

    def commit(self, sequence: int) -> None:
        """Nothing to do: the index makes each answer of its own durable."""


class LaterIndex(DirectIndex):
    """For a process that does not serve the index: rows of work are all it leaves."""

    def add(self, entries: Iterable[IndexEntry]) -> None:
        """Nothing: see the rows."""
