"""Rows of documents and of stored bytes, out of records and originals: listed lazily, a page in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from archiver.domain import record
from archiver.domain.digest import of_bytes
from archiver.domain.document import Document
from archiver.errors import IntegrityError, NotFoundError
from archiver.ports.catalog import Catalog, Content
from archiver.ports.objects import Bucket, ObjectInfo, ObjectStore
from archiver.ports.rebuilding import RebuiltRows
from archiver.services.pages import pages
from archiver.services.rebuild.ledger import Told

PAGE = 500
THREADS = 8
RECORDS = "records/"
ORIGINALS = "originals/"


class Records:
    """Records in the store as documents."""

    def __init__(self, objects: ObjectStore, rows: RebuiltRows, told: Told) -> None:
        self._objects, self._rows, self._told = objects, rows, told

    def fill(self, first: int, tick: Callable[[int], None]) -> int:
        """Write a row for each record, numbered from `first` on in no particular order; the last number given."""
        number = first - 1
        with ThreadPoolExecutor(THREADS) as threads:
            for page in pages(self._objects.list(Bucket.LOCKED, RECORDS), PAGE):
                found = [one for one in threads.map(self._told_or_read, page) if one is not None]
                self._rows.add_documents([replace(one, sequence=number + place) for place, one in enumerate(found, 1)])
                number += len(found)
                tick(number - first + 1)
        return number

    def with_digest(self, collection: str, document_id: str, sha256: str) -> Document | None:
        """The document of that record, of whatever version has this digest; None when there is none."""
        for info in self._objects.versions(Bucket.LOCKED, record.record_key(collection, document_id)):
            try:
                document = self._read(info)
            except (IntegrityError, NotFoundError):
                continue
            if document.record_sha256 == sha256:
                return document
        return None

    def _told_or_read(self, info: ObjectInfo) -> Document | None:
        try:
            return self._read(info)
        except (IntegrityError, NotFoundError) as error:
            self._told(f"{info.ref.bucket}:{info.ref.key}", str(error))
            return None

    def _read(self, info: ObjectInfo) -> Document:
        with self._objects.open(info.ref) as stream:
            raw = stream.read()
        digest = of_bytes(raw)
        if digest != info.sha256:
            raise IntegrityError("this record is not what was stored")
        document = record.decode(raw)
        if info.ref.key != record.record_key(document.collection, document.id):
            raise IntegrityError("this record is of another document than its name says")
        return replace(document, record_sha256=digest)


def fill_contents(catalog: Catalog, objects: ObjectStore, rows: RebuiltRows, told: Told, tick: Callable[[int], None]) -> int:
    """Write where each original lies that a document refers to; how many. Of several versions the oldest that fits counts: what
    was put over it is no successor. The bytes are not read: `verify` does that."""
    seen = 0
    for page in pages(_originals(objects, told), PAGE):
        again = rows.add_contents(page)
        seen += len(page)
        for address in again:
            _prefer_oldest(catalog, objects, rows, address)
        tick(seen)
    return seen - rows.remove_unreferred()


def _originals(objects: ObjectStore, told: Told) -> Iterator[Content]:
    for info in objects.list(Bucket.LOCKED, ORIGINALS):
        content = _content(info)
        if content is None:
            told(f"{info.ref.bucket}:{info.ref.key}", "not what was stored under this name")
        else:
            yield content


def _content(info: ObjectInfo) -> Content | None:
    parts = info.ref.key.split("/")
    if len(parts) != 5 or not info.sha256 or info.sha256 != parts[4]:
        return None
    return Content(parts[1], parts[2], parts[4], info.size, info.ref)


def _prefer_oldest(catalog: Catalog, objects: ObjectStore, rows: RebuiltRows, address: tuple[str, str, str]) -> None:
    versions = objects.versions(Bucket.LOCKED, record.original_key(*address))
    fitting: Sequence[Content] = [content for info in versions if (content := _content(info))]
    known = catalog.contents([address]).get(address)
    if known and fitting and known.ref != fitting[0].ref:
        rows.replace_content(fitting[0])
