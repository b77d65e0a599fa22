"""Extraction: hands waiting originals to the pool and turns what comes back into archived documents.

Attempts are counted in the catalogue before a child sees a document. A member that ended a child is not opened again;
an original that ended three is quarantined with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from archiver.domain.document import Document, State
from archiver.domain.extraction import Died, Event, Extraction, ExtractionTask, Finished, Found, Locator, Outcome, Unreachable
from archiver.domain.identifiers import DocumentId, document_id
from archiver.ports.catalog import Catalog
from archiver.ports.extraction import ExtractionPool
from archiver.ports.objects import ObjectRef, ObjectStore
from archiver.services.texts import ending

CHUNK_FILES = 16
CHUNK_BYTES = 32 * 1024 * 1024
IN_FLIGHT = 512
DEATHS = 3
"""Children an original may end in one run before it is given up."""
MEMBER_DEATHS = 2
"""Children a member may end before it is left out: one may have been killed by somebody else, out of memory or by hand."""
POISON = 100
"""Members of one original that are left out because each ended a child."""


@dataclass(frozen=True, slots=True)
class Result:
    """One document (original or member) and what was read from it."""

    document: Document
    extraction: Extraction


class Sink(Protocol):
    """Where results go."""

    def add(self, result: Result) -> None:
        """Take one result; it becomes durable at the sink's own pace."""


@dataclass(slots=True)
class _Job:
    """One original in flight. `poison`: members that ended a child, and how; `read`: its own result is in; `ref`, `path`: its
    bytes, once they were asked for."""

    document: Document
    ref: ObjectRef | None = None
    path: Path | None = None
    poison: dict[Locator, Died] = field(default_factory=dict)
    deaths: Counter[Locator] = field(default_factory=Counter)
    attempts: int = 1
    read: bool = False


def _content(document: Document) -> tuple[str, str, str]:
    """What is read once: the same bytes under names that end alike, in one collection."""
    return document.collection, document.sha256, ending(document.name)


class Extract:
    """Keeps the pool busy with a bounded number of documents.

    Attributes:
        lost: originals that were let go since their bytes are gone from the store.
        postponed, unreachable: originals that were let go since a server that reads does not answer, and what it said.
    """

    def __init__(
        self,
        catalog: Catalog,
        objects: ObjectStore,
        pool: ExtractionPool,
        identifier_key: bytes,
        sink: Sink,
        *,
        passwords: Sequence[str] = (),
        reuse: Callable[[Sequence[Document]], Mapping[str, Extraction]] = lambda _documents: {},
    ) -> None:
        self._catalog, self._objects, self._pool, self._sink = catalog, objects, pool, sink
        self._identifier_key, self._passwords, self._reuse = identifier_key, tuple(passwords), reuse
        self._jobs: dict[str, _Job] = {}
        self._reading: dict[tuple[str, str, str], list[Document]] = {}
        self._followers = 0
        self.lost: list[Document] = []
        self.postponed: list[Document] = []
        self.unreachable = ""

    @property
    def room(self) -> int:
        """How many more documents may be offered now."""
        return IN_FLIGHT - len(self._jobs) - self._followers

    @property
    def busy(self) -> int:
        """Originals in flight."""
        return len(self._jobs)

    def offer(self, documents: Iterable[Document], *, read_before: bool = False) -> None:
        """Queue received originals. The same bytes in flight twice, under names that end alike, are read once.

        Args:
            read_before: their bytes were archived before, so that a stored text may serve.
        """
        offered = [replace(one, state=State.RECEIVED) for one in documents if one.id not in self._jobs]
        known = self._reuse(offered) if read_before and offered else {}
        fresh = []
        for document in offered:
            if document.id in known:
                self._sink.add(Result(document, known[document.id]))
                continue
            content = _content(document)
            if content in self._reading:
                self._reading[content].append(document)
                self._followers += 1
                continue
            self._reading[content] = []
            fresh.append(document)
        self._submit(fresh)

    def pump(self, seconds: float) -> int:
        """Handle what the children have to say, waiting at most `seconds`; returns the number of events."""
        events = self._pool.poll(seconds)
        for event in events:
            self._handle(event)
        return len(events)

    def _followers_of(self, document: Document) -> list[Document]:
        """Those that waited for the reading of this one; they wait no longer."""
        followers = self._reading.pop(_content(document), [])
        self._followers -= len(followers)
        return followers

    def _submit(self, documents: list[Document]) -> None:
        if documents:
            self._catalog.begin_attempt([document.id for document in documents])
        for chunk in chunks(documents):
            for document in chunk:
                self._jobs[document.id] = _Job(document, attempts=document.attempts + 1)
            self._pool.submit(self._tasks([self._jobs[document.id] for document in chunk]))

    def _tasks(self, jobs: list[_Job]) -> list[ExtractionTask]:
        """Tasks for these jobs. One whose bytes are gone from the store is let go: it stays received, `verify` tells why."""
        self._fetch([job for job in jobs if job.path is None])
        tasks = []
        for job in jobs:
            if job.path is not None:
                document = job.document
                task = ExtractionTask(document.id, job.path, document.name, document.size, self._passwords, tuple(job.poison))
                tasks.append(task)
                continue
            self._let_go(job)
            self.lost.append(job.document)
            self._submit(self._followers_of(job.document))
        return tasks

    def _fetch(self, jobs: list[_Job]) -> None:
        """Local files for those whose bytes are there."""
        keys = [(job.document.collection, job.document.retention_class, job.document.sha256) for job in jobs]
        contents = self._catalog.contents(keys)
        paths = self._objects.local_paths([contents[key].ref for key in keys if key in contents])
        for job, key in zip(jobs, keys, strict=True):
            if key in contents and contents[key].ref in paths:
                job.ref = contents[key].ref
                job.path = paths[job.ref]

    def abandon(self) -> None:
        """Let go of everything in flight: it is read again by somebody, some time."""
        for job in list(self._jobs.values()):
            self._let_go(job)

    def _let_go(self, job: _Job) -> None:
        if self._jobs.pop(job.document.id, None) is not None and job.ref is not None:
            self._objects.release_path(job.ref)

    # -- events -------------------------------------------------------------------------------------------------
    def _handle(self, event: Event) -> None:
        job = self._jobs.get(event.document_id)
        if job is None:
            return
        if isinstance(event, Found):
            self._found(job, event)
        elif isinstance(event, Finished):
            self._finish(job)
        elif isinstance(event, Died):
            self._died(job, event)
        elif isinstance(event, Unreachable):
            self._postpone(job, event)

    def _found(self, job: _Job, found: Found) -> None:
        if found.locator:
            self._sink.add(Result(self._member(job.document, found), _told_as(found.extraction, job.poison.get(found.locator))))
            return
        job.read = True
        document = replace(job.document, members=found.expected, members_failed=found.failed, attempts=job.attempts)
        self._sink.add(Result(document, found.extraction))
        self._share(job.document, found)

    def _share(self, document: Document, found: Found) -> None:
        """Other documents with the same bytes that waited; those of a container are walked on their own, for their members."""
        waiting = self._followers_of(document)
        if found.expected:
            self._submit(waiting)
            return
        for other in waiting:
            self._sink.add(Result(other, found.extraction))

    def _finish(self, job: _Job) -> None:
        if not job.read:
            self._give_up(job, Died(job.document.id, (), Outcome.CRASHED, "reading it ended without a result"))
        self._let_go(job)

    def _postpone(self, job: _Job, event: Unreachable) -> None:
        self._let_go(job)
        self.postponed += [job.document, *self._followers_of(job.document)]
        self.unreachable = event.detail

    def _died(self, job: _Job, died: Died) -> None:
        if job.read:  # it was on its way to the next one
            self._let_go(job)
            return
        member = died.locator if died.locator not in job.poison else ()
        job.deaths[member] += 1
        if died.cause is Outcome.TIMEOUT or job.deaths[member] >= (MEMBER_DEATHS if member else DEATHS):
            if not member or len(job.poison) >= POISON:
                self._give_up(job, died)
                return
            job.poison[member] = died
        self._catalog.begin_attempt([job.document.id])
        job.attempts += 1
        self._pool.submit(self._tasks([job]))

    def _give_up(self, job: _Job, died: Died) -> None:
        state = State.ARCHIVED if died.cause is Outcome.TIMEOUT else State.QUARANTINED
        extraction = Extraction(
            died.cause, "application/octet-stream", reason=died.detail or f"reading it ended its process ({died.cause})"
        )
        self._let_go(job)
        for document in [job.document, *self._followers_of(job.document)]:
            self._sink.add(Result(replace(document, state=state, attempts=job.attempts), extraction))

    # -- members ------------------------------------------------------------------------------------------------
    def _member(self, original: Document, found: Found) -> Document:
        nested = len(found.locator) > 1
        names = [step.name or f"#{step.index + 1}" for step in found.locator]
        return replace(
            original,
            id=self._member_id(original, found.locator),
            source="!/".join([original.source, *names]),
            name=names[-1].replace("\\", "/").rsplit("/", 1)[-1] or names[-1],
            sha256=found.sha256,
            size=found.size,
            state=State.RECEIVED,
            locator=found.locator,
            parent_id=self._member_id(original, found.locator[:-1]) if nested else original.id,
            root_id=original.id,
            members=found.expected,
            members_failed=found.failed,
            attempts=0,
        )

    def _member_id(self, original: Document, locator: Locator) -> DocumentId:
        """By the original's bytes and the place in them: the same whether or not the member can be read today."""
        place = "\0".join([original.source, *(f"{step.kind}:{step.index}:{step.name}" for step in locator)])
        return document_id(self._identifier_key, original.collection, place, original.sha256, original.life)


def _told_as(extraction: Extraction, died: Died | None) -> Extraction:
    """Of a member that is left out because it ended a child: how it did."""
    return replace(extraction, outcome=died.cause, reason=died.detail or extraction.reason) if died else extraction


def chunks(documents: Iterable[Document]) -> Iterable[list[Document]]:
    """Documents in chunks of at most `CHUNK_FILES` files and about `CHUNK_BYTES` bytes."""
    chunk: list[Document] = []
    size = 0
    for document in documents:
        if chunk and (len(chunk) >= CHUNK_FILES or size + document.size > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(document)
        size += document.size
    if chunk:
        yield chunk
