"""What readers see: all partitions as of one committed state."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import tantivy

from archiver.adapters.index.engine import open_for_reading, translated
from archiver.adapters.index.inflections import Inflections
from archiver.adapters.index.layout import FORMAT
from archiver.adapters.index.state import REINDEX, IndexState, PartitionName, load, path_of
from archiver.domain.access import Scope
from archiver.errors import IntegrityError, UnreachableError


@dataclass(frozen=True, slots=True)
class OpenPartition:
    """A partition and its searcher, which goes on seeing the same documents whatever is committed later."""

    name: PartitionName
    searcher: tantivy.Searcher


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All partitions of one state, with what was learnt about them.

    Attributes:
        unread: number of documents not fully read, by scope and collections: it does not depend on the query.
    """

    partitions: tuple[OpenPartition, ...]
    inflections: Inflections
    unread: dict[tuple[Scope, tuple[str, ...]], int] = field(default_factory=dict)


class Snapshots:
    """Keeps the current snapshot; one `stat` tells whether there is a newer one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._indexes: dict[str, tantivy.Index] = {}
        self._signature: tuple[int, int, int] | None = None
        self._current = Snapshot((), Inflections(()))

    def current(self) -> Snapshot:
        """The newest committed state.

        Raises:
            UnreachableError: the index was made by another version of this program.
        """
        while (signature := self._sign()) != self._signature:
            try:
                self._current = self._opened(load(self._folder))
            except (IntegrityError, UnreachableError):
                if self._sign() == signature:
                    raise
                continue  # the writer took a folder away, after it had said so: look again
            self._signature = signature
        return self._current

    def close(self) -> None:
        """Let go of all files. Safe to repeat."""
        self._indexes.clear()
        self._current, self._signature = Snapshot((), Inflections(())), None

    def _sign(self) -> tuple[int, int, int] | None:
        try:
            found = path_of(self._folder).stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _opened(self, state: IndexState) -> Snapshot:
        if state.format != FORMAT:
            raise UnreachableError(f"the index in {self._folder} was made by another version of this program", remedy=REINDEX)
        for gone in self._indexes.keys() - {folder for _, folder in state.folders}:
            del self._indexes[gone]
        partitions = tuple(OpenPartition(name, self._searcher(folder)) for name, folder in state.folders)
        return Snapshot(partitions, Inflections([partition.searcher for partition in partitions]))

    def _searcher(self, folder: str) -> tantivy.Searcher:
        path = self._folder / folder
        if folder not in self._indexes:
            self._indexes[folder] = open_for_reading(path)
        with translated(path):
            self._indexes[folder].reload()
            return self._indexes[folder].searcher()
