"""Keeping the index: entries go where they belong, once, and an older version never replaces a newer one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import tantivy

from archiver.adapters.index import partitions
from archiver.adapters.index.entry_document import engine_document
from archiver.adapters.index.erasure import Erasure
from archiver.adapters.index.layout import FORMAT
from archiver.adapters.index.snapshots import Snapshots
from archiver.adapters.index.sort_keys import id_number
from archiver.adapters.index.state import IndexState, PartitionName, load, store
from archiver.adapters.index.versions import found
from archiver.adapters.index.writers import Writers
from archiver.ports.index import EntriesOf, Expunged, IndexEntry

_CHUNK_ENTRIES = 512
_CHUNK_CHARACTERS = 16_000_000

Place = tuple[PartitionName, int]
"""Where a document is, and in which version."""

_NEVER = -1


class Writing:
    """The writing half of the index. `_pending` holds what was done since the last commit: one small entry a document."""

    def __init__(self, folder: Path, schema: tantivy.Schema, snapshots: Snapshots) -> None:
        self._folder, self._schema, self._snapshots = folder, schema, snapshots
        folder.mkdir(parents=True, exist_ok=True)
        state = self._usable(load(folder))
        self._folders = partitions.on_disk(folder, state)
        if len(self._folders) != len(state.folders):
            store(folder, IndexState(state.sequence, tuple(self._folders.items())))
        self._writers = Writers(folder, schema, self._folders)
        self._pending: dict[str, Place | None] = {}
        self._removed: dict[str, int] = {}

    def add(self, entries: Iterable[IndexEntry]) -> None:
        """Add or replace, in chunks."""
        for chunk in _chunks(entries):
            self._add_chunk(chunk)

    def remove(self, document_ids: Iterable[str], version: int = 0) -> None:
        """Delete wherever they are, unless in a newer version; for 0 in any."""
        ids = iter(document_ids)
        while some := list(dict.fromkeys(islice(ids, _CHUNK_ENTRIES))):
            for document_id in some:
                id_number(document_id)
            places = self._places(some, None)
            for document_id in some:
                self._remove(document_id, places.get(document_id, []), version)

    def _remove(self, document_id: str, places: list[Place], version: int) -> None:
        if version and any(at > version for _, at in places):
            return
        for name, _ in places:
            self._writers.of(name).delete(document_id)
        self._pending[document_id] = None
        self._removed[document_id] = version or _NEVER

    def expunge(self, entries_of: EntriesOf, alive: Callable[[], None]) -> Expunged:
        """Rid the files of what was removed; see `erasure.Erasure`. What waits for a commit is committed, at the old sequence."""
        self.commit(load(self._folder).sequence)
        self._writers.close()
        done = Erasure(self._folder, self._schema, self._folders).run(entries_of, alive)
        self._snapshots.current()  # lets go of files that are no more
        return done

    def commit(self, sequence: int) -> None:
        """All partitions first, then the state: a crash in between is mended by replaying from the old sequence."""
        self._writers.commit()
        store(self._folder, IndexState(sequence, self._writers.folders()))
        self._pending.clear()
        self._removed.clear()

    def close(self) -> None:
        """Forget what is not committed. Safe to repeat."""
        self._writers.close()
        self._pending.clear()
        self._removed.clear()

    def _usable(self, state: IndexState) -> IndexState:
        """An index of another format is dropped; replaying from 0 makes it again."""
        if state.format == FORMAT:
            return state
        store(self._folder, IndexState())
        partitions.discard_all(self._folder)
        return IndexState()

    def _add_chunk(self, chunk: list[IndexEntry]) -> None:
        for collection in sorted({entry.collection for entry in chunk}):
            ours = [entry for entry in chunk if entry.collection == collection]
            places = self._places([entry.document_id for entry in ours], collection)
            for entry in sorted(ours, key=lambda entry: entry.partition):
                self._put(entry, places.get(entry.document_id, []))

    def _put(self, entry: IndexEntry, places: list[Place]) -> None:
        if any(version > entry.version for _, version in places) or self._removed.get(entry.document_id, _NEVER) > entry.version:
            return
        document = engine_document(entry)
        for name, _ in places:
            self._writers.of(name).delete(entry.document_id)
        name = PartitionName(entry.collection, entry.partition)
        self._writers.of(name).add(document)
        self._pending[entry.document_id] = (name, entry.version)

    def _places(self, document_ids: list[str], collection: str | None) -> dict[str, list[Place]]:
        """Where each of the ids is now, in one collection or (None) anywhere."""
        places = {one: [place] for one in document_ids if (place := self._pending.get(one)) is not None}
        unknown = [one for one in document_ids if one not in self._pending]
        for partition in self._snapshots.current().partitions if unknown else ():
            if collection in (None, partition.name.collection):
                for document_id, version in found(partition.searcher, self._schema, unknown).items():
                    places.setdefault(document_id, []).append((partition.name, version))
        return places


def _chunks(entries: Iterable[IndexEntry]) -> Iterator[list[IndexEntry]]:
    """Bounded in number and text; of one document only the newest version of a chunk is kept."""
    chunk: dict[str, IndexEntry] = {}
    characters = 0
    for entry in entries:
        before = chunk.get(entry.document_id)
        if before is None or before.version <= entry.version:
            chunk[entry.document_id] = entry
        characters += len(entry.text)
        if len(chunk) >= _CHUNK_ENTRIES or characters >= _CHUNK_CHARACTERS:
            yield list(chunk.values())
            chunk, characters = {}, 0
    if chunk:
        yield list(chunk.values())
