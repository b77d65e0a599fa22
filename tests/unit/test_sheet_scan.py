"""Cells told apart without a tree: the same text as by the parser, and the parser wherever it takes one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.adapters.extraction.readers import sheet, sheet_cells, sheet_scan
from archiver.adapters.extraction.source import DoubtError
from tests.support.office_files import Parts, source, unprefixed, workbook

STYLES = (
    '<s:numFmts><s:numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></s:numFmts>'
    '<s:cellXfs><s:xf numFmtId="0"/><s:xf numFmtId="164"/><s:xf numFmtId="4"/></s:cellXfs>'
)
STRINGS = '<s:si><s:t>Total &amp; suite</s:t></s:si><s:si><s:t xml:space="preserve"> à part </s:t></s:si>'
ROWS = (
    '<s:row r="1"><s:c r="A1" t="s"><s:v>0</s:v></s:c><s:c r="B1" s="1"><s:v>45413</s:v></s:c><s:c r="C1" s="2"/>'
    '<s:c r="D1" s="2"><s:f>A1*2</s:f><s:v>1234.5</s:v></s:c><s:c r="E1" t="s"><s:v>1</s:v></s:c></s:row>'
    '<s:row r="2"/><s:row r="3"><s:c r="A3" t="inlineStr"><s:is><s:t>R&#233;f &lt;1&gt;</s:t></s:is></s:c>'
    '<s:c r="B3" t="b"><s:v>1</s:v></s:c><s:c r="C3" t="str"><s:f t="shared" si="0"/><s:v>a&amp;b</s:v></s:c>'
    '<s:c r="D3" t="inlineStr"><s:v>7</s:v></s:c><s:c r="E3"><s:v>-0</s:v></s:c></s:row>'
)
AFTER = "<s:headerFooter><s:oddFooter>&amp;LSecret</s:oddFooter></s:headerFooter>"
PART = "xl/worksheets/sheet1.xml"


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Streams that were handed to the parser."""
    seen: list[str] = []
    real = sheet_cells.elements

    def elements(stream, tags, where):
        seen.append(where)
        return real(stream, tags, where)

    monkeypatch.setattr(sheet_cells, "elements", elements)
    return seen


def text(folder: Path, parts: Parts) -> str:
    return sheet.read(source(folder, parts)).text


def test_the_text_is_that_of_the_parser(tmp_path: Path, parses: list[str]) -> None:
    parts = workbook(ROWS, STYLES, AFTER, STRINGS)
    parsed = text(tmp_path, parts)
    assert parses == [PART, "xl/strings.xml"]
    parses.clear()
    assert text(tmp_path, unprefixed(parts)) == parsed
    assert parses == [PART]  # for what is printed below the pages
    assert "Total & suite\t01/05/2024 2024-05-01\t1,234.50 1234.5\t à part " in parsed


@pytest.mark.parametrize(
    "odd",
    [
        '<s:row><s:c t="inlineStr"><s:is><s:r><s:t>en</s:t></s:r><s:r><s:t>ligne</s:t></s:r></s:is></s:c></s:row>',
        "<s:row><s:c><!-- x --><s:v>5</s:v></s:c></s:row>",
        '<s:row><s:c t="str"><s:v><![CDATA[a<b]]></s:v></s:c></s:row>',
        "<s:row><s:c r='A1'><s:v>5</s:v></s:c></s:row>",
        '<s:row><s:c t="str"><x xmlns="urn:x"><v>no</v></x><s:v>5</s:v></s:c></s:row>',
    ],
)
def test_what_is_written_otherwise_is_parsed(tmp_path: Path, parses: list[str], odd: str) -> None:
    parsed = text(tmp_path, workbook(ROWS + odd, STYLES, "", STRINGS))
    parses.clear()
    assert text(tmp_path, unprefixed(workbook(ROWS + odd, STYLES, "", STRINGS))) == parsed
    assert parses == [PART]


def test_rows_of_another_namespace_are_no_rows(tmp_path: Path, parses: list[str]) -> None:
    rows = '<s:row><s:c><s:v>1</s:v></s:c></s:row><s:row xmlns="urn:x"><s:c><s:v>2</s:v></s:c></s:row>'
    assert text(tmp_path, unprefixed(workbook(rows))).split() == ["Ventes", "1"]
    assert parses == [PART]


@pytest.mark.parametrize(
    ("stored", "shown"), [("-0", "0"), ("007", "7"), ("1.50", "1.5"), ("12.25", "12.25"), ("1E3", "1000"), ("nan", "nan")]
)
def test_numbers_without_a_format(tmp_path: Path, stored: str, shown: str) -> None:
    rows = f"<s:row><s:c><s:v>{stored}</s:v></s:c></s:row>"
    assert text(tmp_path, unprefixed(workbook(rows))).split() == ["Ventes", shown]


@pytest.mark.parametrize(
    "bad",
    [
        '<s:row><s:c t="str"><s:v>&entity;</s:v></s:c></s:row>',
        '<s:row><s:c t="str"><s:v>&#1;</s:v></s:c></s:row>',
        '<s:row><s:c t="str"><s:v>\x01</s:v></s:c></s:row>',
        "<s:row><s:c><s:f><s:v>1</s:v></s:c></s:row>",
        '<s:row><s:c s="1" s="2"><s:v>1</s:v></s:c></s:row>',
        "<s:row><s:c><s:v>1</s:v></s:c>",
    ],
)
def test_what_no_parser_takes_is_doubted(tmp_path: Path, bad: str) -> None:
    with pytest.raises(DoubtError):
        text(tmp_path, unprefixed(workbook(ROWS + bad, STYLES, "", STRINGS)))


def test_a_part_cut_short_is_doubted(tmp_path: Path) -> None:
    parts = unprefixed(workbook(ROWS, STYLES, "", STRINGS))
    whole = str(parts[PART])
    for end in (whole.index("</sheetData>"), whole.index("</worksheet>")):
        with pytest.raises(DoubtError):
            text(tmp_path, parts | {PART: whole[:end]})


def test_another_encoding_is_the_parsers(tmp_path: Path, parses: list[str]) -> None:
    row = '<s:row><s:c t="str"><s:v>été</s:v></s:c></s:row>'
    parts = unprefixed(workbook(row))
    told = '<?xml version="1.0" encoding="ISO-8859-1"?>' + str(parts[PART])
    assert "été" in text(tmp_path, parts | {PART: told.encode("latin-1")})
    assert parses == [PART]


def test_items_are_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_scan, "_BLOCK", 7)
    items = b"".join(b"<row>%d</row>" % number for number in range(50))
    after = []

    def cut() -> Iterator[bytes]:
        after.append((yield from sheet_scan.blocks(io.BytesIO(items[5:] + b"</all><after/>"), items[:5], b"</row>", b"</all>")))

    found = list(cut())
    assert after == [b"<after/>"]
    assert b"".join(found) == items
    assert len(found) > 10
    assert all(block.endswith(b"</row>") for block in found if block)


def test_one_item_without_end_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_scan, "_LARGEST", 1000)
    with pytest.raises(DoubtError):
        list(sheet_scan.blocks(io.BytesIO(b"x" * 1_000_000), b"", b"</row>", b"</all>"))
