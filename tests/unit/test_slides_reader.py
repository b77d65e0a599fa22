"""Presentations: slides in their order, notes, comments, masters without their prompts, charts."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.adapters.extraction.readers import slides
from archiver.adapters.extraction.source import DoubtError
from tests.support.office_files import Parts, element, relations, source


def shape(text: str, placeholder: bool = False) -> str:
    mark = "<p:nvPr><p:ph/></p:nvPr>" if placeholder else ""
    return f"<p:sp>{mark}<p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"


def deck() -> Parts:
    return {
        "_rels/.rels": relations(("m", "officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": element("p:presentation", '<p:sldIdLst><p:sldId r:id="b"/><p:sldId r:id="a"/></p:sldIdLst>'),
        "ppt/_rels/presentation.xml.rels": relations(("a", "slide", "slides/1.xml"), ("b", "slide", "slides/2.xml")),
        "ppt/slides/1.xml": element("p:sld", shape("dernière") + '<p:cNvPr descr="une photo"/>'),
        "ppt/slides/2.xml": element("p:sld", shape("première", placeholder=True)),
        "ppt/slides/_rels/2.xml.rels": relations(
            ("n", "notesSlide", "../n.xml"),
            ("c", "comments", "../c.xml"),
            ("l", "slideLayout", "../l.xml"),
            ("g", "chart", "../g.xml"),
        ),
        "ppt/n.xml": element("p:notes", shape("à dire")),
        "ppt/c.xml": element("p:cmLst", "<p:cm><p:text>à revoir</p:text></p:cm>"),
        "ppt/l.xml": element("p:sldLayout", shape("Modifiez le titre", placeholder=True) + shape("Étude Dupont, notaires")),
        "ppt/g.xml": element("c:chartSpace", "<c:tx><c:v>Recettes</c:v></c:tx><c:f>Feuil1!A1</c:f>"),
    }


def test_everything_said_on_slides_is_read(tmp_path: Path) -> None:
    text = slides.read(source(tmp_path, deck())).text
    assert [line.strip() for line in text.splitlines() if line.strip()] == [
        "première", "à dire", "à revoir", "dernière", "une photo", "Étude Dupont, notaires", "Recettes",
    ]  # fmt: skip


def test_slides_are_counted(tmp_path: Path) -> None:
    assert slides.read(source(tmp_path, deck())).metadata["xmpTPg:NPages"] == ["2"]


def test_a_slide_that_is_not_there_is_doubted(tmp_path: Path) -> None:
    parts = deck()
    del parts["ppt/slides/1.xml"]
    with pytest.raises(DoubtError):
        slides.read(source(tmp_path, parts))
