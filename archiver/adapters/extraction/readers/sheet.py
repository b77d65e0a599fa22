"""Workbooks (.xlsx, .xlsm, .xltx): cells as they are shown, sheet names, comments, page headers, shapes, defined names."""

from __future__ import annotations

from collections.abc import Iterator

from archiver.adapters.extraction.readers.office_reading import reading
from archiver.adapters.extraction.readers.ooxml import OfficeFile, R, Relation, S
from archiver.adapters.extraction.readers.ooxml_metadata import Metadata
from archiver.adapters.extraction.readers.ooxml_parts import RelatedText
from archiver.adapters.extraction.readers.safe_xml import Element
from archiver.adapters.extraction.readers.sheet_cells import Workbook, string_text
from archiver.adapters.extraction.source import DoubtError, Reading, Source

_FOLLOWED = frozenset({"worksheet", "chartsheet", "xlMacrosheet", "xlIntlMacrosheet", "comments", "threadedComment"})
_THREADED = "{http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments}"


def read(source: Source) -> Reading:
    """Text and metadata.

    Raises:
        DoubtError: the file holds something that is not read here, is damaged, or has no text.
    """
    return reading(source, "xlsx", pieces, metadata)


def metadata(file: OfficeFile) -> Metadata:
    """Whether the workbook is protected, which sheets are hidden, and whether there are comments."""
    root = Workbook(file).root
    found: Metadata = {"protected": ["true" if root.find(f"{S}workbookProtection") is not None else "false"]}
    for state, word in (("hidden", "hidden"), ("veryHidden", "very-hidden")):
        names = [item.get("name", "") for item in root.iterfind(f"{S}sheets/{S}sheet") if item.get("state") == state]
        if names:
            found |= {f"msoffice:excel:has-{word}-sheets": ["true"], f"msoffice:excel:{word}-sheet-names": names}
    if any(file.related(sheet.part, "comments") for _, sheet in _sheets(file, root)):
        found["msoffice:has-comments"] = ["true"]
    return found


def _sheets(file: OfficeFile, root: Element) -> list[tuple[str, Relation]]:
    """Names and parts, in the order of the tabs."""
    relations = {relation.id: relation for relation in file.relations(file.main.part)}
    listed = [(item.get("name", ""), item.get(f"{R}id")) for item in root.iterfind(f"{S}sheets/{S}sheet")]
    if any(key not in relations or relations[key].part not in file.package for _, key in listed):
        raise DoubtError("a sheet that is listed is not in the file")
    return [(name, relations[key]) for name, key in listed]


def pieces(file: OfficeFile) -> Iterator[str]:
    """Sheet after sheet, hidden ones too, then names and what is drawn or embedded."""
    workbook = Workbook(file)
    related = RelatedText(file, _FOLLOWED)
    for name, sheet in _sheets(file, workbook.root):
        yield f"{name}\n"
        yield from _sheet_text(file, workbook, sheet)
        yield from related.of(sheet.part)
        yield "\n"
    for item in workbook.root.iterfind(f"{S}definedNames/{S}definedName"):
        if not item.get("name", "").startswith(("_xlnm.", "_xlfn.")):
            yield f"{item.get('name')}\n"
    yield from related.of(file.main.part)


def _sheet_text(file: OfficeFile, workbook: Workbook, sheet: Relation) -> Iterator[str]:
    if sheet.kind not in ("worksheet", "chartsheet", "xlMacrosheet", "xlIntlMacrosheet"):
        raise DoubtError(f"a sheet of kind {sheet.kind} is not read here")
    yield from workbook.text(sheet.part)
    yield from (
        f"{relation.target}\n" for relation in file.relations(sheet.part) if relation.kind == "hyperlink" and not relation.part
    )
    for part in file.related(sheet.part, "comments"):
        yield from _comments(file.tree(part))
    for part in file.related(sheet.part, "threadedComment"):
        yield from ("".join(item.itertext()) + "\n" for item in file.tree(part).iter(f"{_THREADED}text"))


def _comments(root: Element) -> Iterator[str]:
    authors = [author.text or "" for author in root.iterfind(f"{S}authors/{S}author")]
    for comment in root.iter(f"{S}comment"):
        index = comment.get("authorId", "")
        author = authors[int(index)] if index.isdecimal() and int(index) < len(authors) else ""
        text = "".join(string_text(item) for item in comment.iterchildren(f"{S}text"))
        yield f"{author}: {text}\n" if author else f"{text}\n"
