"""Temporary copies made only to be read: decrypted or repaired. The original never changes; the copy goes when it was read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from archiver.adapters.extraction.pdf_rebuild import with_catalogue
from archiver.adapters.extraction.source import DoubtError, ProtectedError, Source

_PDF = "application/pdf"
_OFFICE = frozenset(
    {"application/x-tika-ooxml-protected", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"}
)


@contextmanager
def decrypted(source: Source) -> Iterator[Path]:
    """A decrypted copy of an encrypted PDF or office document.

    Raises:
        ProtectedError: no password fits, or nothing here opens this kind of encryption.
    """
    if source.media_type == _PDF:
        with _decrypted_pdf(source) as copy:
            yield copy
    elif source.media_type in _OFFICE:
        from archiver.adapters.extraction.readers.unlock import unlocked

        with unlocked(source) as copy:
            yield copy
    else:
        raise ProtectedError("encrypted, in a way that cannot be opened here")


@contextmanager
def _decrypted_pdf(source: Source) -> Iterator[Path]:
    import pikepdf

    from archiver.adapters.extraction.pdf_facts import opened

    with tempfile.TemporaryDirectory(prefix="minutier-") as folder, opened(source) as pdf:
        copy = Path(folder, "copy.pdf")
        try:
            pdf.save(copy, encryption=False)
        except (pikepdf.PdfError, ValueError, OSError) as error:
            raise ProtectedError(f"cannot be decrypted: {error}") from error
        yield copy


@contextmanager
def repaired(source: Source) -> Iterator[Path | None]:
    """A copy of a damaged PDF, written anew from the objects that can be found; None when that cannot be done."""
    with tempfile.TemporaryDirectory(prefix="minutier-") as folder:
        copy = Path(folder, "copy.pdf")
        rebuilt = Path(folder, "rebuilt.pdf")
        if _rewritten(source, copy) or (with_catalogue(source.path, rebuilt) and _rewritten(replace(source, path=rebuilt), copy)):
            yield copy
        else:
            yield None


def _rewritten(source: Source, copy: Path) -> bool:
    import pikepdf

    from archiver.adapters.extraction.pdf_facts import opened

    try:
        with opened(source) as pdf:
            pdf.save(copy, encryption=False, fix_metadata_version=False)
    except (pikepdf.PdfError, DoubtError, ProtectedError, ValueError, OSError):
        return False
    return True
