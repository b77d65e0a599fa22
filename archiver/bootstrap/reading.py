"""What reading in this process works with, from an open archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archiver.services.reading_here import ReadingParts

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive


def reading_parts(archive: Archive) -> ReadingParts:
    """Of an archive opened for writing."""
    return ReadingParts(
        archive.catalog,
        archive.objects,
        archive.index,
        archive.ledger,
        archive.clock,
        archive.placement,
        archive.pool,
        archive.texts,
        archive.keys.identifier_key(),
        own_store=not archive.settings.objects_url,
        turn=archive.retention_turn,
    )
