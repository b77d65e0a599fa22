"""Presentations (.pptx, .pptm, .ppsx): slides in their order, notes, comments, and what masters add of their own."""

from __future__ import annotations

from collections.abc import Iterator

from archiver.adapters.extraction.readers.drawing import Output, Rule, described, drawing_rules, skip, text, then, walk
from archiver.adapters.extraction.readers.office_reading import reading
from archiver.adapters.extraction.readers.ooxml import OfficeFile, P, R
from archiver.adapters.extraction.readers.ooxml_metadata import Metadata
from archiver.adapters.extraction.readers.ooxml_parts import RelatedText
from archiver.adapters.extraction.readers.safe_xml import Element
from archiver.adapters.extraction.source import DoubtError, Reading, Source

_SHAPES = (f"{P}sp", f"{P}cxnSp", f"{P}pic", f"{P}graphicFrame")
_FOLLOWED = frozenset({"slide", "notesSlide", "comments", "slideLayout", "slideMaster", "notesMaster", "handoutMaster"})


def read(source: Source) -> Reading:
    """Text and metadata.

    Raises:
        DoubtError: the file holds something that is not read here, is damaged, or has no text.
    """
    return reading(source, "pptx", pieces, metadata)


def metadata(file: OfficeFile) -> Metadata:
    """The number of slides, from the slides themselves; what the properties state comes before it."""
    count = str(len(_slides(file)))
    return {"meta:slide-count": [count], "xmpTPg:NPages": [count]}


def _slides(file: OfficeFile) -> list[str]:
    root = file.tree(file.main.part)
    if root.tag != f"{P}presentation":
        raise DoubtError(f"{file.main.part} is not of the transitional form of ISO/IEC 29500")
    parts = {relation.id: relation.part for relation in file.relations(file.main.part)}
    listed = [entry.get(f"{R}id") for entry in root.iterfind(f"{P}sldIdLst/{P}sldId")]
    if any(key not in parts for key in listed):
        raise DoubtError("a slide that is listed is not in the file")
    return [parts[key] for key in listed]


def pieces(file: OfficeFile) -> Iterator[str]:
    """Slides with their notes and comments, then masters, then what is drawn or embedded."""
    slides = _slides(file)
    seen: dict[str, None] = {}
    for slide in slides:
        for part in (slide, *file.related(slide, "notesSlide"), *file.related(slide, "comments")):
            seen[part] = None
            yield _text(file.tree(part), _RULES)
    for part in _masters(file, slides):
        seen[part] = None
        yield _text(file.tree(part), _MASTER_RULES)
    related = RelatedText(file, _FOLLOWED)
    for part in (file.main.part, *seen):
        yield from related.of(part)


def _masters(file: OfficeFile, slides: list[str]) -> list[str]:
    """Masters and layouts in use: an unused layout is never seen by anyone."""
    layouts = list(dict.fromkeys(part for slide in slides for part in file.related(slide, "slideLayout")))
    masters = list(dict.fromkeys(part for layout in layouts for part in file.related(layout, "slideMaster")))
    others = [part for kind in ("notesMaster", "handoutMaster") for part in file.related(file.main.part, kind)]
    return layouts + masters + others


def _text(root: Element, rules: dict[str, Rule]) -> str:
    out: Output = []
    walk(root, rules, out)
    out.append("\n")
    return "".join(out)


def _slide_rules() -> dict[str, Rule]:
    rules = drawing_rules()
    rules |= {
        f"{P}cNvPr": described,
        f"{P}text": text,  # a comment's
        f"{P}cm": then("\n", rules),
        f"{P}timing": skip,
        f"{P}transition": skip,
        f"{P}extLst": skip,
    }
    return rules


def _master_rules() -> dict[str, Rule]:
    """As for slides, without placeholders: their prompts ("Click to edit ...") are on no slide."""
    rules = _slide_rules()

    def shape(element: Element, out: Output) -> None:
        if next(element.iter(f"{P}ph"), None) is None:
            walk(element, rules, out)

    return rules | dict.fromkeys(_SHAPES, shape)


_RULES = _slide_rules()
_MASTER_RULES = _master_rules()
