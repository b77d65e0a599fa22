"""Ridding the embedded index's files of documents that were removed from its answers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import tantivy

from archiver.adapters.index.engine import open_for_reading, translated
from archiver.adapters.index.entry_document import engine_document
from archiver.adapters.index.partitions import drop_folder, second_folder
from archiver.adapters.index.segment_files import SegmentFiles, segment_files
from archiver.adapters.index.state import REINDEX, IndexState, PartitionName, load, store
from archiver.adapters.index.versions import entries
from archiver.adapters.index.writers import PartitionWriter
from archiver.errors import IntegrityError
from archiver.ports.index import EntriesOf, Expunged, IndexEntry

HOW = (
    "each part of the index that held a removed document was made again in new files from the stored texts of the others, or "
    "deleted where there were none; then of every file of every part it was checked that it belongs to a segment and that no "
    "segment holds a removed document; files were deleted, not overwritten on the disk"
)
_ASKED = 256


class Erasure:
    """Makes partitions again without what was removed. For the one writer, with no partition open for writing.

    The engine keeps the words of a deleted document in the dictionary and lists of its segment until it merges it, and has no
    call for that. A segment is made of living documents only if its own state counts no deletion and it was written from entries
    of such: so a partition that counts none and has no file beside its segments holds nothing of what was removed.

    Args:
        folders: of the partitions there are; changed as they change.
    """

    def __init__(self, root: Path, schema: tantivy.Schema, folders: dict[PartitionName, str]) -> None:
        self._root, self._schema, self._folders = root, schema, folders

    def run(self, entries_of: EntriesOf, alive: Callable[[], None]) -> Expunged:
        """Everything, one partition after the other; each is either as it was or done, whenever the process ends.

        Raises:
            IntegrityError: `entries_of` knows an older state than the index.
        """
        rewritten = dropped = 0
        for name, first in sorted(self._folders.items(), key=lambda item: item[1]):
            alive()
            files = self._collected(first)
            if not files.documents:
                self._drop(name)
                dropped += 1
            elif not files.clean:
                self._rewrite(name, entries_of, alive)
                rewritten += 1
        return self._checked(rewritten, dropped)

    def _checked(self, rewritten: int, dropped: int) -> Expunged:
        found = [(folder, segment_files(self._root / folder)) for folder in self._folders.values()]
        strays = sum(len(files.strays) for _, files in found)
        doubts = (f"{strays} files belong to no segment and could not be removed",) if strays else ()
        kept, left = sum(files.documents for _, files in found), sum(files.deleted for _, files in found)
        return Expunged("the archive's own full-text index", HOW, kept, left, doubts, rewritten, dropped)

    def _collected(self, folder: str) -> SegmentFiles:
        """What a partition holds once the engine has deleted the files it needs no more."""
        files = segment_files(self._root / folder)
        if not files.strays:
            return files
        writer = PartitionWriter(self._root / folder, self._schema)
        writer.collect()
        writer.close()
        return segment_files(self._root / folder)

    def _drop(self, name: PartitionName) -> None:
        folder = self._folders.pop(name)
        self._store()
        drop_folder(self._root, folder)

    def _rewrite(self, name: PartitionName, entries_of: EntriesOf, alive: Callable[[], None]) -> None:
        """The new folder is whole and durable before the state names it, and the state before the old folder is deleted."""
        first = self._folders[name]
        second = second_folder(self._root, name, first)
        try:
            kept = self._filled(self._root / first, self._root / second, entries_of, alive)
        except BaseException:
            shutil.rmtree(self._root / second)
            raise
        if not kept:
            drop_folder(self._root, second)
            self._drop(name)
            return
        self._folders[name] = second
        self._store()
        drop_folder(self._root, first)

    def _filled(self, first: Path, second: Path, entries_of: EntriesOf, alive: Callable[[], None]) -> int:
        """Fill a new folder with the documents the old one answers with; how many."""
        index = open_for_reading(first)
        with translated(first):
            index.reload()
            living = iter(entries(index.searcher(), self._schema))
        writer, kept = PartitionWriter(second, self._schema), 0
        try:
            while some := dict(islice(living, _ASKED)):
                alive()
                for entry in _current(entries_of(list(some)), some):
                    writer.add(engine_document(entry))
                    kept += 1
            writer.commit()
        finally:
            writer.close()
        self._compare(second, kept)
        return kept

    def _compare(self, folder: Path, kept: int) -> None:
        """The new files hold what was written and nothing else."""
        files = segment_files(folder)
        if files != SegmentFiles(kept, 0, ()):
            raise IntegrityError(f"{kept} documents were written to {folder}, which holds {files}", remedy=REINDEX)

    def _store(self) -> None:
        folders = tuple(sorted(self._folders.items(), key=lambda item: (item[0].collection, item[0].partition)))
        store(self._root, IndexState(load(self._root).sequence, folders))


def _current(found: Iterable[IndexEntry], indexed: dict[str, int]) -> Iterable[IndexEntry]:
    """Entries as they came, each once.

    Raises:
        IntegrityError: one is older than what is indexed, or was not asked for.
    """
    missing = dict(indexed)
    for entry in found:
        version = missing.pop(entry.document_id, None)
        if version is None:
            raise IntegrityError(f"document {entry.document_id} was told twice, or unasked, while the index was made again")
        if entry.version < version:
            raise IntegrityError(
                f"the index knows document {entry.document_id} in state {version}, the catalogue in {entry.version}",
                remedy=REINDEX,
            )
        yield entry
