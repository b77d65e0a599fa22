"""The frame around every OOXML reader: open, read text and metadata, and an honest outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from archiver.adapters.extraction.readers.ooxml import OfficeFile
from archiver.adapters.extraction.readers.ooxml_metadata import Metadata, properties
from archiver.adapters.extraction.readers.zip_package import BOMB_FLOOR, OversizeError, ZipPackage, opened
from archiver.adapters.extraction.source import DoubtError, Reading, Source
from archiver.domain.extraction import Outcome


def reading(
    source: Source, tool: str, pieces_of: Callable[[OfficeFile], Iterator[str]], metadata_of: Callable[[OfficeFile], Metadata]
) -> Reading:
    """One document, read by the two functions given.

    Raises:
        DoubtError: as the functions do, and when they find no text.
    """
    try:
        with opened(source.path, source.limits) as package:
            file = OfficeFile(package)
            metadata = metadata_of(file) | properties(file)
            text, whole = collected(pieces_of(file), text_limit(package))
    except OversizeError as error:
        return Reading("", {}, tool, Outcome.TOO_LARGE, str(error))
    except (RecursionError, ValueError) as error:
        raise DoubtError(f"not read: {error}") from error
    if not text.strip():
        raise DoubtError("no text found")
    if not whole:
        return Reading(text, metadata, tool, Outcome.TOO_LARGE, f"only the first {len(text)} characters were read")
    return Reading(text, metadata, tool)


def text_limit(package: ZipPackage) -> int:
    """Characters worth reading: a small file that unfolds into a huge text (one string in every cell) is a bomb too."""
    limits = package.limits
    return min(limits.text_chars, max(BOMB_FLOOR, limits.ratio * package.compressed))


def collected(pieces: Iterable[str], limit: int) -> tuple[str, bool]:
    """The pieces as one text, as far as the limit reaches, and whether that is all of them."""
    kept: list[str] = []
    room = limit
    for piece in pieces:
        if len(piece) > room:
            return "".join(kept), False
        kept.append(piece)
        room -= len(piece)
    return "".join(kept), True
