"""Which reader reads which media type. Modules are imported when first needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module

from archiver.adapters.extraction.source import Reading, Source

Read = Callable[[Source], Reading]

_PACKAGE = "archiver.adapters.extraction.readers"
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
_TEXTS = (
    "text/plain", "text/csv", "text/tab-separated-values", "application/json", "application/x-ndjson", "text/x-log",
    "text/x-web-markdown", "text/x-yaml", "text/x-ini", "text/x-java-properties", "text/calendar", "text/x-vcalendar",
    "text/x-sql", "text/x-vcard", "text/css", "text/javascript", "text/x-python", "text/vtt", "application/x-bibtex-text-file",
)  # fmt: skip

_WORD = (
    *(_OFFICE + "wordprocessingml." + kind for kind in ("document", "template")),
    "application/vnd.ms-word.document.macroenabled.12",
    "application/vnd.ms-word.template.macroenabled.12",
)
_SHEET = (
    *(_OFFICE + "spreadsheetml." + kind for kind in ("sheet", "template")),
    "application/vnd.ms-excel.sheet.macroenabled.12",
    "application/vnd.ms-excel.template.macroenabled.12",
)
_SLIDES = (
    *(_OFFICE + "presentationml." + kind for kind in ("presentation", "slideshow", "template")),
    "application/vnd.ms-powerpoint.presentation.macroenabled.12",
    "application/vnd.ms-powerpoint.slideshow.macroenabled.12",
    "application/vnd.ms-powerpoint.template.macroenabled.12",
)
_VISIO = (
    "application/vnd.ms-visio.drawing",
    "application/vnd.ms-visio.drawing.macroenabled.12",
    "application/vnd.ms-visio.template",
    "application/vnd.ms-visio.stencil",
)
_OPEN = tuple(
    _ODF + kind for kind in ("text", "spreadsheet", "presentation", "text-template", "spreadsheet-template", "graphics")
)

READERS: dict[str, str] = {
    "application/pdf": "pdf",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "message/rfc822": "mail",
    "multipart/related": "mail",
    "image/png": "png",
    **dict.fromkeys(_TEXTS, "text"),
    **dict.fromkeys(_WORD, "word"),
    **dict.fromkeys(_SHEET, "sheet"),
    **dict.fromkeys(_SLIDES, "slides"),
    **dict.fromkeys(_OPEN, "odf"),
    **dict.fromkeys(_VISIO, "visio"),
}
"""Media type to the name of the module whose `read` reads it; everything else is Tika's."""


def reader_for(media_type: str) -> Read | None:
    """The reader for a media type, or None where only Tika reads it."""
    module = READERS.get(media_type)
    return _load(module) if module else None


@cache
def _load(module: str) -> Read | None:
    try:
        read: Read = import_module(f"{_PACKAGE}.{module}").read
    except ModuleNotFoundError as error:
        if error.name != f"{_PACKAGE}.{module}":
            raise
        return None
    return read
