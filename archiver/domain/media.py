"""Media types in the few words people search by."""

from __future__ import annotations

_EXACT = {
    "application/pdf": "pdf",
    "application/msword": "word",
    "application/rtf": "word",
    "text/rtf": "word",
    "application/vnd.ms-excel": "sheet",
    "text/csv": "sheet",
    "text/tab-separated-values": "sheet",
    "application/vnd.ms-powerpoint": "slides",
    "message/rfc822": "mail",
    "application/mbox": "mail",
    "application/vnd.ms-outlook": "mail",
    "application/vnd.ms-outlook-pst": "mail",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/json": "data",
    "application/x-tar": "archive",
    "application/x-gtar": "archive",
    "application/vnd.stardivision.writer": "word",
    "application/vnd.stardivision.calc": "sheet",
    "application/vnd.stardivision.impress": "slides",
    "application/xml": "data",
    "text/xml": "data",
}
_PARTS = (
    ("wordprocessingml", "word"),
    ("opendocument.text", "word"),
    ("ms-word", "word"),
    ("spreadsheet", "sheet"),
    ("ms-excel", "sheet"),
    ("presentation", "slides"),
    ("ms-powerpoint", "slides"),
    ("zip", "archive"),
    ("7z", "archive"),
    ("rar", "archive"),
    ("cpio", "archive"),
    ("archive", "archive"),
    ("compress", "archive"),
    ("cab", "archive"),
    ("bzip", "archive"),
    ("x-xz", "archive"),
    ("zstd", "archive"),
    ("lz4", "archive"),
)
_FAMILIES = {"text": "text", "image": "image", "audio": "media", "video": "media", "message": "mail"}


KINDS = ("pdf", "word", "sheet", "slides", "mail", "text", "html", "image", "media", "archive", "data", "other")


def kind_of(media_type: str) -> str:
    """pdf, word, sheet, slides, mail, html, text, image, media, archive, data or other."""
    plain = media_type.split(";", 1)[0].strip().lower()
    if plain in _EXACT:
        return _EXACT[plain]
    family = _FAMILIES.get(plain.split("/", 1)[0], "")
    if family in ("image", "media"):
        return family
    return next((kind for part, kind in _PARTS if part in plain), family or "other")
