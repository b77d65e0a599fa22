"""Metadata of OpenDocument files (ODF 1.3, part 3, 4), under Tika's keys."""

from __future__ import annotations

from archiver.adapters.extraction.readers.ooxml_metadata import Metadata
from archiver.adapters.extraction.readers.safe_xml import Element

DC = "{http://purl.org/dc/elements/1.1/}"
META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"

_FIELDS = {
    f"{DC}title": ("dc:title",),
    f"{DC}subject": ("dc:subject",),
    f"{DC}description": ("dc:description",),
    f"{DC}language": ("dc:language",),
    f"{DC}date": ("dcterms:modified",),
    f"{DC}publisher": ("dc:publisher",),
    f"{META}keyword": ("meta:keyword", "dc:subject"),
    f"{META}creation-date": ("dcterms:created",),
    f"{META}print-date": ("meta:print-date",),
    f"{META}printed-by": ("meta:printed-by",),
    f"{META}generator": ("generator",),
    f"{META}editing-cycles": ("editing-cycles",),
    f"{META}editing-duration": ("extended-properties:TotalTime",),
}
_COUNTS = {
    "page-count": ("meta:page-count", "xmpTPg:NPages"),
    "table-count": ("meta:table-count",),
    "image-count": ("meta:image-count",),
    "object-count": ("meta:object-count",),
    "paragraph-count": ("meta:paragraph-count",),
    "word-count": ("meta:word-count",),
    "character-count": ("meta:character-count",),
}


def properties(root: Element) -> Metadata:
    """Everything under office:meta. Dates have no zone in this format and get none here."""
    metadata: Metadata = {}
    version = root.get(f"{OFFICE}version")
    if version:
        metadata["odf:version"] = [version]
    for element in root.iterfind(f".//{OFFICE}meta/*"):
        for key in _keys(element):
            metadata.setdefault(key, []).append("".join(element.itertext()).strip())
        if element.tag == f"{META}document-statistic":
            _add_counts(metadata, element)
    _add_authors(metadata, root)
    return {key: values for key, values in metadata.items() if any(values)}


def _keys(element: Element) -> tuple[str, ...]:
    if element.tag == f"{META}user-defined":
        return (f"custom:{element.get(f'{META}name', '')}",)
    return _FIELDS.get(element.tag, ())


def _add_counts(metadata: Metadata, statistics: Element) -> None:
    for name, keys in _COUNTS.items():
        value = statistics.get(f"{META}{name}")
        if value is not None:
            metadata |= {key: [value] for key in keys}


def _add_authors(metadata: Metadata, root: Element) -> None:
    """Who wrote it first is its creator; ODF's dc:creator is who changed it last."""
    first = [text for element in root.iterfind(f".//{OFFICE}meta/{META}initial-creator") if (text := element.text)]
    last = [text for element in root.iterfind(f".//{OFFICE}meta/{DC}creator") if (text := element.text)]
    if first or last:
        metadata["dc:creator"] = first or last
    if last:
        metadata["meta:last-author"] = last
