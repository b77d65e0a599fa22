"""PDF files: paragraphs, tables, embedded invoices, scans, encryption. Always the same bytes for the same input."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pikepdf
import reportlab
from pikepdf import Array, AttachedFileSpec, Dictionary, Name
from PIL import Image, ImageCms
from reportlab.lib import colors, pagesizes
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

Block = str | list[list[str]]

_FONTS = Path(reportlab.__file__).parent / "fonts"
_PLAIN = ParagraphStyle("plain", fontName="Vera", fontSize=9.5, leading=14, spaceAfter=6)
_HEAD = ParagraphStyle("head", parent=_PLAIN, fontName="VeraBd", fontSize=13, leading=18, spaceBefore=8)
_GRID = TableStyle(
    [
        ("FONT", (0, 0), (-1, -1), "Vera", 8.5),
        ("FONT", (0, 0), (-1, 0), "VeraBd", 8.5),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
        ("LINEBELOW", (0, 1), (-1, -1), 0.2, colors.grey),
    ]
)


def _fonts() -> None:
    for name in ("Vera", "VeraBd"):
        pdfmetrics.registerFont(TTFont(name, str(_FONTS / f"{name}.ttf")))


def _flow(block: Block) -> list[object]:
    if isinstance(block, list):
        return [Table(block, style=_GRID, hAlign="LEFT"), Spacer(1, 4 * mm)]
    if block == "---":
        return [PageBreak()]
    style, text = (_HEAD, block[2:]) if block.startswith("# ") else (_PLAIN, block)
    return [Paragraph(text.replace("\n", "<br/>"), style)]


def _drawn(blocks: Sequence[Block], footer: str, password: str = "") -> bytes:
    _fonts()

    def foot(page: canvas.Canvas, _: object) -> None:
        page.setFont("Vera", 7)
        page.drawString(20 * mm, 12 * mm, footer)
        page.drawRightString(190 * mm, 12 * mm, str(page.getPageNumber()))

    out = io.BytesIO()
    margins = {"leftMargin": 20 * mm, "rightMargin": 20 * mm, "topMargin": 20 * mm, "bottomMargin": 22 * mm}
    template = SimpleDocTemplate(out, pagesize=pagesizes.A4, invariant=1, encrypt=password or None, **margins)
    template.build([flow for block in blocks for flow in _flow(block)], onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def letter(
    title: str, author: str, day: datetime, blocks: Sequence[Block], footer: str = "", attachment: tuple[str, bytes] | None = None
) -> bytes:
    """A document of text and tables. Strings beginning with "# " are headings, "---" starts a page, lists are tables.

    Args:
        attachment: name and bytes of a hybrid invoice's XML: makes it a Factur-X document (PDF/A-3 claim, AFRelationship).
    """
    with pikepdf.open(io.BytesIO(_drawn(blocks, footer))) as pdf:
        stamp = day.strftime("D:%Y%m%d%H%M%S+01'00'")
        pdf.docinfo = pdf.make_indirect(Dictionary(Title=title, Author=author, CreationDate=stamp, ModDate=stamp))
        with pdf.open_metadata(set_pikepdf_as_editor=False) as xmp:
            xmp["dc:title"] = title
            xmp["dc:creator"] = [author]
            xmp["xmp:CreateDate"] = day.strftime("%Y-%m-%dT%H:%M:%S+01:00")
            if attachment:
                xmp["pdfaid:part"], xmp["pdfaid:conformance"] = "3", "B"
        if attachment:
            _make_facturx(pdf, *attachment, day)
        return _saved(pdf)


def _saved(pdf: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


def _make_facturx(pdf: pikepdf.Pdf, name: str, data: bytes, day: datetime) -> None:
    stamp = day.strftime("D:%Y%m%d%H%M%S+01'00'")
    spec = AttachedFileSpec(
        pdf, data, filename=name, description="Factur-X", mime_type="text/xml", creation_date=stamp, mod_date=stamp,
        relationship=Name.Alternative,
    )  # fmt: skip
    pdf.attachments[name] = spec
    pdf.Root.AF = Array([pdf.attachments[name].obj])
    icc = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    icc[24:36] = bytes(12)  # the profile's own date
    profile = pdf.make_stream(bytes(icc), N=3)
    intent = Dictionary(Type=Name.OutputIntent, S=Name.GTS_PDFA1, OutputConditionIdentifier="sRGB", DestOutputProfile=profile)
    pdf.Root.OutputIntents = Array([pdf.make_indirect(intent)])
    packet = bytes(pdf.Root.Metadata.read_bytes()).decode()
    pdf.Root.Metadata = pdf.make_stream(
        packet.replace("</rdf:RDF>", _FX + "</rdf:RDF>").encode(), Type=Name.Metadata, Subtype=Name.XML
    )


_FX = (
    '<rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#">'
    "<fx:DocumentType>INVOICE</fx:DocumentType><fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>"
    "<fx:Version>1.0</fx:Version><fx:ConformanceLevel>BASIC WL</fx:ConformanceLevel></rdf:Description>"
)


def encrypted(blocks: Sequence[Block], password: str) -> bytes:
    """A document that opens with `password` only (standard security handler)."""
    return _drawn(blocks, "", password)


def scanned(pages: Sequence[Image.Image]) -> bytes:
    """Pages that are images and nothing else."""
    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=pagesizes.A4, invariant=1)
    for image in pages:
        page.drawImage(ImageReader(image), 0, 0, *pagesizes.A4)
        page.showPage()
    page.save()
    return out.getvalue()
