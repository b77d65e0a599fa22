"""Evidence as a PDF: the same evidence is the same bytes. Made from the signed file, and only from one that holds together."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import Any, BinaryIO

from archiver.adapters.certificates.canvas import new_canvas
from archiver.adapters.certificates.evidence_page import TITLES, draw_evidence
from archiver.adapters.certificates.sheet import Sheet
from archiver.errors import IntegrityError
from retention.evidence_check import EvidenceReport, check_evidence
from retention.evidence_file import LIMIT


def write_evidence_pdf(evidence: BinaryIO, out: BinaryIO) -> int:
    """Write the PDF of evidence, or of an attestation of deposit; how many pages it has.

    Raises:
        IntegrityError: it does not hold. What it says of the document may be anything.
        StatementError: it is neither.
    """
    data = evidence.read(LIMIT + 1)
    report = check_evidence(BytesIO(data))
    if not report.authentic:
        raise IntegrityError(f"no document is made of evidence that does not hold: {report.findings[0]}")
    pages = _draw(None, 0, data, report)
    canvas = new_canvas(
        out,
        title=f"{TITLES[report.body.kind]} {report.body.document}",
        author=f"Archive {report.body.archive}",
        subject=f"Document {report.body.document}, signed {report.time.isoformat()}",
        time=report.time,
    )
    _draw(canvas, pages, data, report)
    canvas.save()
    return pages


def _draw(canvas: Any, pages: int, data: bytes, report: EvidenceReport) -> int:
    body = report.body
    sheet = Sheet(canvas, pages, f"{TITLES[body.kind]} {body.document}", f"Archive {body.archive}")
    draw_evidence(sheet, report, hashlib.sha256(data).hexdigest(), len(data))
    sheet.finish()
    return sheet.number
