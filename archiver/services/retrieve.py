"""Getting documents back: by id, inside what the asker may see, with the digest checked on the way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

from archiver.domain.access import Scope
from archiver.domain.document import Document
from archiver.errors import IntegrityError, NotFoundError, UsageError
from archiver.ports.catalog import Catalog
from archiver.ports.extraction import MemberReader
from archiver.ports.objects import ObjectRef, ObjectStore

CHUNK = 1024 * 1024
SHORTEST = 6
_ID = re.compile(r"[0-9a-f-]{1,36}")


def find(catalog: Catalog, scope: Scope, given: str) -> Document:
    """The visible document of that id, or the only visible one whose id begins with `given` (6 characters or more).

    Raises:
        NotFoundError: there is none, or it may not be seen: the two are told apart by nobody.
        UsageError: it cannot be an id, or several documents begin so.
    """
    wanted = given.strip().lower()
    if not _ID.fullmatch(wanted) or len(wanted) < SHORTEST:
        raise UsageError(
            f"{given!r} is no document id",
            remedy="give an id, or its first 6 characters or more, as `minutier search` shows them",
        )
    visible = [document for document in catalog.documents(catalog.resolve(wanted, 50)).values() if scope.admits(document)]
    if not visible:
        raise NotFoundError(f"there is no document {wanted}", remedy="`minutier search` shows ids")
    if len(visible) > 1:
        raise UsageError(f"{len(visible)} documents have an id that begins with {wanted}", remedy="give more of the id")
    return visible[0]


def require_bytes(document: Document) -> None:
    """Raises NotFoundError: it is a member whose container does not give it out."""
    if document.locator and not document.sha256:
        raise NotFoundError(f"the bytes of this member could not be read: {document.reason}", remedy="get its container instead")


class Retrieve:
    """Reads originals and members."""

    def __init__(self, catalog: Catalog, objects: ObjectStore, members: MemberReader) -> None:
        self._catalog, self._objects, self._members = catalog, objects, members

    def original_ref(self, document: Document) -> ObjectRef:
        """Where the bytes lie that this document, or its outermost container, was archived with.

        Raises:
            IntegrityError: the catalogue does not know.
        """
        root = self._catalog.document(document.root_id) if document.root_id else document
        key = (root.collection, root.retention_class, root.sha256)
        content = self._catalog.contents([key]).get(key)
        if content is None:
            raise IntegrityError(f"the catalogue knows no stored bytes for document {root.id}", remedy="run `minutier verify`")
        return content.ref

    def content(self, document: Document, passwords: Sequence[str] = ()) -> Iterator[bytes]:
        """The document's plain bytes.

        Raises:
            IntegrityError: they are not the bytes that were archived; raised at the end, so that nothing is taken for whole.
            NotFoundError: a member whose bytes could never be read.
        """
        require_bytes(document)
        digest = hashlib.sha256()
        for chunk in self._chunks(document, passwords):
            digest.update(chunk)
            yield chunk
        if digest.hexdigest() != document.sha256:
            raise IntegrityError(
                f"document {document.id} is damaged: its bytes do not have the digest they were archived with",
                remedy="run `minutier verify`",
            )

    def _chunks(self, document: Document, passwords: Sequence[str]) -> Iterator[bytes]:
        ref = self.original_ref(document)
        if document.locator:
            try:
                yield from self._members.open(self._objects.local_path(ref), document.locator, passwords)
            finally:
                self._objects.release_path(ref)
            return
        with self._objects.open(ref) as stream:
            while chunk := stream.read(CHUNK):
                yield chunk
