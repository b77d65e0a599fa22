"""Small PDFs, made object by object with pikepdf, so that a test shows exactly what the reader meets."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pikepdf


def pdf(pages: Sequence[str], **saving: Any) -> bytes:
    """A PDF with one line of Helvetica a page."""
    return saved(document(pages), **saving)


def document(pages: Sequence[str]) -> pikepdf.Pdf:
    """The same, still open, to add to."""
    made = pikepdf.new()
    font = made.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type1,
            BaseFont=pikepdf.Name.Helvetica,
            Encoding=pikepdf.Name.WinAnsiEncoding,
        )
    )
    for line in pages:
        page = made.add_blank_page(page_size=(595, 842))
        page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        shown = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("cp1252")
        page.obj.Contents = made.make_stream(b"BT /F1 12 Tf 72 720 Td (" + shown + b") Tj ET")
    return made


def saved(made: pikepdf.Pdf, **saving: Any) -> bytes:
    """The bytes of an open PDF."""
    out = io.BytesIO()
    made.save(out, **saving)
    return out.getvalue()
