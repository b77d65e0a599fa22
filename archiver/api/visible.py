"""A document by its id, as far as the caller may see it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import Path

from archiver.domain.access import Scope
from archiver.errors import NotFoundError
from archiver.services.destroyed import require_there

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive
    from archiver.domain.document import Document

DocumentPath = Annotated[str, Path(description="A document's id.", max_length=100)]

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def visible(archive: Archive, scope: Scope, given: str) -> Document:
    """The document with this id, destroyed or not.

    Raises:
        NotFoundError: there is none, or it may not be seen. Both are told in the same words, after the same look-up.
    """
    found = archive.catalog.documents([_canonical(given)])
    document = next(iter(found.values()), None)
    if document is None or not scope.admits(document):
        raise NotFoundError("there is no such document", remedy="search tells the ids of those you may see")
    return document


def there(archive: Archive, scope: Scope, given: str) -> Document:
    """`visible`, and still in the archive.

    Raises:
        NotFoundError: as `visible`.
        DestroyedError: a purge has destroyed it.
    """
    document = visible(archive, scope, given)
    require_there(archive.catalog, document)
    return document


def _canonical(given: str) -> str:
    """What is no id is looked up as one that nobody has."""
    return given.lower() if _ID.fullmatch(given) else str(UUID(int=0))
