"""What the archive still says of a destroyed document: by which purge, when, and of which class it was."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from archiver.domain.document import Document, State
from archiver.errors import DestroyedError, NotFoundError
from archiver.ports.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Destroyed:
    """`on`: the day (UTC), None while its destruction has begun and has not ended."""

    document: Document
    purge_id: str
    on: date | None

    def sentence(self) -> str:
        """For people."""
        one = self.document
        until = f", was kept until {one.retain_until}" if one.retain_until else ""
        when = f"destroyed on {self.on}" if self.on else "being destroyed"
        return f"{when} by purge {self.purge_id}; class {one.retention_class}{until}"


def destroyed(catalog: Catalog, document: Document) -> Destroyed | None:
    """What became of the document; None for one that is there."""
    if document.state is not State.DISPOSED:
        return None
    on = None
    with suppress(NotFoundError):
        item = catalog.items_of(document.purge_id, [document.id]).get(document.id)
        at = item.at if item is not None else catalog.purge(document.purge_id).ended_at
        on = at.date() if at else None
    return Destroyed(document, document.purge_id, on)


def require_there(catalog: Catalog, document: Document) -> None:
    """Raises DestroyedError: the document was destroyed, and nothing of it can be given out."""
    gone = destroyed(catalog, document)
    if gone is not None:
        raise DestroyedError(
            f"document {document.id} is not there any more: {gone.sentence()}",
            remedy=f"`minutier purge show {gone.purge_id}` says by whose decision; its certificate proves it",
        )
