"""Drawings of Visio 2013 and later (.vsdx, .vsdm): page names, text of shapes, shape data, comments."""

from __future__ import annotations

from collections.abc import Iterator

from archiver.adapters.extraction.readers.office_reading import reading
from archiver.adapters.extraction.readers.ooxml import OfficeFile
from archiver.adapters.extraction.readers.ooxml_metadata import Metadata
from archiver.adapters.extraction.readers.safe_xml import Element
from archiver.adapters.extraction.source import DoubtError, Reading, Source

TOOL = "visio"
_V = "{http://schemas.microsoft.com/office/visio/2012/main}"


def read(source: Source) -> Reading:
    """Text and metadata.

    Raises:
        DoubtError: the package is damaged, its pages are not where they are listed, or it has no text.
    """
    return reading(source, TOOL, _pieces, _metadata)


def _metadata(file: OfficeFile) -> Metadata:
    return {"xmpTPg:NPages": [str(len(_pages(file)))]}


def _related(file: OfficeFile, kind: str) -> list[str]:
    """Parts that the drawing itself points to."""
    return [part for drawing in file.related("", "document") for part in file.related(drawing, kind)]


def _pages(file: OfficeFile) -> list[str]:
    listings = _related(file, "pages")
    pages = [page for listing in listings for page in file.related(listing, "page")]
    if not pages or any(page not in file.package for page in pages):
        raise DoubtError("its pages are not where they are listed")
    return pages


def _pieces(file: OfficeFile) -> Iterator[str]:
    for listing in _related(file, "pages"):
        for page in file.tree(listing).iterfind(f"{_V}Page"):
            yield f"{page.get('Name', '')}\n"
    for page_part in _pages(file):
        yield from _shapes(file.tree(page_part))
    for comments in _related(file, "comments"):
        for entry in file.tree(comments).iter(f"{_V}CommentEntry"):
            yield f"{''.join(entry.itertext())}\n"


def _shapes(page: Element) -> Iterator[str]:
    """What is written in each shape, then what is known of it."""
    for shape in page.iter(f"{_V}Shape"):
        written = shape.find(f"{_V}Text")
        if written is not None and (text := "".join(written.itertext()).strip()):
            yield f"{text}\n"
        for section in shape.iterfind(f"{_V}Section[@N='Property']"):
            for cell in section.iter(f"{_V}Cell"):
                if cell.get("N") in ("Label", "Value") and cell.get("U", "STR") == "STR" and cell.get("V"):
                    yield f"{cell.get('V')}\n"
