"""Reads one stored original with everything inside it: members first, then their container."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from archiver.adapters.extraction import detect
from archiver.adapters.extraction.budget import Budget, LimitError
from archiver.adapters.extraction.container_text import container_extraction
from archiver.adapters.extraction.containers.entry import (
    CHUNK,
    DamagedError,
    Entry,
    OversizeError,
    UnsupportedError,
    from_the_machine,
)
from archiver.adapters.extraction.containers.kinds import Kind, kind_of
from archiver.adapters.extraction.extract import extraction
from archiver.adapters.extraction.lanes import ByTika, Lanes
from archiver.adapters.extraction.language import language
from archiver.adapters.extraction.readers.registry import reader_for
from archiver.adapters.extraction.screen import screen
from archiver.adapters.extraction.source import ProtectedError, Source
from archiver.adapters.extraction.spool import Spooled, spooled
from archiver.adapters.extraction.tally import Tally
from archiver.domain.extraction import (
    Event,
    Extraction,
    ExtractionTask,
    Finished,
    Found,
    Limits,
    Locator,
    Outcome,
    Started,
    Step,
)

Read = Callable[[Source], Extraction]
"""Reads one file, members left aside; `extract.extraction` is the real one."""
Detect = Callable[[Path, str], str]


def run(
    task: ExtractionTask,
    limits: Limits,
    read: Read = extraction,
    media_type: Detect = detect.media_type,
    by_tika: ByTika | None = None,
) -> Iterator[Event]:
    """Everything found in one original. Members come before their container, the original itself last.

    `Started` is repeated for a container each time reading comes back to it, so that the last one always names
    what is being read.

    Args:
        by_tika: asked in place of the Tika compiled in, by the real `read`.

    Raises:
        OSError: the machine fails (disk full, file gone), not the document.
        UnreachableError: so does a server that `by_tika` needs.
        EndedError: reading it ended the process of that server.
    """
    if by_tika is not None:
        read = partial(extraction, lanes=Lanes(by_tika=by_tika))
    yield from _Reading(task, limits, read, media_type).events()


def warm() -> None:
    """Load what common documents need, so that the first of them does not wait for it. Tika is left to the first that needs it."""
    import pikepdf
    import pypdfium2
    from selectolax import lexbor

    for kind in _COMMON:
        reader_for(kind)
    _loaded = (pikepdf, pypdfium2, lexbor)
    screen(_SAMPLE)
    language(_SAMPLE)


@dataclass(frozen=True, slots=True)
class _Item:
    """One file at hand: the original, or a spooled member. `sha256` is "" when the bytes are not all there."""

    locator: Locator
    path: Path
    name: str
    size: int
    sha256: str
    parent_sha256: str


class _Reading:
    """One original being read; holds its budget."""

    def __init__(self, task: ExtractionTask, limits: Limits, read: Read, media_type: Detect) -> None:
        self._task = task
        self._limits = limits
        self._read = read
        self._media_type = media_type
        self._budget = Budget(limits, task.size)
        self._poison = frozenset(task.poison)

    def events(self) -> Iterator[Event]:
        task = self._task
        if () in self._poison:
            yield self._lost((), "", Outcome.CRASHED, _POISONED)
        else:
            yield self._started(())
            yield from self._document(_Item((), task.path, task.name, task.size, _digest(task.path), ""))
        yield Finished(task.document_id)

    def _started(self, locator: Locator) -> Started:
        return Started(self._task.document_id, locator)

    def _lost(self, locator: Locator, parent: str, outcome: Outcome, reason: str) -> Found:
        """A member, or original, of which there are no bytes."""
        return Found(self._task.document_id, locator, -1, "", parent, Extraction(outcome, detect.UNKNOWN, reason))

    def _document(self, item: _Item) -> Generator[Event, None, Tally | None]:
        """Events of one file and all inside it; returns the tally of a container."""
        source = self._source(item)
        kind = kind_of(source)
        if kind is None:
            yield self._found(item, self._own(source))
            return None
        tally = Tally(self._limits.text_chars)
        yield from self._members(item, source, kind, tally)
        yield self._found(item, container_extraction(source, kind, tally, lambda: self._own(source)), tally)
        return tally

    def _source(self, item: _Item) -> Source:
        return Source(item.path, item.name, item.size, self._kind_of_bytes(item), self._limits, self._task.passwords)

    def _kind_of_bytes(self, item: _Item) -> str:
        try:
            return self._media_type(item.path, item.name)
        except Exception as error:  # a defect met while looking must not cost what could still be read
            if from_the_machine(error):
                raise
            return detect.UNKNOWN

    def _found(self, item: _Item, extraction: Extraction, tally: Tally | None = None) -> Found:
        return Found(
            document_id=self._task.document_id,
            locator=item.locator,
            size=item.size if item.sha256 else -1,
            sha256=item.sha256,
            parent_sha256=item.parent_sha256,
            extraction=extraction,
            expected=tally.expected if tally else 0,
            failed=tally.failed if tally else 0,
        )

    def _own(self, source: Source) -> Extraction:
        try:
            return self._read(source)
        except MemoryError:
            return Extraction(Outcome.TOO_LARGE, detect.UNKNOWN, "reading it takes more memory than allowed")
        except Exception as error:  # a defect in a reader costs one member, not the others
            if from_the_machine(error):
                raise
            return Extraction(Outcome.CRASHED, detect.UNKNOWN, f"the reader failed ({type(error).__name__}: {error})")

    def _members(self, item: _Item, source: Source, kind: Kind, tally: Tally) -> Iterator[Event]:
        try:
            for entry in kind.walk(source):
                if len(item.locator) >= self._limits.depth:
                    tally.stop(Outcome.TOO_DEEP, f"nested deeper than {self._limits.depth} containers (limit on depth)")
                    return
                if self._budget.exhausted and not kind.listed_first:
                    tally.stop(Outcome.TOO_LARGE, f"{self._budget.exhausted}; what follows is not listed")
                    return
                self._budget.take_entry()
                tally.list(entry.name)
                yield from self._member(item, kind, entry, tally)
                yield self._started(item.locator)
        except LimitError as error:
            tally.stop(Outcome.TOO_LARGE, f"{error}; what follows is not listed")
        except Exception as error:  # walkers of ten formats and their libraries raise what they like on bad data
            if from_the_machine(error):
                raise
            tally.stop(*_walk_problem(error))

    def _member(self, item: _Item, kind: Kind, entry: Entry, tally: Tally) -> Iterator[Event]:
        locator = (*item.locator, Step(kind.name, entry.index, entry.name))
        problem, reason = self._refused(locator, entry)
        if problem is not None:
            tally.fail(problem, reason)
            yield self._lost(locator, item.sha256, problem, reason)
            return
        yield self._started(locator)
        with spooled(entry.chunks, self._budget) as spool:
            yield from self._spooled_member(locator, entry, spool, item.sha256, tally)

    def _refused(self, locator: Locator, entry: Entry) -> tuple[Outcome | None, str]:
        """Why a member is not even opened."""
        if locator in self._poison:
            return Outcome.CRASHED, _POISONED
        if entry.problem is not None:
            return entry.problem, entry.reason
        if self._budget.exhausted:
            return Outcome.TOO_LARGE, self._budget.exhausted
        try:
            self._budget.check_member(entry.declared_size)
        except LimitError as error:
            return Outcome.TOO_LARGE, str(error)
        return None, ""

    def _spooled_member(self, locator: Locator, entry: Entry, spool: Spooled, parent: str, tally: Tally) -> Iterator[Event]:
        item = _Item(locator, spool.path, entry.name, spool.size, spool.sha256, parent)
        if spool.problem is None:
            inner = yield from self._document(item)
            if inner is not None and inner.limit is not None:
                tally.hit(inner.limit, inner.limit_reason)
            return
        tally.fail(spool.problem, spool.reason)
        yield self._found(item, self._salvage(item, spool))

    def _salvage(self, item: _Item, spool: Spooled) -> Extraction:
        """Text of the part of a damaged member that could be had; never more than `partial`."""
        problem = spool.problem or Outcome.CORRUPT
        if problem is Outcome.CORRUPT and spool.size:
            own = self._own(self._source(item))
            if own.text.strip():
                return Extraction(
                    Outcome.PARTIAL,
                    own.media_type,
                    spool.reason,
                    own.text,
                    own.metadata,
                    own.summary,
                    own.language,
                    own.tool,
                    own.fingerprint,
                )
        return Extraction(problem, detect.UNKNOWN, spool.reason)


_COMMON = (
    "application/pdf",
    "text/html",
    "text/plain",
    "message/rfc822",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
)
_SAMPLE = "Please pay to account GB33BUKB20201555555555 or call 01 23 45 67 89"
_POISONED = "reading it ended the process before; it is not tried again"


def _walk_problem(error: Exception) -> tuple[Outcome, str]:
    if isinstance(error, ProtectedError):
        return Outcome.ENCRYPTED, str(error)
    if isinstance(error, UnsupportedError):
        return Outcome.UNSUPPORTED, str(error)
    if isinstance(error, OversizeError | MemoryError):
        return Outcome.TOO_LARGE, str(error) or "its directory does not fit into memory"
    if isinstance(error, DamagedError):
        return Outcome.CORRUPT, str(error)
    return Outcome.CORRUPT, f"its directory cannot be decoded ({type(error).__name__}: {error})"


def _digest(path: Path) -> str:
    state = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            state.update(piece)
    return state.hexdigest()
