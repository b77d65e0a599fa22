"""Tika compiled to native code: reads what no reader of our own reads.

A call holds the interpreter lock from beginning to end, so this runs in killable children only.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from archiver.adapters.extraction.detect import extension
from archiver.adapters.extraction.source import Reading, Source
from archiver.adapters.extraction.tika_judgement import failure, judged


def read(source: Source) -> Reading:
    """Text, metadata and outcome by Tika; `encrypted` when it is so as a whole."""
    with _named_like(source) as path:
        try:
            text, metadata = _extractor(source.limits.text_chars).extract_file_to_string(str(path))
        except (TypeError, ValueError, OSError, RuntimeError) as error:
            return failure(str(error), source)
    return judged(text, {key: [str(value) for value in values] for key, values in metadata.items()}, source)


@lru_cache(maxsize=2)
def _extractor(text_chars: int) -> Any:
    """The extractor, made once a process. It would start `tesseract` for every image if that were on PATH."""
    os.environ["PATH"] = ""
    import iscc_tika

    office = (
        iscc_tika.OfficeParserConfig()
        .set_include_headers_and_footers(True)
        .set_include_deleted_content(True)
        .set_include_move_from_content(True)
    )
    pdf = iscc_tika.PdfParserConfig().set_ocr_strategy(iscc_tika.PdfOcrStrategy.NO_OCR)
    extractor = iscc_tika.Extractor().set_office_config(office).set_pdf_config(pdf)
    # one more than allowed: a text of exactly the limit and a longer one must be told apart
    return extractor.set_extract_string_max_length(min(text_chars + 1, 2**31 - 1))


@contextmanager
def _named_like(source: Source) -> Iterator[Path]:
    """A path to the same bytes that ends as the received name does: Tika takes text formats by their extension."""
    wanted = extension(source.name)
    if not wanted or extension(source.path.name) == wanted:
        yield source.path
        return
    with tempfile.TemporaryDirectory(prefix="minutier-") as folder:
        link = Path(folder, f"document.{wanted}")
        link.symlink_to(source.path.resolve())
        yield link
