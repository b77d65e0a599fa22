"""A certificate as a PDF: the same certificate is the same bytes. Made from the signed file, and only from one that is sound."""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO

from archiver.adapters.certificates.canvas import new_canvas
from archiver.adapters.certificates.front import draw_front
from archiver.adapters.certificates.items import draw_items
from archiver.adapters.certificates.sheet import Sheet
from archiver.errors import IntegrityError
from retention.certificate_check import check_certificate
from retention.certificate_file import CertificateFile
from retention.certificate_report import Report

_PIECE = 1024 * 1024


def write_pdf(certificate: BinaryIO, out: BinaryIO) -> int:
    """Write the PDF of a certificate of destruction; how many pages it has.

    Args:
        certificate: the signed JSON file, which is read several times over.

    Raises:
        IntegrityError: the certificate does not hold.
        StatementError: it is none.
    """
    certificate.seek(0)
    report = check_certificate(certificate)
    if not report.sound:
        raise IntegrityError(f"no document is made of a certificate that does not hold: {report.findings[0]}")
    pages = _draw(None, 0, certificate, report)
    canvas = _canvas(out, report)
    _draw(canvas, pages, certificate, report)
    canvas.save()
    return pages


def _canvas(out: BinaryIO, report: Report) -> Any:
    return new_canvas(
        out,
        title=f"Certificate of destruction {report.purge}",
        author=f"Archive {report.archive}",
        subject=f"{report.documents:,} documents, signed {report.time.isoformat()}",
        time=report.time,
    )


def _draw(canvas: Any, pages: int, certificate: BinaryIO, report: Report) -> int:
    size, digest = _digest(certificate)
    certificate.seek(0)
    file = CertificateFile(certificate)
    sheet = Sheet(canvas, pages, f"Certificate of destruction {report.purge}", f"Archive {report.archive}")
    draw_front(sheet, file.body, report, digest, size)
    draw_items(sheet, file.items())
    sheet.finish()
    return sheet.number


def _digest(file: BinaryIO) -> tuple[int, str]:
    file.seek(0)
    found, size = hashlib.sha256(), 0
    while piece := file.read(_PIECE):
        found.update(piece)
        size += len(piece)
    return size, found.hexdigest()
