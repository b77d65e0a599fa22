"""A new PDF whose bytes are decided by what is drawn on it, and by nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any, BinaryIO

from archiver.adapters.certificates.sheet import HEIGHT, WIDTH


def new_canvas(out: BinaryIO, *, title: str, author: str, subject: str, time: datetime) -> Any:
    """A canvas that writes to `out` once it is saved. `time`: when the document was made, as it says."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(out, pagesize=(WIDTH, HEIGHT), pageCompression=1, invariant=1)
    canvas.setTitle(title)
    canvas.setAuthor(author)
    canvas.setSubject(subject)
    canvas.setCreator("Minutier")
    canvas.setDateFormatter(lambda *_: f"D:{time:%Y%m%d%H%M%S}+00'00'")
    canvas.setCatalogEntry("Lang", "en")
    return canvas
