"""What a PDF says of itself beside the words on its pages: properties, XMP, permissions, form, bookmarks, attachments, damage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from archiver.adapters.extraction.pdf_attachments import Attachment, attachments
from archiver.adapters.extraction.pdf_outside_pages import annotation_lines, bookmark_lines, field_lines, has_fonts
from archiver.adapters.extraction.source import DoubtError, ProtectedError, Source
from archiver.adapters.extraction.xmp import add_xmp

Metadata = dict[str, list[str]]

_INFO = {
    "/Title": ("dc:title", "pdf:docinfo:title"),
    "/Author": ("dc:creator", "pdf:docinfo:creator"),
    "/Subject": ("dc:subject", "dc:description", "pdf:docinfo:subject"),
    "/Keywords": ("meta:keyword", "pdf:docinfo:keywords"),
    "/Creator": ("xmp:CreatorTool", "pdf:docinfo:creator_tool"),
    "/Producer": ("pdf:producer", "pdf:docinfo:producer"),
    "/Trapped": ("pdf:docinfo:trapped",),
}
_DATES = {
    "/CreationDate": ("dcterms:created", "pdf:docinfo:created"),
    "/ModDate": ("dcterms:modified", "pdf:docinfo:modified"),
}
_PERMISSIONS = {
    "access_permission:extract_content": "extract",
    "access_permission:extract_for_accessibility": "accessibility",
    "access_permission:can_print": "print_lowres",
    "access_permission:can_print_faithful": "print_highres",
    "access_permission:can_modify": "modify_other",
    "access_permission:modify_annotations": "modify_annotation",
    "access_permission:fill_in_form": "modify_form",
    "access_permission:assemble_document": "modify_assembly",
}


@dataclass(frozen=True, slots=True)
class PdfFacts:
    """Facts of one PDF.

    Attributes:
        password: the one that opened it; "" for none.
        fonts: whether any page can show text at all.
        lines: text outside the pages' content: annotations, form fields, bookmarks.
        damage: what had to be repaired to open it; "" for a sound file.
    """

    password: str
    pages: int
    fonts: bool
    metadata: Metadata
    lines: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    damage: str = ""
    unread: tuple[str, ...] = field(default=())


@contextmanager
def opened(source: Source) -> Iterator[Any]:
    """The PDF, opened with pikepdf by the first password that fits.

    Raises:
        ProtectedError: none fits, or its security handler is unknown.
        DoubtError: not even repair makes a PDF of it.
    """
    _, pdf = _open(source)
    with pdf:
        yield pdf


def _open(source: Source) -> tuple[str, Any]:
    import pikepdf

    path = str(source.path)
    for password, spelled in (("", ""), *_spellings(source.passwords)):
        try:
            return password, pikepdf.open(source.path, password=spelled, suppress_warnings=True)
        except pikepdf.PasswordError:
            continue
        except (pikepdf.PdfError, RuntimeError, ValueError) as error:
            if "unsupported encryption filter" in str(error) or "security handler" in str(error).lower():
                raise ProtectedError(f"its kind of encryption is not known here: {_said(error, path)}") from error
            raise DoubtError(f"not a PDF that can be opened: {_said(error, path)}") from error
    raise ProtectedError("the PDF is encrypted; a password is needed to open it" if not source.passwords else "no password fits")


def _spellings(passwords: Iterable[str]) -> Iterator[tuple[str, str | bytes]]:
    """Each password as it is, and beyond ASCII also in the one-byte encoding that encryption before PDF 2.0 used."""
    for password in passwords:
        yield password, password
        if not password.isascii():
            yield password, password.encode("latin-1", "replace")
            yield password, password.encode("utf-8", "replace")


def _said(error: Exception, path: str) -> str:
    """The message without the temporary path it begins with."""
    return str(error).replace(path, "").lstrip(": ")


def pdf_facts(source: Source) -> PdfFacts:
    """Everything but the text of the pages. Raises as `opened` does."""
    password, pdf = _open(source)
    with pdf:
        lines, unread = _outside(pdf)
        found, hidden = attachments(pdf, source.limits.member_bytes)
        return PdfFacts(
            password=password,
            pages=len(pdf.pages),
            fonts=has_fonts(pdf),
            metadata=_metadata(pdf),
            lines=tuple(lines),
            attachments=tuple(found),
            damage=_damage(pdf),
            unread=(*unread, *hidden),
        )


def _outside(pdf: Any) -> tuple[list[str], list[str]]:
    """Lines found outside page content, and what of it could not be read."""
    import pikepdf

    lines: list[str] = []
    unread: list[str] = []
    for name, of in (("annotations", annotation_lines), ("form", field_lines), ("bookmarks", bookmark_lines)):
        try:
            lines.extend(of(pdf))
        except (pikepdf.PdfError, ValueError, TypeError, KeyError, RecursionError, RuntimeError) as error:
            unread.append(f"{name}: {error}")
    return lines, unread


def _damage(pdf: Any) -> str:
    """What was repaired on opening: only what may have cost content."""
    warnings = [str(warning) for warning in pdf.get_warnings()]
    grave = [
        warning for warning in warnings if "reconstruct" in warning or "can't find" in warning or "file is damaged" in warning
    ]
    return grave[0].split(": ", 1)[-1] if grave else ""


def _metadata(pdf: Any) -> Metadata:
    found: Metadata = {}
    add_xmp(found, pdf)
    _add_info(found, pdf)
    found["xmpTPg:NPages"] = [str(len(pdf.pages))]
    found["pdf:PDFVersion"] = [str(pdf.pdf_version)]
    found["dc:format"] = [f"application/pdf; version={pdf.pdf_version}"]
    found["Content-Type"] = ["application/pdf"]
    found["pdf:encrypted"] = [_truth(pdf.is_encrypted)]
    for key, permission in _PERMISSIONS.items():
        found[key] = [_truth(getattr(pdf.allow, permission))]
    _add_structure(found, pdf)
    return found


def _truth(value: object) -> str:
    return "true" if value else "false"


def _add_info(found: Metadata, pdf: Any) -> None:
    from archiver.adapters.extraction.summary import iso_date

    try:
        info = pdf.docinfo
        items = list(info.items())
    except (TypeError, ValueError, AttributeError, KeyError):
        return
    for key, value in items:
        text = _text(value)
        if not text:
            continue
        if key in _DATES:
            text = iso_date(text)
        for name in _DATES.get(key) or _INFO.get(key) or (f"pdf:docinfo:custom:{key[1:]}", key[1:]):
            if text and text not in found.setdefault(name, []):
                found[name].append(text)


def _text(value: Any) -> str:
    """A string or name of the information dictionary; arrays become their items, one a line."""
    import pikepdf

    if isinstance(value, pikepdf.Array):
        return "\n".join(filter(None, (_text(item) for item in value)))
    if isinstance(value, pikepdf.Name):
        return str(value)[1:]
    return str(value).strip("\ufeff\x00 \t\r\n") if isinstance(value, pikepdf.String) else ""


def _add_structure(found: Metadata, pdf: Any) -> None:
    """XFA, marked content, collection, language, signatures."""
    import pikepdf

    root = pdf.Root
    try:
        form = root.get("/AcroForm")
        has_form = isinstance(form, pikepdf.Dictionary)
        found["pdf:hasXFA"] = [_truth(has_form and "/XFA" in form)]
        found["pdf:hasCollection"] = [_truth("/Collection" in root)]
        found["pdf:hasMarkedContent"] = [_truth("/MarkInfo" in root)]
        if has_form and int(form.get("/SigFlags", 0)) & 1:
            found["hasSignature"] = ["true"]
        if isinstance(root.get("/Lang"), pikepdf.String):
            found.setdefault("dc:language", [str(root.Lang)])
    except (pikepdf.PdfError, ValueError, TypeError):
        return
