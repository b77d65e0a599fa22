"""The partitions being written to: a few at a time, each with a bounded buffer."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import tantivy

from archiver.adapters.index.engine import open_for_writing, translated
from archiver.adapters.index.layout import ID
from archiver.adapters.index.partitions import new_folder
from archiver.adapters.index.state import PartitionName

_MOST_OPEN = 6
_BUFFER_BYTES = 32_000_000
_THREADS = 1


class PartitionWriter:
    """Adds to and deletes from one partition; knows whether there is anything to commit."""

    def __init__(self, folder: Path, schema: tantivy.Schema) -> None:
        self._folder = folder
        self._index = open_for_writing(folder, schema)
        with translated(folder):
            self._writer = self._index.writer(_BUFFER_BYTES, _THREADS)
        self._dirty = False

    def add(self, document: tantivy.Document) -> None:
        """Add; what has the same id is not touched."""
        self._dirty = True
        with translated(self._folder):
            self._writer.add_document(document)

    def delete(self, document_id: str) -> None:
        """Delete whatever was added with this id so far."""
        self._dirty = True
        with translated(self._folder):
            self._writer.delete_documents_by_term(ID, document_id)

    def commit(self) -> None:
        """Make durable what was done since the last commit."""
        if not self._dirty:
            return
        with translated(self._folder):
            self._writer.commit()
        self._dirty = False

    def collect(self) -> None:
        """Delete files that belong to no state of the engine: a crash or an ended merge left them."""
        with translated(self._folder):
            self._writer.garbage_collect_files()

    def close(self) -> None:
        """Forget what is not committed, let merges end, and end the engine's threads."""
        with translated(self._folder):
            if self._dirty:
                self._writer.rollback()
            self._writer.wait_merging_threads()


class Writers:
    """Opens writers as they are needed. When one too many is open, the one used longest ago is committed and closed."""

    def __init__(self, root: Path, schema: tantivy.Schema, folders: dict[PartitionName, str]) -> None:
        self._root = root
        self._schema = schema
        self._folders = folders
        self._open: OrderedDict[PartitionName, PartitionWriter] = OrderedDict()

    def of(self, name: PartitionName) -> PartitionWriter:
        """The writer of a partition, which is made if it is new."""
        if name not in self._open:
            if len(self._open) >= _MOST_OPEN:
                self._close_oldest()
            if name not in self._folders:
                self._folders[name] = new_folder(self._root, name)
            self._open[name] = PartitionWriter(self._root / self._folders[name], self._schema)
        self._open.move_to_end(name)
        return self._open[name]

    def commit(self) -> None:
        """Make everything durable."""
        for writer in self._open.values():
            writer.commit()

    def folders(self) -> tuple[tuple[PartitionName, str], ...]:
        """All partitions there are, in a fixed order."""
        return tuple(sorted(self._folders.items(), key=lambda item: (item[0].collection, item[0].partition)))

    def close(self) -> None:
        """Forget what is not committed. Safe to repeat."""
        while self._open:
            self._open.popitem()[1].close()

    def _close_oldest(self) -> None:
        _, writer = self._open.popitem(last=False)
        writer.commit()
        writer.close()
