"""PDF: text of the pages by PDFium, everything else by pikepdf. PDFium is not thread-safe: one lock a process."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

from archiver.adapters.extraction.attached import attached_text
from archiver.adapters.extraction.file_ends import cut_short
from archiver.adapters.extraction.pdf_facts import PdfFacts, pdf_facts
from archiver.adapters.extraction.source import DoubtError, ProtectedError, Reading, Source
from archiver.domain.extraction import Outcome

TOOL = "pdfium"
_LOCK = threading.Lock()
_HYPHENATED = re.compile("[\ufffe\x02](?:\r?\n)?")
_UNREADABLE = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f]")
_MOST_UNREADABLE = 0.1


def read(source: Source) -> Reading:
    """Pages, annotations, form fields, bookmarks and attached files.

    Raises:
        DoubtError: PDFium cannot open it, a page cannot be read, or there are fonts but no readable text.
        ProtectedError: no password opens it.
    """
    facts = pdf_facts(source)
    pages = list(_pages(source, facts))
    _check(pages, facts)
    inner, unread = attached_text(facts.attachments, source)
    text = "\n\n".join(filter(None, [*pages, "\n".join(dict.fromkeys(facts.lines)), *inner]))
    return _reading(text, facts, source, [*facts.unread, *unread])


def _reading(text: str, facts: PdfFacts, source: Source, unread: list[str]) -> Reading:
    limit = source.limits.text_chars
    if len(text) > limit:
        reason = f"more than {limit} characters of text; the first are kept"
        return Reading(text[:limit], facts.metadata, TOOL, Outcome.TOO_LARGE, reason)
    if damage := facts.damage or cut_short(source):
        return Reading(text, facts.metadata, TOOL, Outcome.PARTIAL, f"read from a damaged file: {damage}")
    if unread:
        return Reading(text, facts.metadata, TOOL, Outcome.PARTIAL, f"a part of it could not be read: {unread[0]}")
    return Reading(text, facts.metadata, TOOL)


def _pages(source: Source, facts: PdfFacts) -> Iterator[str]:
    import pypdfium2

    with _LOCK:
        try:
            document = pypdfium2.PdfDocument(source.path, password=facts.password or None)
        except pypdfium2.PdfiumError as error:
            if "password" in str(error).lower():
                raise ProtectedError(str(error)) from error
            raise DoubtError(f"PDFium cannot open it: {error}") from error
        try:
            if len(document) != facts.pages:
                raise DoubtError(f"{facts.pages} pages by its tree, {len(document)} found")
            for number in range(len(document)):
                yield _page(document, number)
        finally:
            document.close()


def _page(document: Any, number: int) -> str:
    import pypdfium2

    try:
        page = document[number]
        words = page.get_textpage()
        text: str = words.get_text_range()
        words.close()
        page.close()
    except pypdfium2.PdfiumError as error:
        raise DoubtError(f"page {number + 1}: {error}") from error
    return _HYPHENATED.sub("", text).strip()


def _check(pages: list[str], facts: PdfFacts) -> None:
    """Doubt a text that is not there although fonts are, or that maps to nothing readable."""
    text = "".join(pages)
    if not text.strip():
        if facts.fonts or facts.damage:
            raise DoubtError("fonts, but no text")
        return
    if len(_UNREADABLE.findall(text)) > _MOST_UNREADABLE * len(text):
        raise DoubtError("its fonts do not say which characters they show")
