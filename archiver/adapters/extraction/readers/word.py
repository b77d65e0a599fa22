"""Word documents (.docx, .docm, .dotx): the body and everything else that a reader of the paper would see."""

from __future__ import annotations

from collections.abc import Iterator

from archiver.adapters.extraction.readers.drawing import (
    MATH,
    Output,
    Rule,
    V,
    alternative,
    described,
    drawing_rules,
    mark,
    skip,
    text,
    then,
    walk,
    word_art,
)
from archiver.adapters.extraction.readers.office_reading import reading
from archiver.adapters.extraction.readers.ooxml import MC, OfficeFile, W
from archiver.adapters.extraction.readers.ooxml_metadata import Metadata
from archiver.adapters.extraction.readers.ooxml_parts import RelatedText
from archiver.adapters.extraction.readers.safe_xml import Element
from archiver.adapters.extraction.readers.word_numbering import Numbering
from archiver.adapters.extraction.readers.word_styles import Styles
from archiver.adapters.extraction.source import DoubtError, Reading, Source

_DRAWING_PROPERTIES = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_ROOTS = (f"{W}document", f"{W}glossaryDocument", f"{W}hdr", f"{W}ftr", f"{W}footnotes", f"{W}endnotes", f"{W}comments")
_BEFORE = ("header",)
_AFTER = ("footnotes", "endnotes", "comments", "footer", "glossaryDocument")
_STORIES = frozenset(_BEFORE + _AFTER)
_SKIPPED = ("rPr", "sectPr", "tblPr", "tblGrid", "trPr", "tcPr", "sdtPr", "sdtEndPr", "instrText", "delInstrText",
            "numPicBullet", "fldData", "docPartPr", "background", "customXmlPr", "smartTagPr", "rubyPr")  # fmt: skip


def read(source: Source) -> Reading:
    """Text and metadata.

    Raises:
        DoubtError: the file holds something that is not read here, is damaged, or has no text.
    """
    return reading(source, "docx", pieces, metadata)


def metadata(file: OfficeFile) -> Metadata:
    """What a Word document has beyond the properties of every OOXML file."""
    comments = [name for part in file.related(file.main.part, "comments") for name in _authors(file.tree(part))]
    found: Metadata = {"msoffice:has-comments": ["true"]} if file.related(file.main.part, "comments") else {}
    return found | ({"msoffice:comment-person-display-name": list(dict.fromkeys(comments))} if comments else {})


def _authors(comments: Element) -> Iterator[str]:
    for comment in comments.iterchildren(f"{W}comment"):
        if comment.get(f"{W}author"):
            yield comment.get(f"{W}author")


def pieces(file: OfficeFile) -> Iterator[str]:
    """Headers, body, notes, comments, footers, then what is drawn or embedded."""
    story = _Story(_numbering(file))
    related = RelatedText(file, _STORIES | {"subDocument", "aFChunk"})
    main = file.main.part
    for part in _stories(file, main):
        root = file.tree(part)
        if root.tag not in _ROOTS:
            raise DoubtError(f"{part} is not of the transitional form of ISO/IEC 29500")
        yield story.text(root)
    for part in _stories(file, main):
        yield from related.of(part)


def _stories(file: OfficeFile, main: str) -> list[str]:
    before = [part for kind in _BEFORE for part in file.related(main, kind)]
    after = [part for kind in _AFTER for part in file.related(main, kind)]
    glossary = [
        part
        for entry in file.related(main, "glossaryDocument")
        for kind in _BEFORE + _AFTER
        for part in file.related(entry, kind)
    ]
    return list(dict.fromkeys([*before, main, *after, *glossary]))


def _numbering(file: OfficeFile) -> Numbering | None:
    parts = file.related(file.main.part, "numbering")
    styles = file.related(file.main.part, "styles")
    if not parts:
        return None
    return Numbering(file.tree(parts[0]), Styles(file.package.read(styles[0]), styles[0]) if styles else None)


class _Story:
    """Text of one story (body, header, note ...) after the other; list numbers run through."""

    def __init__(self, numbering: Numbering | None) -> None:
        self._numbering = numbering
        rules: dict[str, Rule] = drawing_rules()
        rules |= {f"{W}{tag}": skip for tag in _SKIPPED}
        rules |= {
            f"{W}t": text,
            f"{W}delText": text,
            f"{MATH}t": text,
            f"{W}tab": mark("\t"),
            f"{W}ptab": mark("\t"),
            f"{W}br": mark("\n"),
            f"{W}cr": mark("\n"),
            f"{W}noBreakHyphen": mark("-"),
            f"{W}softHyphen": skip,
            f"{W}p": then("\n", rules),
            f"{W}tc": then("\t", rules),
            f"{W}tr": then("\n", rules),
            f"{W}comment": then("\n", rules),
            f"{W}pPr": self._number,
            f"{W}ffData": _choice,
            f"{W}altChunk": _foreign,
            f"{W}subDoc": _foreign,
            f"{W}contentPart": _foreign,
            f"{V}textpath": word_art,
            _DRAWING_PROPERTIES: described,
            f"{MC}AlternateContent": alternative(rules),
        }
        self._rules = rules

    def text(self, root: Element) -> str:
        out: Output = []
        walk(root, self._rules, out)
        return "".join(out)

    def _number(self, properties: Element, out: Output) -> None:
        label = self._numbering.label(properties) if self._numbering else ""
        if label:
            out.append(f"{label} ")


def _choice(form_field: Element, out: Output) -> None:
    """Rule: what is chosen in a drop-down form field is not in the text, only its position."""
    entries = [entry.get(f"{W}val", "") for entry in form_field.iter(f"{W}listEntry")]
    result = form_field.find(f"{W}ddList/{W}result")
    chosen = 0 if result is None else int(result.get(f"{W}val", "0"))
    if chosen < len(entries):
        out.append(entries[chosen])


def _foreign(element: Element, _out: Output) -> None:
    raise DoubtError(f"content comes from another file by {element.tag.rpartition('}')[2]}")
