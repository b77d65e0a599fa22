"""Office Open XML, OpenDocument and RTF files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from xml.sax.saxutils import escape

import docx
import pptx
import xlsxwriter
from docx.document import Document as Word

_EPOCH = (2020, 1, 1, 0, 0, 0)


def repacked(data: bytes) -> bytes:
    """The same package with fixed time stamps, so that the same input gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(zipfile.ZipInfo(info.filename, _EPOCH), old.read(info), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def word(
    title: str,
    author: str,
    day: datetime,
    paragraphs: Sequence[str],
    *,
    header: str = "",
    footer: str = "",
    comments: Sequence[tuple[int, str, str]] = (),
    table: Sequence[Sequence[str]] = (),
    finish: Callable[[Word], None] | None = None,
) -> bytes:
    """A Word document.

    Args:
        comments: (number of the paragraph, author, text).
        finish: what else to do to it.
    """
    document = docx.Document()
    properties = document.core_properties
    properties.title, properties.author, properties.last_modified_by = title, author, author
    properties.created = properties.modified = day
    properties.comments = ""
    document.sections[0].header.paragraphs[0].text = header
    document.sections[0].footer.paragraphs[0].text = footer
    document.add_heading(title, 1)
    written = [_paragraph(document, text) for text in paragraphs]
    for number, who, text in comments:
        comment = document.add_comment(written[number].runs, text=text, author=who, initials=who[:2])
        comment._comment_elm.date = day  # the library stamps the hour it runs
    if table:
        grid = document.add_table(len(table), len(table[0]))
        for row, cells in zip(grid.rows, table, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    if finish:
        finish(document)
    out = io.BytesIO()
    document.save(out)
    return repacked(out.getvalue())


def _paragraph(document: Word, text: str) -> docx.text.paragraph.Paragraph:
    if text.startswith("# "):
        return document.add_heading(text[2:], 2)
    return document.add_paragraph(text)


Cell = str | float | int
Sheet = tuple[str, Sequence[Sequence[Cell]]]


def workbook(
    title: str,
    author: str,
    day: datetime,
    sheets: Sequence[Sheet],
    *,
    hidden: Sequence[str] = (),
    comments: Sequence[tuple[str, str, str]] = (),
) -> bytes:
    """An Excel workbook.

    Args:
        hidden: names of the sheets not shown.
        comments: (sheet, cell such as "B2", text).
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": title, "author": author, "created": day})
    for name, rows in sheets:
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        for where, cell, text in comments:
            if where == name:
                sheet.write_comment(cell, text, {"author": author})
        if name in hidden:
            sheet.hide()
    book.close()
    return repacked(out.getvalue())


def slides(title: str, author: str, day: datetime, pages: Sequence[tuple[str, Sequence[str], str]]) -> bytes:
    """A presentation; each page is (title, bullets, speaker's notes)."""
    deck = pptx.Presentation()
    properties = deck.core_properties
    properties.title, properties.author, properties.last_modified_by = title, author, author
    properties.created = properties.modified = day
    for heading, bullets, notes in pages:
        page = deck.slides.add_slide(deck.slide_layouts[1])
        page.shapes.title.text = heading
        page.placeholders[1].text = "\n".join(bullets)
        if notes:
            page.notes_slide.notes_text_frame.text = notes
    out = io.BytesIO()
    deck.save(out)
    return repacked(out.getvalue())


_NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (("office", "office"), ("text", "text"), ("table", "table"), ("meta", "meta"), ("draw", "drawing"),
                         ("presentation", "presentation"), ("manifest", "manifest"))
) + ' xmlns:dc="http://purl.org/dc/elements/1.1/"'  # fmt: skip


def opendocument(kind: str, title: str, author: str, day: datetime, body: str) -> bytes:
    """An OpenDocument package.

    Args:
        kind: "text", "spreadsheet" or "presentation".
        body: what stands inside `<office:text>` (or `spreadsheet`, `presentation`).
    """
    mime = f"application/vnd.oasis.opendocument.{kind}"
    stamp = day.strftime("%Y-%m-%dT%H:%M:%S")
    meta = (
        f"<office:meta><dc:title>{escape(title)}</dc:title><meta:initial-creator>{escape(author)}</meta:initial-creator>"
        f"<dc:creator>{escape(author)}</dc:creator><meta:creation-date>{stamp}</meta:creation-date><dc:date>{stamp}</dc:date></office:meta>"
    )
    files = {
        "content.xml": _office("document-content", f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"),
        "meta.xml": _office("document-meta", meta),
        "META-INF/manifest.xml": _manifest(mime),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr(zipfile.ZipInfo("mimetype", _EPOCH), mime)
        for name, text in files.items():
            package.writestr(zipfile.ZipInfo(name, _EPOCH), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _office(root: str, inner: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><office:{root} {_NAMESPACES} office:version="1.2">{inner}</office:{root}>'


def _manifest(mime: str) -> str:
    names = (("/", mime), ("content.xml", "text/xml"), ("meta.xml", "text/xml"))
    entries = "".join(f'<manifest:file-entry manifest:full-path="{n}" manifest:media-type="{m}"/>' for n, m in names)
    return f'<?xml version="1.0" encoding="UTF-8"?><manifest:manifest {_NAMESPACES} manifest:version="1.2">{entries}</manifest:manifest>'


def paragraphs(*texts: str) -> str:
    """Body of a text document."""
    return "".join(f"<text:p>{escape(text)}</text:p>" for text in texts)


def table(name: str, rows: Sequence[Sequence[Cell]]) -> str:
    """One sheet of a spreadsheet body."""
    lines = "".join(f"<table:table-row>{''.join(_cell(value) for value in row)}</table:table-row>" for row in rows)
    return f'<table:table table:name="{escape(name)}">{lines}</table:table>'


def _cell(value: Cell) -> str:
    kind = "string" if isinstance(value, str) else f'float" office:value="{value}'
    return f'<table:table-cell office:value-type="{kind}"><text:p>{escape(str(value))}</text:p></table:table-cell>'


def drawing_page(name: str, *texts: str) -> str:
    """One page of a presentation body."""
    boxes = "".join(f"<draw:frame><draw:text-box>{paragraphs(text)}</draw:text-box></draw:frame>" for text in texts)
    return f'<draw:page draw:name="{escape(name)}">{boxes}</draw:page>'


def rtf(title: str, author: str, texts: Sequence[str]) -> bytes:
    """A Rich Text document in the Windows code page, other letters as \\u escapes."""
    body = "\\par\n".join(_rtf_text(text) for text in texts)
    head = "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0 Arial;}}"
    return f"{head}{{\\info{{\\title {_rtf_text(title)}}}{{\\author {_rtf_text(author)}}}}}\\f0\\fs22 {body}\\par}}".encode(
        "ascii"
    )


def _rtf_text(text: str) -> str:
    return "".join(
        c if c.isascii() else f"\\u{ord(c)}?" for c in text.replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}")
    )
