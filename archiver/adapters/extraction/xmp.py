"""XMP metadata of a PDF, under Tika's keys."""

from __future__ import annotations

from typing import Any

Metadata = dict[str, list[str]]

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_PREFIXES = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/pdf/1.3/": "xmp:pdf",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xap/1.0/rights/": "xmpRights",
    "http://www.aiim.org/pdfa/ns/id/": "pdfaid",
    "http://www.aiim.org/pdfua/ns/id/": "pdfuaid",
    "http://www.npes.org/pdfx/ns/id/": "pdfxid",
    "urn:ferd:pdfa:CrossIndustryDocument:invoice:1p0#": "zugferd",
    "urn:zugferd:pdfa:CrossIndustryDocument:invoice:2p0#": "zugferd",
    "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#": "factur-x",
}
_DATES = {"xmp:CreateDate": "dcterms:created", "xmp:ModifyDate": "dcterms:modified", "xmp:MetadataDate": ""}
_ALSO = {"xmp:pdf:Producer": "pdf:producer", "xmp:pdf:Keywords": "meta:keyword"}
_LARGEST = 8 * 1024 * 1024
_LONGEST = 20_000


def add_xmp(found: Metadata, pdf: Any) -> None:
    """Add what the document's XMP packet says; a packet that is no XML adds only that it is there."""
    import pikepdf

    stream = pdf.Root.get("/Metadata")
    found["pdf:hasXMP"] = ["true" if isinstance(stream, pikepdf.Stream) else "false"]
    if not isinstance(stream, pikepdf.Stream):
        return
    try:
        raw = stream.read_bytes()
    except (pikepdf.PdfError, RuntimeError):
        return
    if len(raw) <= _LARGEST:
        _add_packet(found, raw)


def _add_packet(found: Metadata, raw: bytes) -> None:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, remove_comments=True)
    try:
        root = etree.fromstring(raw.strip(b"\x00 \t\r\n"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return
    if root is None:
        return
    for description in root.iter(f"{_RDF}Description"):
        if description.getparent() is not None and description.getparent().tag != f"{_RDF}RDF":
            continue
        for name, value in description.attrib.items():
            _add(found, str(name), [str(value)])
        for child in description:
            if isinstance(child.tag, str):
                _add(found, child.tag, _values(child))


def _values(element: Any) -> list[str]:
    items = [item.text for item in element.iter(f"{_RDF}li") if item.text]
    return items or ([element.text] if element.text else [])


def _add(found: Metadata, tag: str, values: list[str]) -> None:
    from archiver.adapters.extraction.summary import iso_date

    space, _, local = tag[1:].partition("}")
    if space not in _PREFIXES:
        return
    key = f"{_PREFIXES[space]}:{local}"
    kept = [text[:_LONGEST] for value in values if (text := value.strip())]
    if key in _DATES:
        kept = [date for value in kept if (date := iso_date(value))]
    for name in (key, _DATES.get(key, ""), _ALSO.get(key, "")):
        if name and kept:
            known = found.setdefault(name, [])
            known.extend(value for value in kept if value not in known)
    if key == "pdfaid:part" and kept:
        found["pdfa:PDFVersion"] = [f"A-{kept[0]}"]
