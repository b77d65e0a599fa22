"""Reading a document's bytes again, to their end: its own, and its container's for a member. Nothing is kept of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from archiver.domain.document import Document
from archiver.errors import IntegrityError, NotFoundError, NotPermittedError, UnreachableError
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.extraction import MemberReader
from archiver.ports.objects import ObjectRef, ObjectStore
from archiver.services.retrieve import CHUNK, Retrieve
from retention.evidence import Found, Reading, What
from retention.timestamp import timestamp

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rereading:
    """Reads originals once; a container once out of the store, and its member out of the same bytes."""

    catalog: Catalog
    objects: ObjectStore
    members: MemberReader
    clock: Clock

    def of(self, document: Document, passwords: Sequence[str] = ()) -> tuple[Reading, ...]:
        """What was found, whatever it is.

        Raises:
            UnreachableError: the catalogue does not answer.
        """
        ref = self._ref(document)
        if not document.root_id:
            return (self._reading(What.DOCUMENT, self._original(ref, document.sha256)),)
        return tuple(self._member(document, ref, passwords))

    def _ref(self, document: Document) -> ObjectRef | None:
        try:
            return Retrieve(self.catalog, self.objects, self.members).original_ref(document)
        except IntegrityError:  # the catalogue knows of no stored bytes
            return None

    def _original(self, ref: ObjectRef | None, sha256: str) -> Found:
        return self._looked(lambda: self._read(ref, sha256)) if ref else Found.GONE

    def _read(self, ref: ObjectRef, sha256: str) -> Found:
        with self.objects.open(ref) as stream:
            return _compared(iter(lambda: stream.read(CHUNK), b""), sha256)

    def _looked(self, look: Callable[[], T]) -> T | Found:
        """What the store gives, or why it does not."""
        try:
            return look()
        except NotFoundError:
            return Found.GONE
        except IntegrityError:
            return Found.OTHER
        except (UnreachableError, OSError):
            return Found.SILENT

    def _member(self, document: Document, ref: ObjectRef | None, passwords: Sequence[str]) -> Iterator[Reading]:
        container, member = self._inside(document, ref, passwords)
        yield self._reading(What.CONTAINER, container)
        if document.sha256:
            yield self._reading(What.DOCUMENT, member)

    def _inside(self, document: Document, ref: ObjectRef | None, passwords: Sequence[str]) -> tuple[Found, Found]:
        """The container's bytes, and the member's out of the same file."""
        original = self.catalog.document(document.root_id or document.id)
        path = self._local(ref)
        if ref is None or isinstance(path, Found):
            return (path if isinstance(path, Found) else Found.GONE), Found.CLOSED
        try:
            return _of_file(path, original.sha256), self._of_member(path, document, passwords)
        finally:
            self.objects.release_path(ref)

    def _local(self, ref: ObjectRef | None) -> Path | Found:
        return self._looked(lambda: self.objects.local_path(ref)) if ref else Found.GONE

    def _of_member(self, path: Path, document: Document, passwords: Sequence[str]) -> Found:
        if not document.sha256:
            return Found.CLOSED
        try:
            return _compared(self.members.open(path, document.locator, passwords), document.sha256)
        except (NotFoundError, IntegrityError, NotPermittedError):
            return Found.CLOSED
        except (UnreachableError, OSError):
            return Found.SILENT

    def _reading(self, what: What, found: Found) -> Reading:
        return Reading(what, found, timestamp(self.clock.now()))


def _of_file(path: Path, sha256: str) -> Found:
    try:
        with open(path, "rb") as stream:
            return _compared(iter(lambda: stream.read(CHUNK), b""), sha256)
    except FileNotFoundError:
        return Found.GONE
    except OSError:
        return Found.SILENT


def _compared(chunks: Iterable[bytes], sha256: str) -> Found:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return Found.SOUND if digest.hexdigest() == sha256 else Found.OTHER
