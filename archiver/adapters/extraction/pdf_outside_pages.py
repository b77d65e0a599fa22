"""Words of a PDF that are not in its pages' content: annotations, form fields, bookmarks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_DEEPEST = 64
_MOST = 200_000
_SPOKEN = ("/Contents", "/T", "/Subj", "/RC")


def annotation_lines(pdf: Any) -> Iterator[str]:
    """Contents, authors and link targets of annotations, page by page."""
    import pikepdf

    for page in pdf.pages:
        annots = page.obj.get("/Annots")
        if not isinstance(annots, pikepdf.Array):
            continue
        for annotation in annots:
            if isinstance(annotation, pikepdf.Dictionary):
                yield from _annotation(annotation)


def _annotation(annotation: Any) -> Iterator[str]:
    import pikepdf

    if annotation.get("/Subtype") == pikepdf.Name.Widget:
        return
    for key in _SPOKEN[:3]:
        if text := _string(annotation.get(key)):
            yield text
    action = annotation.get("/A")
    if isinstance(action, pikepdf.Dictionary) and (target := _string(action.get("/URI"))):
        yield target


def field_lines(pdf: Any) -> Iterator[str]:
    """`name: value` of every form field."""
    import pikepdf

    form = pdf.Root.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary) and isinstance(form.get("/Fields"), pikepdf.Array):
        for item in form.Fields:
            yield from _field(item, 0)


def _field(item: Any, depth: int) -> Iterator[str]:
    import pikepdf

    if not isinstance(item, pikepdf.Dictionary) or depth > _DEEPEST:
        return
    name = _string(item.get("/TU")) or _string(item.get("/T"))
    values = [text for text in _field_values(item) if text]
    if name or values:
        yield f"{name}: {', '.join(values)}" if values else name
    kids = item.get("/Kids")
    for kid in kids if isinstance(kids, pikepdf.Array) else ():
        yield from _field(kid, depth + 1)


def _field_values(item: Any) -> Iterator[str]:
    import pikepdf

    value = item.get("/V")
    if isinstance(value, pikepdf.Dictionary) and not isinstance(value, pikepdf.Stream):
        for key in ("/Name", "/Reason", "/Location", "/ContactInfo"):  # a signature
            yield _string(value.get(key))
    elif isinstance(value, pikepdf.Array):
        yield from (_string(each) for each in value)
    elif isinstance(value, pikepdf.Stream):
        yield value.read_bytes().decode("utf-8", "replace")
    else:
        yield _string(value)


def bookmark_lines(pdf: Any) -> Iterator[str]:
    """Titles of the outline, in its order. An outline that leads back to itself ends."""
    import pikepdf

    outlines = pdf.Root.get("/Outlines")
    pending = [outlines.get("/First")] if isinstance(outlines, pikepdf.Dictionary) else []
    seen: set[tuple[int, int]] = set()
    while pending and len(seen) < _MOST:
        item = pending.pop()
        if not isinstance(item, pikepdf.Dictionary) or item.objgen in seen:
            continue
        seen.add(item.objgen)
        if title := _string(item.get("/Title")):
            yield title
        pending.extend((item.get("/Next"), item.get("/First")))


def has_fonts(pdf: Any) -> bool:
    """Whether any page, or a form it draws, names a font: without one there is no text to miss."""
    import pikepdf

    for page in pdf.pages:
        try:
            if _fonts_in(page.obj.get("/Resources") or page.resources, 0):
                return True
        except (pikepdf.PdfError, ValueError, AttributeError, TypeError):
            return True
    return False


def _fonts_in(resources: Any, depth: int) -> bool:
    import pikepdf

    if not isinstance(resources, pikepdf.Dictionary) or depth > 8:
        return False
    fonts = resources.get("/Font")
    if isinstance(fonts, pikepdf.Dictionary) and len(fonts.keys()):
        return True
    drawn = resources.get("/XObject")
    if not isinstance(drawn, pikepdf.Dictionary):
        return False
    forms = [item for _, item in drawn.items() if isinstance(item, pikepdf.Stream) and item.get("/Subtype") == pikepdf.Name.Form]
    return any(_fonts_in(item.get("/Resources"), depth + 1) for item in forms)


def _string(value: Any) -> str:
    import pikepdf

    if isinstance(value, pikepdf.Name):
        return str(value)[1:]
    return str(value).strip() if isinstance(value, pikepdf.String) else ""
