"""Styles found one by one say what they say when all are parsed."""

from __future__ import annotations

import pytest

from archiver.adapters.extraction.readers import word_styles
from archiver.adapters.extraction.readers.word_styles import Place, Styles
from tests.support.office_files import element

STYLES = element(
    "w:styles",
    '<w:docDefaults/><w:style w:type="paragraph" w:styleId="Normal"/>'
    '<w:style w:type="paragraph" w:styleId="Article"><w:basedOn w:val="Normal"/><w:pPr><w:numPr><w:ilvl w:val="1"/>'
    '<w:numId w:val="4"/></w:numPr></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="ArticleBis"><w:basedOn w:val="Article"/><w:pPr><w:jc/></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Ring"><w:basedOn w:val="Around"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Around"><w:basedOn w:val="Ring"/></w:style>',
)
PLACES = {"Normal": None, "Article": Place("4", 1), "ArticleBis": Place("4", 1), "Ring": None, "Absent": None, "": None}


def places(text: str) -> dict[str, Place | None]:
    styles = Styles(text.encode(), "styles.xml")
    return {name: styles.place(name) for name in PLACES}


def test_a_style_takes_its_place_from_those_it_is_based_on() -> None:
    assert places(STYLES) == PLACES


@pytest.mark.parametrize(
    "spelled",
    [
        STYLES.replace("<w:docDefaults/>", '<!-- <w:style w:styleId="Article"/> -->'),
        STYLES.replace("<w:docDefaults/>", "<w:docDefaults x=' w:styleId=\"Article\"'/>"),
        STYLES.replace("<w:docDefaults/>", '<w:style w:styleId="Article"><w:pPr/></w:style>'),
        STYLES.replace("w:", "z:").replace("xmlns:w", "xmlns:z"),
        STYLES.replace('w:styleId="Article"', "w:styleId='Article'"),
        STYLES.replace('w:styleId="Article"', 'w:note=">" w:styleId="Article"'),
    ],
)
def test_however_it_is_spelled(spelled: str) -> None:
    assert places(spelled) == PLACES


def test_a_name_inside_another_style_is_not_its_name() -> None:
    number = '<w:pPr><w:numPr><w:numId w:val="9"/></w:numPr></w:pPr>'
    other = element("w:styles", f'<w:style w:styleId="Other"><w:link w:styleId="Article"/>{number}</w:style>')
    assert Styles(other.encode(), "styles.xml").place("Article") is None


def test_styles_that_no_paragraph_has_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    real = word_styles.parsed
    monkeypatch.setattr(word_styles, "parsed", lambda data, where: sizes.append(len(data)) or real(data, where))
    many = STYLES.replace(
        "<w:docDefaults/>", "".join(f'<w:style w:styleId="S{number}"><w:pPr/></w:style>' for number in range(999))
    )
    assert Styles(many.encode(), "styles.xml").place("ArticleBis") == Place("4", 1)
    assert max(sizes) < len(many) / 10
