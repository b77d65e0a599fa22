"""Every stored byte against the digest it was confirmed with and the name it lies under; and that nobody else's lie there."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from archiver.domain import record
from archiver.domain.display import safe_name
from archiver.domain.document import State
from archiver.errors import IntegrityError, MinutierError, NotFoundError
from archiver.ports.catalog import Catalog
from archiver.ports.objects import Bucket, ObjectInfo, ObjectStore
from archiver.services.pages import pages
from archiver.services.verify.verification import PAGE, Verification, place

READ = 1024 * 1024
THREADS = 4
_TOLD = 3


class StoredBytes:
    """Reads both buckets back; the ledger's and the records' own checks read theirs."""

    def __init__(
        self, catalog: Catalog, objects: ObjectStore, result: Verification, tick: Callable[[Verification], None]
    ) -> None:
        self._catalog, self._objects, self.result, self._tick = catalog, objects, result, tick

    def check(self) -> None:
        """Every object."""
        with ThreadPoolExecutor(THREADS) as threads:
            waiting: deque[Future[list[tuple[ObjectInfo, str]]]] = deque()
            for page in pages(self._known_objects(), 64):
                waiting.append(threads.submit(self._digests, page))
                if len(waiting) > THREADS * 2:
                    self._judge(waiting.popleft().result())
            while waiting:
                self._judge(waiting.popleft().result())

    def _known_objects(self) -> Iterator[ObjectInfo]:
        for bucket in Bucket:
            for page in pages(self._objects.list(bucket), PAGE):
                self._find_strangers(page)
                yield from (info for info in page if info.sha256 and not info.ref.key.startswith(("ledger/", "records/")))

    def _find_strangers(self, page: list[ObjectInfo]) -> None:
        """Files nobody wrote, and objects the catalogue does not know."""
        originals = {}
        documents = {}
        for info in page:
            if not info.sha256:
                self.result.add(place(info), "not what was stored here: never written by this archive, replaced, or cut")
            elif info.ref.key.startswith("originals/") and not info.intake:
                _, collection, retention_class, _, sha256 = info.ref.key.split("/")
                originals[collection, retention_class, sha256] = info
            elif info.ref.key.startswith("records/"):
                documents[info.ref.key.rsplit("/", 1)[1].removesuffix(".json")] = info
        for key in originals.keys() - self._catalog.contents(list(originals)).keys():
            self.result.add(place(originals[key]), "the catalogue does not know these stored bytes")
        unknown = documents.keys() - self._catalog.documents(list(documents)).keys()
        for one in unknown - self._in_hand({one: documents[one] for one in unknown}):
            self.result.add(place(documents[one]), "the catalogue does not know this record's document")

    def _in_hand(self, records: dict[str, ObjectInfo]) -> set[str]:
        """Members whose record was written and whose row was not yet: their original is still received, by an import that
        runs or was cut off, or was written meanwhile and they with it."""
        roots = {}
        for document_id, info in records.items():
            with suppress(IntegrityError, NotFoundError), self._objects.open(info.ref) as stream:
                roots[document_id] = record.decode(stream.read()).root_id or document_id
        rows = self._catalog.documents(list(roots.values()))
        waiting = {one for one, root in roots.items() if root in rows and rows[root].state is State.RECEIVED}
        return waiting | self._catalog.documents(list(records)).keys()

    def _digests(self, page: list[ObjectInfo]) -> list[tuple[ObjectInfo, str]]:
        """Each object with what is wrong with its bytes, "" when nothing is."""
        return [(info, self._wrong(info)) for info in page]

    def _wrong(self, info: ObjectInfo) -> str:
        try:
            digest = hashlib.sha256()
            with self._objects.open(info.ref) as stream:
                while chunk := stream.read(READ):
                    digest.update(chunk)
        except MinutierError as error:
            return str(error)
        found = digest.hexdigest()
        if found != info.sha256:
            return f"damaged: its digest is {found[:16]}…, {info.sha256[:16]}… was stored"
        named = info.ref.key.rsplit("/", 1)[1][:64]
        if info.ref.key.startswith("originals/") and named != found:
            return "holds other bytes than its name says"
        return ""

    def _judge(self, checked: list[tuple[ObjectInfo, str]]) -> None:
        for info, wrong in checked:
            self.result.count(f"{info.ref.key.split('/', 1)[0]} read back")
            self.result.count("bytes read back", info.size)
            if wrong:
                self.result.add(place(info), wrong + self._whose(info))
        self._tick(self.result)

    def _whose(self, info: ObjectInfo) -> str:
        """Which documents an original's bytes are, for whoever has to find another copy."""
        if not info.ref.key.startswith("originals/"):
            return ""
        _, collection, retention_class, _, sha256 = info.ref.key.split("/")
        key = (collection, retention_class, sha256)
        content = self._catalog.contents([key]).get(key)
        found = self._catalog.referrers(content) if content else []
        told = "".join(f"; it is document {one.id}, {safe_name(one.source)}" for one in found[:_TOLD])
        return told + (f", and {len(found) - _TOLD} more" if len(found) > _TOLD else "")
