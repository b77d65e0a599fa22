"""Small office files, made part by part, so that a test shows exactly what its reader meets."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from archiver.adapters.extraction.source import Source
from archiver.domain.extraction import Limits

_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:s="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)
ODF_NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "text", "table", "style", "meta", "presentation", "form")
) + (
    ' xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
    ' xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"'
)

Parts = dict[str, str | bytes]


def relations(*items: tuple[str, str, str]) -> str:
    """A relationships part from (id, kind, target)."""
    return f'<Relationships xmlns="{_RELATIONS}">' + "".join(_relation(*item) for item in items) + "</Relationships>"


def _relation(key: str, kind: str, target: str) -> str:
    outside = ' TargetMode="External"' if "://" in target else ""
    return f'<Relationship Id="{key}" Type="{_KIND}{kind}" Target="{target}"{outside}/>'


def element(tag: str, content: str) -> str:
    """A root element with the namespaces the parts use."""
    return f"<{tag} {NAMESPACES}>{content}</{tag}>"


def word(body: str, *links: tuple[str, str, str], **parts: str | bytes) -> Parts:
    """A Word document; `parts` are named without their folder, dots as double underscores."""
    return {
        "_rels/.rels": relations(("m", "officeDocument", "word/document.xml")),
        "word/document.xml": element("w:document", f"<w:body>{body}</w:body>"),
        "word/_rels/document.xml.rels": relations(*links),
    } | {f"word/{name.replace('__', '.')}": content for name, content in parts.items()}


def paragraph(text: str, properties: str = "") -> str:
    """A paragraph of one run."""
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def workbook(rows: str, styles: str = "", after: str = "", strings: str = "") -> Parts:
    """A workbook of one sheet named "Ventes"."""
    return {
        "_rels/.rels": relations(("m", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": element("s:workbook", '<s:sheets><s:sheet name="Ventes" r:id="a"/></s:sheets>'),
        "xl/_rels/workbook.xml.rels": relations(
            ("a", "worksheet", "worksheets/sheet1.xml"), ("b", "styles", "styles.xml"), ("c", "sharedStrings", "strings.xml")
        ),
        "xl/worksheets/sheet1.xml": element("s:worksheet", f"<s:sheetData>{rows}</s:sheetData>{after}"),
        "xl/styles.xml": element("s:styleSheet", styles),
        "xl/strings.xml": element("s:sst", strings),
    }


def unprefixed(parts: Parts) -> Parts:
    """The same workbook with the spelling of most programs: the namespace of cells and strings is the default one."""
    told = {}
    for name in ("xl/worksheets/sheet1.xml", "xl/strings.xml"):
        told[name] = str(parts[name]).replace("<s:", "<").replace("</s:", "</").replace("xmlns:s=", "xmlns=")
    return parts | told


def open_document(content: str, styles: str = "", **parts: str | bytes) -> Parts:
    """An OpenDocument file of this body and these master styles."""
    return {
        "content.xml": f"<office:document-content {ODF_NAMESPACES}><office:body>{content}</office:body>"
        "</office:document-content>",
        "styles.xml": f"<office:document-styles {ODF_NAMESPACES}><office:master-styles>{styles}</office:master-styles>"
        "</office:document-styles>",
    } | {name.replace("__", "."): part for name, part in parts.items()}


def zipped(parts: Parts) -> bytes:
    """The parts as a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def source(folder: Path, parts: Parts | bytes, limits: Limits | None = None, passwords: tuple[str, ...] = ()) -> Source:
    """The parts as a file to read."""
    path = folder / "document"
    data = parts if isinstance(parts, bytes) else zipped(parts)
    path.write_bytes(data)
    return Source(path, path.name, len(data), "", limits or Limits(), passwords)
