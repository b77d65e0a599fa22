"""Bulk import: sources through intake and whatever reads them, in bounded memory, stoppable and resumable at any moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from archiver.domain.batch import BatchState, Line, LineState
from archiver.domain.document import Document
from archiver.errors import InterruptedRunError
from archiver.ports.catalog import Catalog, Seen
from archiver.ports.clock import Clock
from archiver.ports.objects import ObjectStore
from archiver.ports.sources import FileStamp, SourceEntry, SourceReader
from archiver.services.intake import Intake, IntakeOptions, stamp_seen
from archiver.services.patience import NONE, Patience
from archiver.services.placement import Placement

GROUP = 128
PENDING_PAGE = 64


@dataclass(slots=True)
class Progress:
    """What was done so far in this run.

    Attributes:
        lines, bytes: input lines settled, and the bytes of those that were new.
        documents: documents committed, members included.
        states: lines by what became of them at intake; outcomes: originals by how far they could be read.
    """

    lines: int = 0
    bytes: int = 0
    documents: int = 0
    waiting: int = 0
    listed: bool = False
    states: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)


class Observer(Protocol):
    """Is told how it goes; may be slow only at its own cost."""

    def progress(self, progress: Progress) -> None:
        """Called after every step."""


class Reading(Protocol):
    """What becomes of originals once they are taken in: read in this process, or by workers elsewhere."""

    def begin(self) -> None:
        """Before the first document: what earlier runs left is taken up."""

    def has_room(self, documents: Sequence[Document]) -> bool:
        """Whether these may be offered now: an import never runs further ahead than a bound."""

    def offer(self, documents: Sequence[Document], *, read_before: bool = False) -> None:
        """Take originals that were just received. `read_before`: their bytes were archived before."""

    def pump(self, seconds: float) -> None:
        """Go on, for about so long when there is nothing to do at once."""

    def finish(self) -> None:
        """Once everything is read: see to it that it is durable, searchable and entered in the ledger."""

    def leave(self) -> None:
        """The import stops here: make safe what this process has in hand."""

    @property
    def busy(self) -> int:
        """Originals offered and not done."""

    def tell(self, progress: Progress) -> None:
        """Write down how far reading has come."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What taking in works with."""

    catalog: Catalog
    objects: ObjectStore
    clock: Clock
    placement: Placement
    sources: SourceReader
    identifier_key: bytes


class Watched:
    """A `SourceReader` that looks up between two chunks: a large file must not keep a run from stopping."""

    def __init__(self, sources: SourceReader, look_up: Callable[[], None]) -> None:
        self._sources, self._look_up = sources, look_up

    def stamp(self, source: str) -> FileStamp | None:
        """See the port."""
        return self._sources.stamp(source)

    def chunks(self, source: str) -> Iterator[bytes]:
        """See the port."""
        for chunk in self._sources.chunks(source):
            yield chunk
            self._look_up()


class BulkImport:
    """One run over one batch, new or resumed."""

    def __init__(
        self,
        parts: Parts,
        reading: Reading,
        options: IntakeOptions,
        observer: Observer,
        *,
        stop: Callable[[], bool] = lambda: False,
        patience: Patience = NONE,
        alone: Callable[[], None] = lambda: None,
    ) -> None:
        """`patience`: how long to wait for a part that does not answer; `alone`: raises when another import works on the batch."""
        self._patience, self._alone = patience, alone
        self._catalog, self._reading, self._options = parts.catalog, reading, options
        self._observer, self._stop = observer, stop
        self._intake = Intake(
            parts.catalog,
            parts.objects,
            Watched(parts.sources, self._check_stop),
            parts.clock,
            parts.placement,
            parts.identifier_key,
            options,
        )
        self._progress = Progress()
        self._resumed = False

    def run(self, entries: Iterator[SourceEntry | None]) -> Progress:
        """Import everything `entries` names; None among them says that the input pauses.

        Raises:
            InterruptedRunError: stopped on request; everything taken in is safe, the rest is resumed by the batch's id.
        """
        batch = self._options.batch_id
        try:
            self._reading.begin()
            self._take_all(entries)
            self._progress.listed = True
            self._catalog.set_batch_state(batch, BatchState.RUNNING, listed=True)
            self._take_vanished()
            while self._reading.busy:
                self._pump(0.2)
        except InterruptedRunError:
            self._reading.leave()
            self._tell()
            self._catalog.set_batch_state(batch, BatchState.INTERRUPTED, listed=self._progress.listed)
            raise
        self._reading.finish()
        self._tell()
        self._catalog.set_batch_state(batch, BatchState.FINISHED, listed=True)
        return self._progress

    # -- taking in ----------------------------------------------------------------------------------------------
    def _take_all(self, entries: Iterator[SourceEntry | None]) -> None:
        number = self._catalog.last_line(self._options.batch_id) + 1
        self._resumed = number > 1
        for group in _slices(entries):
            pairs, number = self._lines(group, number, resumed=self._resumed)
            if pairs:
                self._take(pairs)
            else:
                self._pump(0)

    def _lines(self, entries: list[SourceEntry], number: int, *, resumed: bool) -> tuple[list[tuple[Line, SourceEntry]], int]:
        """Entries with their lines, without those an earlier run settled; and the next free number."""
        known = self._catalog.known_lines(self._options.batch_id, [one.source for one in entries]) if resumed else {}
        pairs = []
        for entry in entries:
            earlier = _earlier(entry, known.get(entry.source, []))
            if earlier is None:
                pairs.append((Line(entry.number or number, entry.source), entry))
                number = max(number + 1, entry.number + 1)
            elif earlier.state is LineState.PENDING:
                pairs.append((Line(earlier.number, entry.source), entry))
        return pairs, number

    def _take_vanished(self) -> None:
        """Lines that an earlier run listed and this one did not meet again: tried by name."""
        after = 0
        while self._resumed and (lines := self._catalog.pending_lines(self._options.batch_id, after, PENDING_PAGE)):
            self._take([(line, SourceEntry(line.source)) for line in lines])
            after = lines[-1].number

    def _take(self, group: list[tuple[Line, SourceEntry]]) -> None:
        self._check_stop()
        documents, lines = self._patience.run(lambda: self._take_alone(group))
        for line in lines:
            self._progress.states[line.state.value] = self._progress.states.get(line.state.value, 0) + 1
        self._progress.lines += len(lines)
        self._progress.bytes += sum(document.size for document in documents)
        copies = {line.document_id for line in lines if line.state is LineState.DUPLICATE}
        self._offer([document for document in documents if document.id not in copies])
        self._offer([document for document in documents if document.id in copies], read_before=True)

    def _take_alone(self, group: list[tuple[Line, SourceEntry]]) -> tuple[list[Document], list[Line]]:
        self._alone()
        return self._intake.take(group)

    # -- what follows -------------------------------------------------------------------------------------------
    def _offer(self, documents: list[Document], *, read_before: bool = False) -> None:
        while not self._reading.has_room(documents):
            self._pump(0.1)
        self._reading.offer(documents, read_before=read_before)
        self._pump(0)

    def _pump(self, seconds: float) -> None:
        self._check_stop()
        self._reading.pump(seconds)
        self._tell()

    def _tell(self) -> None:
        self._reading.tell(self._progress)
        self._observer.progress(self._progress)

    def _check_stop(self) -> None:
        if self._stop():
            raise stopped(self._options.batch_id)


def stopped(batch_id: str) -> InterruptedRunError:
    """What says that an import was stopped on request, and how to go on."""
    return InterruptedRunError(
        f"stopped; what was taken in is safe (batch {batch_id})", remedy=f"minutier batch resume {batch_id}"
    )


def _earlier(entry: SourceEntry, known: list[Line]) -> Line | None:
    """The line this entry had in an earlier run: in a list by its number, in a walk by how often it was met."""
    if entry.number:
        return next((line for line in known if line.number == entry.number), None)
    return known[entry.occurrence] if entry.occurrence < len(known) else None


def _slices(entries: Iterator[SourceEntry | None], count: int = GROUP) -> Iterator[list[SourceEntry]]:
    """Entries in groups: the disk is asked to be durable once for each. Where the input pauses (None), what there is."""
    group: list[SourceEntry] = []
    for entry in entries:
        if entry is not None:
            group.append(entry)
        if len(group) == count or entry is None:
            yield group
            group = []
    if group:
        yield group


def preview(catalog: Catalog, entries: Iterable[SourceEntry | None], collection: str) -> dict[str, int]:
    """What an import would meet, without reading a byte: lines that are new or touched, untouched, skipped, failed; and bytes."""
    found = {"new or touched": 0, "not touched": 0, "skipped": 0, "failed": 0, "bytes": 0}
    for group in _slices(iter(entries), 500):
        for entry, seen in _with_seen(catalog, group, collection):
            if entry.problem:
                found["skipped" if entry.skip else "failed"] += 1
            elif seen and entry.stamp == stamp_seen(seen):
                found["not touched"] += 1
            else:
                found["new or touched"] += 1
                found["bytes"] += entry.stamp.size if entry.stamp else 0
    return found


def _with_seen(catalog: Catalog, group: list[SourceEntry], collection: str) -> Iterator[tuple[SourceEntry, Seen | None]]:
    by_collection: dict[str, list[SourceEntry]] = {}
    for entry in group:
        by_collection.setdefault(entry.collection or collection, []).append(entry)
    for name, entries in by_collection.items():
        known = catalog.seen(name, [entry.source for entry in entries])
        yield from ((entry, known.get(entry.source)) for entry in entries)
