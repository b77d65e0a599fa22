"""What a Word document may hold is found once, wherever it stands; what is not understood is not passed over in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.adapters.extraction.readers import word
from archiver.adapters.extraction.source import DoubtError
from archiver.domain.extraction import Limits, Outcome
from tests.support.office_files import element, paragraph, relations, source, workbook, zipped
from tests.support.office_files import word as document

_TEXT_BOX = f"<w:txbxContent>{paragraph('encadré')}</w:txbxContent>"


def text_of(folder: Path, *args: object, **parts: str | bytes) -> str:
    return word.read(source(folder, document(*args, **parts))).text  # type: ignore[arg-type]


def test_stories_are_read_in_the_order_of_the_page(tmp_path: Path) -> None:
    text = text_of(
        tmp_path,
        paragraph("corps"),
        ("h", "header", "header1.xml"),
        ("f", "footer", "footer1.xml"),
        ("n", "footnotes", "footnotes.xml"),
        ("c", "comments", "comments.xml"),
        header1__xml=element("w:hdr", paragraph("en-tête")),
        footer1__xml=element("w:ftr", paragraph("pied")),
        footnotes__xml=element("w:footnotes", f"<w:footnote>{paragraph('note')}</w:footnote>"),
        comments__xml=element("w:comments", f'<w:comment w:author="Zoé">{paragraph("remarque")}</w:comment>'),
    )
    assert text.split() == ["en-tête", "corps", "note", "remarque", "pied"]


def test_the_author_of_a_comment_is_metadata(tmp_path: Path) -> None:
    comments = element("w:comments", f'<w:comment w:author="Zoé">{paragraph("remarque")}</w:comment>')
    reading = word.read(source(tmp_path, document(paragraph("x"), ("c", "comments", "comments.xml"), comments__xml=comments)))
    assert reading.metadata["msoffice:comment-person-display-name"] == ["Zoé"]


@pytest.mark.parametrize(
    "body",
    [
        f"<mc:AlternateContent><mc:Choice>{_TEXT_BOX}</mc:Choice><mc:Fallback>{_TEXT_BOX}</mc:Fallback></mc:AlternateContent>",
        f"<mc:AlternateContent><mc:Choice><w:r/></mc:Choice><mc:Fallback>{_TEXT_BOX}</mc:Fallback></mc:AlternateContent>",
        f"<w:pict><v:textbox>{_TEXT_BOX}</v:textbox></w:pict>",
    ],
)
def test_a_text_box_is_read_once(tmp_path: Path, body: str) -> None:
    assert text_of(tmp_path, f"<w:p><w:r>{body}</w:r></w:p>").split() == ["encadré"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "<w:p><w:del><w:r><w:delText>biffé</w:delText></w:r></w:del><w:ins><w:r><w:t>ajouté</w:t></w:r></w:ins></w:p>",
            "biffé ajouté",
        ),
        ("<w:p><w:r><w:instrText>PAGE</w:instrText></w:r><w:fldSimple><w:r><w:t>7</w:t></w:r></w:fldSimple></w:p>", "7"),
        (f"<w:sdt><w:sdtPr><w:alias/></w:sdtPr><w:sdtContent>{paragraph('contrôle')}</w:sdtContent></w:sdt>", "contrôle"),
        (f"<w:tbl><w:tr><w:tc>{paragraph('a')}</w:tc><w:tc>{paragraph('b')}</w:tc></w:tr></w:tbl>", "a b"),
        ('<w:p><w:r><w:pict><v:textpath string="CONFIDENTIEL"/></w:pict></w:r></w:p>', "CONFIDENTIEL"),
        ('<w:p><w:r><wp:docPr id="1" descr="plan du site"/></w:r></w:p>', "plan du site"),
        (
            '<w:p><w:ffData><w:ddList><w:result w:val="1"/>'
            '<w:listEntry w:val="a"/><w:listEntry w:val="b"/></w:ddList></w:ffData></w:p>',
            "b",
        ),
        ("<w:p><w:r><w:t>Saint</w:t><w:noBreakHyphen/><w:t>Denis</w:t></w:r></w:p>", "Saint-Denis"),
    ],
)
def test_forms_of_text(tmp_path: Path, body: str, expected: str) -> None:
    text = text_of(tmp_path, body)
    assert text.split() in (expected.split(), ["".join(expected.split())])


def test_an_embedded_workbook_belongs_to_the_text(tmp_path: Path) -> None:
    book = zipped(workbook('<s:row><s:c t="inlineStr"><s:is><s:t>chiffres</s:t></s:is></s:c></s:row>'))
    text = text_of(tmp_path, paragraph("corps"), ("e", "package", "embeddings/b.xlsx"), **{"embeddings/b__xlsx": book})
    assert "corps" in text
    assert "chiffres" in text


@pytest.mark.parametrize(
    ("kind", "target", "part"),
    [("oleObject", "o.bin", b"\0"), ("image", "i.wmf", b"\0"), ("video", "v.mp4", b"\0"), ("novelty", "n.xml", b"<n/>")],
)
def test_what_is_not_read_here_is_doubted(tmp_path: Path, kind: str, target: str, part: bytes) -> None:
    with pytest.raises(DoubtError):
        text_of(tmp_path, paragraph("corps"), ("x", kind, target), **{target.replace(".", "__"): part})


@pytest.mark.parametrize("body", ['<w:altChunk r:id="a"/>', '<w:subDoc r:id="a"/>', "", paragraph(" ")])
def test_foreign_content_and_silence_are_doubted(tmp_path: Path, body: str) -> None:
    with pytest.raises(DoubtError):
        text_of(tmp_path, body)


def test_damaged_xml_is_doubted(tmp_path: Path) -> None:
    with pytest.raises(DoubtError, match="not well-formed"):
        word.read(source(tmp_path, document("") | {"word/document.xml": "<w:p>"}))


def test_a_document_type_is_doubted(tmp_path: Path) -> None:
    declared = '<!DOCTYPE d [<!ENTITY e "x">]>' + element("w:document", paragraph("corps"))
    with pytest.raises(DoubtError, match="document type"):
        word.read(source(tmp_path, document("") | {"word/document.xml": declared}))


def test_documents_embedded_in_each_other_end_somewhere(tmp_path: Path) -> None:
    inner = zipped(document(paragraph("fond")))
    for _ in range(4):
        inner = zipped(document(paragraph("x"), ("e", "package", "e.docx"), e__docx=inner))
    assert "fond" in word.read(source(tmp_path, inner)).text
    with pytest.raises(DoubtError, match="deep"):
        word.read(source(tmp_path, inner, Limits(depth=3)))


def test_a_part_that_expands_too_far_is_named(tmp_path: Path) -> None:
    bomb = element("w:document", " " * (20 * 1024**2))
    reading = word.read(source(tmp_path, document("") | {"word/document.xml": bomb}))
    assert reading.outcome is Outcome.TOO_LARGE
    assert "word/document.xml" in reading.reason


def test_a_text_beyond_the_limit_is_never_called_complete(tmp_path: Path) -> None:
    parts = document(paragraph("deux"), ("h", "header", "h.xml"), h__xml=element("w:hdr", paragraph("un")))
    reading = word.read(source(tmp_path, parts, Limits(text_chars=4)))
    assert (reading.text, reading.outcome) == ("un\n", Outcome.TOO_LARGE)


def test_numbers_of_clauses_are_counted_as_shown(tmp_path: Path) -> None:
    levels = "".join(
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{style}"/><w:lvlText w:val="{pattern}"/></w:lvl>'
        for at, (style, pattern) in enumerate([("decimal", "Article %1"), ("decimal", "%1.%2"), ("lowerLetter", "%3)")])
    )
    numbering = element(
        "w:numbering",
        f'<w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum><w:num w:numId="5"><w:abstractNumId w:val="0"/></w:num>',
    )
    styles = element("w:styles", '<w:style w:styleId="T"><w:pPr><w:numPr><w:numId w:val="5"/></w:numPr></w:pPr></w:style>')

    def item(level: int, text: str) -> str:
        return paragraph(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="5"/></w:numPr>')

    body = (
        item(0, "Objet") + item(1, "x") + item(1, "y") + item(2, "z") + paragraph("Durée", '<w:pStyle w:val="T"/>') + item(1, "w")
    )
    text = text_of(
        tmp_path,
        body,
        ("n", "numbering", "numbering.xml"),
        ("s", "styles", "styles.xml"),
        numbering__xml=numbering,
        styles__xml=styles,
    )
    assert text.splitlines() == ["Article 1 Objet", "1.1 x", "1.2 y", "a) z", "Article 2 Durée", "2.1 w"]


def test_properties_are_under_the_keys_of_tika(tmp_path: Path) -> None:
    core = (
        '<c xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:t="http://purl.org/dc/terms/"><dc:title>Bail</dc:title>'
        "<dc:creator>Zoé</dc:creator><t:created>2024-05-01T10:00:00+02:00</t:created>"
        "<dc:subject>s</dc:subject><keywords>k</keywords></c>"
    )
    parts = document(paragraph("x")) | {
        "_rels/.rels": relations(("m", "officeDocument", "word/document.xml"), ("c", "metadata/core-properties", "core.xml")),
        "core.xml": core,
    }
    metadata = word.read(source(tmp_path, parts)).metadata
    assert metadata["dc:title"] == ["Bail"]
    assert metadata["dcterms:created"] == ["2024-05-01T08:00:00Z"]
    assert metadata["dc:subject"] == ["s", "k"]
    assert metadata["meta:keyword"] == ["k"]
