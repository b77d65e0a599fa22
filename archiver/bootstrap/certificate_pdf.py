"""A certificate out of the store as a file of its own, or as a PDF."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO, cast

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


def certificate_paper(certificate: BinaryIO, *, pdf: bool) -> BinaryIO:
    """The certificate, or its PDF, in a file without a name, which ends when it is closed; the store is not needed any more.

    Raises:
        IntegrityError: a PDF is wanted of a certificate that does not hold.
    """
    from archiver.adapters.certificates.pdf import write_pdf

    whole = tempfile.TemporaryFile()  # noqa: SIM115  # closed by whoever reads it
    shutil.copyfileobj(certificate, whole)
    if not pdf:
        return cast(BinaryIO, whole)
    with whole:
        out = tempfile.TemporaryFile()  # noqa: SIM115
        write_pdf(cast(BinaryIO, whole), cast(BinaryIO, out))
    return cast(BinaryIO, out)
