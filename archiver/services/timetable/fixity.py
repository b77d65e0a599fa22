"""Fixity: a share of everything stored is read back each time, so that all of it is within a period.

Documents come up in the order of their catalogue sequence; how far the round has come is a mark. What is not as it was written
is entered in the custody ledger, and so is each share.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import takewhile

from archiver.domain.document import Document, State
from archiver.domain.ledger import LedgerEvent
from archiver.domain.record import record_key
from archiver.errors import IntegrityError, NotFoundError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import Bucket, ObjectRef, ObjectStore
from archiver.services.pages import pages

FIXITY = "fixity"
"""Kind of the ledger entries that something stored is not as it was written, and that a share was read back."""
MARK = "fixity"
PAGE = 200
READ = 1024 * 1024
THREADS = 4
DAMAGED, GONE = "damaged", "gone"
TOLD = 100
"""Findings named in an answer; the ledger has all."""


@dataclass(frozen=True, slots=True)
class Round:
    """How far a round has come: up to which sequence; when it began, and when its last share was read."""

    cursor: int
    began: datetime
    last: datetime | None = None

    def end_of_share(self, top: int, now: datetime, period: timedelta, every: timedelta) -> int:
        """Up to which sequence to read now, so that the round ends a period after it began."""
        step = now - self.last if self.last else every
        left = max(self.began + period - now, timedelta(0))
        part = min(1.0, step / (left + step)) if left + step else 1.0
        return self.cursor + -int(-(top - self.cursor) * part // 1)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something of a document that is not as it was written. `what`: original, record or text; `found`: damaged or gone."""

    document_id: str
    what: str
    found: str


@dataclass(slots=True)
class Share:
    """What was read back.

    Attributes:
        behind: the bound on bytes ended it before all that was to be read now.
        complete: the round has come to its end with it.
        flaws: the first `TOLD`; `flawed` counts all.
    """

    documents: int = 0
    objects: int = 0
    bytes: int = 0
    flawed: int = 0
    flaws: list[Flaw] = field(default_factory=list)
    behind: bool = False
    complete: bool = False


@dataclass(frozen=True, slots=True)
class _Task:
    document: Document
    what: str
    ref: ObjectRef | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Fixity:
    """Reads back originals, records and texts. One at a time; cut off anywhere, the next run goes on.

    Args:
        period: within which everything is to be read; every: how often a share is.
        limit: bytes after which a share ends.
        tick: called after each page; may raise to stop.
    """

    catalog: Catalog
    objects: ObjectStore
    ledger: LedgerRows
    clock: Clock
    period: timedelta
    every: timedelta
    limit: int
    tick: Callable[[], None] = lambda: None

    def run(self) -> Share:
        """Read the share that is due now.

        Raises:
            UnreachableError: the store does not answer; what was read stands.
        """
        now, share = self.clock.now(), Share()
        here = self._to_first(self._round(now))
        top = self.catalog.top_sequence()
        end = here.end_of_share(top, now, self.period, self.every)
        seen: set[ObjectRef] = set()
        with ThreadPoolExecutor(THREADS) as threads:
            for page in pages(self._documents(here.cursor, end), PAGE):
                self._enter(self._flaws(page, seen, share, threads), share)
                here = replace(here, cursor=page[-1].sequence)
                self._keep(here)
                self.tick()
                if share.bytes >= self.limit:
                    share.behind = here.cursor < end
                    break
        if not share.behind:
            here = replace(here, cursor=end)
        share.complete = here.cursor >= top
        details = {"documents": share.documents, "bytes": share.bytes, "findings": share.flawed, "up_to": here.cursor}
        self.ledger.enter([LedgerEvent(FIXITY, "", self.clock.now(), details)])
        self._keep(Round(0, now) if share.complete else replace(here, last=now))
        return share

    # -- how far ------------------------------------------------------------------------------------------------
    def _round(self, now: datetime) -> Round:
        said = self.catalog.get_mark(MARK)
        if not said:
            return Round(0, now)
        found = json.loads(said)
        last = datetime.fromisoformat(found["last"]) if found["last"] else None
        return Round(int(found["cursor"]), min(datetime.fromisoformat(found["began"]), now), last)

    def _to_first(self, here: Round) -> Round:
        """Numbers that no document has any more are no part of what is to be read."""
        first = next(iter(self.catalog.changed_since(here.cursor)), None)
        return here if first is None else replace(here, cursor=max(here.cursor, first.sequence - 1))

    def _keep(self, here: Round) -> None:
        said = {"cursor": here.cursor, "began": here.began.isoformat(), "last": here.last.isoformat() if here.last else ""}
        self.catalog.set_mark(MARK, json.dumps(said))

    def _documents(self, after: int, end: int) -> Iterator[Document]:
        return takewhile(lambda one: one.sequence <= end, self.catalog.changed_since(after))

    # -- reading ------------------------------------------------------------------------------------------------
    def _flaws(self, page: Sequence[Document], seen: set[ObjectRef], share: Share, threads: ThreadPoolExecutor) -> list[Flaw]:
        there = [one for one in page if one.state is not State.DISPOSED]
        tasks = [task for task in self._tasks(there) if task.ref not in seen]
        share.documents += len(there)
        if len(seen) > PAGE * 50:  # copies mostly arrive together; the others are read once more
            seen.clear()
        seen.update(task.ref for task in tasks if task.ref)
        found = []
        for task, (wrong, size) in zip(tasks, threads.map(self._read, tasks), strict=True):
            share.objects += 1
            share.bytes += size
            if wrong:
                found.append((task.document, Flaw(task.document.id, task.what, wrong)))
        return self._still_so(found)

    def _tasks(self, documents: Sequence[Document]) -> Iterable[_Task]:
        originals = [one for one in documents if not one.root_id]
        contents = self.catalog.contents(sorted({_key(one) for one in originals}))
        for one in originals:
            content = contents.get(_key(one))
            yield _Task(one, "original", content.ref if content else None, one.sha256)
        archived = [one for one in documents if one.state is not State.RECEIVED]
        records = {one.id: (Bucket.LOCKED, record_key(one.collection, one.id)) for one in archived}
        texts = {one.id: (Bucket.DELETABLE, one.text_key) for one in archived if one.text_key}
        versions = self.objects.versions_of(list(dict.fromkeys([*records.values(), *texts.values()])))
        for one in archived:
            first = next((info for info in versions[records[one.id]] if info.sha256), None)
            yield _Task(one, "record", first.ref if first else None, one.record_sha256)
            if one.text_key:
                text = next((info for info in versions[texts[one.id]] if info.sha256), None)
                yield _Task(one, "text", text.ref if text else None, text.sha256 if text else "")

    def _read(self, task: _Task) -> tuple[str, int]:
        """What is wrong, "" when nothing is, and the bytes that were read."""
        if task.ref is None:
            return GONE, 0
        digest, size = hashlib.sha256(), 0
        try:
            with self.objects.open(task.ref) as stream:
                while chunk := stream.read(READ):
                    digest.update(chunk)
                    size += len(chunk)
        except NotFoundError:
            return GONE, size
        except IntegrityError:
            return DAMAGED, size
        return ("" if digest.hexdigest() == task.sha256 else DAMAGED), size

    def _still_so(self, found: Sequence[tuple[Document, Flaw]]) -> list[Flaw]:
        """Without documents that were changed or destroyed while they were looked at: those come up again."""
        now = self.catalog.documents([document.id for document, _ in found])
        return [flaw for one, flaw in found if one.id in now and now[one.id].sequence == one.sequence]

    def _enter(self, flaws: Sequence[Flaw], share: Share) -> None:
        now = self.clock.now()
        self.ledger.enter([LedgerEvent(FIXITY, one.document_id, now, {"what": one.what, "found": one.found}) for one in flaws])
        share.flawed += len(flaws)
        share.flaws += flaws[: max(0, TOLD - len(share.flaws))]


def _key(document: Document) -> tuple[str, str, str]:
    return document.collection, document.retention_class, document.sha256
