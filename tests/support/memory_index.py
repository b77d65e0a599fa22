"""An index in memory: what was added, and what of it was committed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from archiver.domain.access import Scope
from archiver.domain.query import SearchRequest
from archiver.ports.index import EntriesOf, Expunged, IndexEntry, IndexPage, nothing_to_tell


class MemoryIndex:
    """`ports.index.Index` without answers."""

    def __init__(self) -> None:
        self.entries: dict[str, IndexEntry] = {}
        self._pending: dict[str, IndexEntry] = {}
        self._sequence = 0
        self.most_pending = 0
        self.commits = 0

    def add(self, entries: Iterable[IndexEntry]) -> None:
        for entry in entries:
            self._pending[entry.document_id] = entry
        self.most_pending = max(self.most_pending, len(self._pending))

    def remove(self, document_ids: Iterable[str], *, version: int = 0) -> None:
        for document_id in document_ids:
            self.entries.pop(document_id, None)
            self._pending.pop(document_id, None)

    def expunge(self, entries_of: EntriesOf, *, alive: Callable[[], None] = nothing_to_tell) -> list[Expunged]:
        return [Expunged("the index in memory", "nothing is in files", len(self.entries), 0)]

    def remains(self, document_ids: Sequence[str]) -> set[str]:
        return self.entries.keys() & set(document_ids)

    def commit(self, sequence: int) -> None:
        for key, entry in self._pending.items():
            if key not in self.entries or self.entries[key].version <= entry.version:
                self.entries[key] = entry
        self._pending, self._sequence = {}, sequence
        self.commits += 1

    def sequence(self) -> int:
        return self._sequence

    def search(self, request: SearchRequest, scope: Scope) -> IndexPage:
        return IndexPage((), 0, {}, 0, None)

    def highlight(self, request: SearchRequest, text: str, fragments: int = 2) -> tuple[str, ...]:
        return ()

    def document_ids(self) -> Iterator[tuple[str, int]]:
        yield from ((key, entry.version) for key, entry in list(self.entries.items()))

    def close(self) -> None:
        self._pending = {}
