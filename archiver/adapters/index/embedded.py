"""The embedded index: Tantivy, in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import tantivy

from archiver.adapters.index import answers
from archiver.adapters.index.highlighting import highlighted
from archiver.adapters.index.layout import schema
from archiver.adapters.index.pages import Pages
from archiver.adapters.index.snapshots import Snapshots
from archiver.adapters.index.state import load
from archiver.adapters.index.versions import entries as all_entries
from archiver.adapters.index.versions import found
from archiver.adapters.index.writing import Writing
from archiver.domain.access import Scope
from archiver.domain.query import SearchRequest
from archiver.errors import NotPermittedError
from archiver.ports.index import EntriesOf, Expunged, IndexEntry, IndexPage, nothing_to_tell

_ASKED = 1_000


class TantivyIndex:
    """`ports.index.Index` over Tantivy folders. Opening does not wait for a lock: the archive's own lock keeps a second
    writer away. One writing process at a time; not for several threads at once.

    Args:
        folder: made on the first commit.
        writable: whether this process holds the archive's write lock.
    """

    def __init__(self, folder: Path, *, writable: bool) -> None:
        self._folder = folder
        self._schema: tantivy.Schema = schema()
        self._snapshots = Snapshots(folder)
        self._writing = Writing(folder, self._schema, self._snapshots) if writable else None

    def add(self, entries: Iterable[IndexEntry]) -> None:
        """See the port."""
        self._writer().add(entries)

    def remove(self, document_ids: Iterable[str], *, version: int = 0) -> None:
        """See the port. The version counts until the next commit: the one writer replays states in order, so that none comes
        later."""
        self._writer().remove(document_ids, version)

    def expunge(self, entries_of: EntriesOf, *, alive: Callable[[], None] = nothing_to_tell) -> list[Expunged]:
        """See the port. What waits for a commit is committed."""
        return [self._writer().expunge(entries_of, alive)]

    def remains(self, document_ids: Sequence[str]) -> set[str]:
        """See the port."""
        partitions = self._snapshots.current().partitions
        pieces = [document_ids[start : start + _ASKED] for start in range(0, len(document_ids), _ASKED)]
        return {one for part in partitions for some in pieces for one in found(part.searcher, self._schema, some)}

    def commit(self, sequence: int) -> None:
        """See the port."""
        self._writer().commit(sequence)

    def sequence(self) -> int:
        """See the port."""
        return load(self._folder).sequence

    def search(self, request: SearchRequest, scope: Scope) -> IndexPage:
        """See the port."""
        answers.check(request)
        node = answers.parsed(request.text)
        if not scope.everything and not scope.groups:
            return answers.nothing(request)
        return Pages(self._snapshots.current(), self._schema, request, scope).page(node)

    def highlight(self, request: SearchRequest, text: str, fragments: int = 2) -> tuple[str, ...]:
        """See the port."""
        return highlighted(answers.parsed(request.text), text, fragments)

    def document_ids(self) -> Iterator[tuple[str, int]]:
        """See the port."""
        for partition in self._snapshots.current().partitions:
            yield from all_entries(partition.searcher, self._schema)

    def close(self) -> None:
        """See the port."""
        if self._writing is not None:
            self._writing.close()
        self._snapshots.close()

    def _writer(self) -> Writing:
        if self._writing is None:
            raise NotPermittedError("the index was opened for reading only", remedy="open the archive for writing")
        return self._writing
