"""Workbooks: cells as shown, and everything else people write into a sheet."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.adapters.extraction.readers import sheet
from archiver.adapters.extraction.source import DoubtError
from archiver.domain.extraction import Outcome
from tests.support.office_files import element, relations, source, workbook

_STYLES = (
    '<s:numFmts><s:numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></s:numFmts>'
    '<s:cellXfs><s:xf numFmtId="0"/><s:xf numFmtId="164"/><s:xf numFmtId="4"/></s:cellXfs>'
)


def test_cells_of_every_type(tmp_path: Path) -> None:
    rows = (
        '<s:row><s:c t="s"><s:v>0</s:v></s:c><s:c><s:v>12</s:v></s:c><s:c s="1"><s:v>45413</s:v></s:c>'
        '<s:c s="2"><s:v>1234.5</s:v></s:c></s:row>'
        '<s:row><s:c t="b"><s:v>1</s:v></s:c><s:c t="e"><s:v>#REF!</s:v></s:c><s:c t="str"><s:v>calculé</s:v></s:c>'
        '<s:c t="inlineStr"><s:is><s:r><s:t>en</s:t></s:r><s:r><s:t>ligne</s:t></s:r></s:is></s:c></s:row>'
    )
    text = sheet.read(source(tmp_path, workbook(rows, _STYLES, strings="<s:si><s:t>Total</s:t></s:si>"))).text
    assert text.splitlines()[:3] == [
        "Ventes",
        "Total\t12\t01/05/2024 2024-05-01\t1,234.50 1234.5\t",
        "TRUE\t#REF!\tcalculé\tenligne\t",
    ]


def test_page_headers_lose_their_codes(tmp_path: Path) -> None:
    after = (
        '<s:headerFooter><s:oddHeader>&amp;L&amp;"Arial,Bold"&amp;12Secret&amp;R&amp;P / &amp;N</s:oddHeader></s:headerFooter>'
    )
    text = sheet.read(source(tmp_path, workbook("", after=after))).text
    assert text.split() == ["Ventes", "Secret", "/"]


def test_comments_with_their_authors(tmp_path: Path) -> None:
    parts = workbook("") | {
        "xl/worksheets/_rels/sheet1.xml.rels": relations(("c", "comments", "../comments1.xml")),
        "xl/comments1.xml": element(
            "s:comments",
            "<s:authors><s:author>Zoé</s:author></s:authors><s:commentList>"
            '<s:comment authorId="0"><s:text><s:t>à revoir</s:t></s:text></s:comment></s:commentList>',
        ),
    }
    reading = sheet.read(source(tmp_path, parts))
    assert "Zoé: à revoir" in reading.text
    assert reading.metadata["msoffice:has-comments"] == ["true"]


def test_hidden_sheets_and_names_are_found(tmp_path: Path) -> None:
    book = element(
        "s:workbook",
        '<s:sheets><s:sheet name="Caché" state="hidden" r:id="a"/></s:sheets><s:definedNames>'
        '<s:definedName name="TAUX">1</s:definedName>'
        '<s:definedName name="_xlnm.Print_Area">A1</s:definedName></s:definedNames>',
    )
    reading = sheet.read(source(tmp_path, workbook("") | {"xl/workbook.xml": book}))
    assert reading.text.split() == ["Caché", "TAUX"]
    assert reading.metadata["msoffice:excel:hidden-sheet-names"] == ["Caché"]


def test_days_counted_from_1904(tmp_path: Path) -> None:
    book = element("s:workbook", '<s:workbookPr date1904="1"/><s:sheets><s:sheet name="a" r:id="a"/></s:sheets>')
    rows = '<s:row><s:c s="1"><s:v>1</s:v></s:c></s:row>'
    text = sheet.read(source(tmp_path, workbook(rows, _STYLES) | {"xl/workbook.xml": book})).text
    assert "02/01/1904 1904-01-02" in text


def test_a_streamed_part_with_a_document_type_is_doubted(tmp_path: Path) -> None:
    declared = "<!DOCTYPE s [<!ENTITY e 'x'>]>" + element("s:worksheet", "<s:row><s:c><s:v>1</s:v></s:c></s:row>")
    with pytest.raises(DoubtError, match="document type"):
        sheet.read(source(tmp_path, workbook("") | {"xl/worksheets/sheet1.xml": declared}))


def test_one_string_in_every_cell_does_not_fill_the_memory(tmp_path: Path) -> None:
    rows = "<s:row>" + '<s:c t="s"><s:v>0</s:v></s:c>' * 400 + "</s:row>"
    long = "x" * 100_000
    reading = sheet.read(source(tmp_path, workbook(rows, strings=f"<s:si><s:t>{long}</s:t></s:si>")))
    assert reading.outcome is Outcome.TOO_LARGE
    assert len(reading.text) <= 16 * 1024**2


@pytest.mark.parametrize("cell", ['<s:c t="s"><s:v>7</s:v></s:c>', '<s:c t="s"><s:v>x</s:v></s:c>'])
def test_a_string_that_is_not_there_is_doubted(tmp_path: Path, cell: str) -> None:
    with pytest.raises(DoubtError):
        sheet.read(source(tmp_path, workbook(f"<s:row>{cell}</s:row>")))


def test_a_sheet_that_is_not_there_is_doubted(tmp_path: Path) -> None:
    parts = workbook("")
    del parts["xl/worksheets/sheet1.xml"]
    with pytest.raises(DoubtError):
        sheet.read(source(tmp_path, parts))
