"""A certificate out of the store as a PDF."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from archiver.services.purge.paper import fresh


def save_pdf(certificate: BinaryIO, file: Path) -> None:
    """Write the PDF; the certificate is checked first, and read more than once.

    Raises:
        IntegrityError: the certificate does not hold.
        UsageError: the file exists already, or cannot be made.
    """
    from archiver.adapters.certificates.pdf import write_pdf

    with tempfile.TemporaryFile() as whole:
        shutil.copyfileobj(certificate, whole)
        with fresh(file) as out:
            write_pdf(whole, out)
