"""Cells of a worksheet, streamed: a sheet of a million rows takes no more memory than its shared strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from archiver.adapters.extraction.readers.number_format import BUILT_IN, Formatter, formatter, general
from archiver.adapters.extraction.readers.ooxml import OfficeFile, S
from archiver.adapters.extraction.readers.safe_xml import Element, elements
from archiver.adapters.extraction.source import DoubtError

_BOOLEANS = {"0": "FALSE", "1": "TRUE", "false": "FALSE", "true": "TRUE"}
_VALUE = f"{S}v"
_PHONETIC = f"{S}rPh"
_HEADER_CODE = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f]{6}|\d+|[LCRPNDTZFAGSUEXYBIOH+&-])')


class Workbook:
    """What the cells of all sheets share: strings, formats and the first day of the calendar."""

    def __init__(self, file: OfficeFile) -> None:
        self._file = file
        self.root = file.tree(file.main.part)
        if self.root.tag != f"{S}workbook":
            raise DoubtError(f"{file.main.part} is not of the transitional form of ISO/IEC 29500")

    @cached_property
    def strings(self) -> list[str]:
        """Shared strings, by position."""
        parts = self._file.related(self._file.main.part, "sharedStrings")
        if not parts:
            return []
        with self._file.package.stream(parts[0]) as stream:
            return [string_text(item) for item in elements(stream, (f"{S}si",), parts[0])]

    @cached_property
    def formatters(self) -> list[Formatter]:
        """How to show a number, by cell style."""
        parts = self._file.related(self._file.main.part, "styles")
        if not parts:
            return []
        styles = self._file.tree(parts[0])
        codes = BUILT_IN | {
            int(item.get("numFmtId")): item.get("formatCode", "") for item in styles.iterfind(f"{S}numFmts/{S}numFmt")
        }
        made: dict[int, Formatter] = {}
        out = []
        for style in styles.iterfind(f"{S}cellXfs/{S}xf"):
            number = int(style.get("numFmtId", "0"))
            if number not in made:
                made[number] = formatter(codes.get(number, "General"), self.date1904)
            out.append(made[number])
        return out

    @cached_property
    def date1904(self) -> bool:
        """Whether days are counted from 1904."""
        properties = self.root.find(f"{S}workbookPr")
        return properties is not None and properties.get("date1904") in ("1", "true")

    def text(self, part: str) -> Iterator[str]:
        """Cells of one sheet, a line a row, empty ones left out; then the lines printed above and below its pages."""
        with self._file.package.stream(part) as stream:
            for element in elements(stream, (f"{S}row", f"{S}headerFooter"), part):
                if element.tag == f"{S}headerFooter":
                    yield from (f"{line}\n" for item in element if (line := _HEADER_CODE.sub(" ", item.text or "").strip()))
                else:
                    yield from self._row(element)

    def _row(self, row: Element) -> Iterator[str]:
        """A piece a cell: thousands of cells may share one long string."""
        for cell in row:
            shown = self._shown(cell)
            if shown:
                yield shown
                yield "\t"
        yield "\n"

    def _shown(self, cell: Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            found = cell.find(f"{S}is")
            return "" if found is None else string_text(found)
        value = next(cell.iterchildren(_VALUE), None)
        raw: str | None = value.text if value is not None else None
        if not raw:
            return ""
        if kind == "s":
            return self._shared(raw)
        if kind == "n":
            return self._number(raw, cell.get("s"))
        return _BOOLEANS.get(raw, raw) if kind == "b" else raw

    def _shared(self, raw: str) -> str:
        try:
            return self.strings[int(raw)]
        except (IndexError, ValueError):
            raise DoubtError(f"a cell names the shared string {raw[:20]}, which does not exist") from None

    def _number(self, raw: str, style: str | None) -> str:
        try:
            value = float(raw)
        except ValueError:
            return raw
        if value in (float("inf"), float("-inf")) or value != value:
            return raw
        index = int(style) if style else 0
        return (self.formatters[index] if index < len(self.formatters) else general)(value)


def string_text(item: Element) -> str:
    """Text of a string item: its runs, then how they are pronounced."""
    text = "".join(run.text or "" for run in item.iter(f"{S}t") if run.getparent().tag != _PHONETIC)
    spoken = "".join(run.text or "" for run in item.iter(f"{S}t") if run.getparent().tag == _PHONETIC)
    return f"{text} {spoken}" if spoken else text
