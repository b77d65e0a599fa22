"""Cells of a worksheet, streamed: a sheet of a million rows takes no more memory than its shared strings."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Generator, Iterator
from functools import cached_property, partial
from typing import IO

from archiver.adapters.extraction.readers.number_format import BUILT_IN, Formatter, formatter, general
from archiver.adapters.extraction.readers.ooxml import OfficeFile, S
from archiver.adapters.extraction.readers.safe_xml import Element, elements
from archiver.adapters.extraction.readers.sheet_scan import Opened, UnusualError, blocks, decoded, opened, unescaped
from archiver.adapters.extraction.source import DoubtError

Show = Callable[[str], str]
_BOOLEANS = {"0": "FALSE", "1": "TRUE", "false": "FALSE", "true": "TRUE"}
_NO_NUMBERS = (float("inf"), float("-inf"))
_AS_SHOWN = re.compile(r"0|-?[1-9][0-9]{0,8}(?:\.[0-9]?[1-9])?")
"""Numbers that are shown as they are stored where no format says otherwise."""
_CELLS, _ROW_END, _CELLS_END = b"<sheetData>", b"</row>", b"</sheetData>"
_TOKEN = re.compile(
    r'<c(?: r="[A-Z]{1,3}[0-9]{1,7}")?((?: (?:s|t|cm|vm|ph)="[^"<&]*")*)(?:/>|>'
    r"(?:<f(?: [^<>]*)?(?:/>|(?<!/)>[^<]*</f>))?"
    r'(?:<v>([^<]*)</v>|<is><t(?: xml:space="preserve")?>([^<]*)</t></is>)?</c>)\s*'
    r"|(<row(?: [^<>]*)?>|</row>)\s*|(.)",
    re.DOTALL,
)
"""One token each: a cell (attributes, value, text of its own), the beginning or end of a row, and what is neither."""
_ATTRIBUTE = re.compile(r' (\w+)="([^"]*)"')
_INLINE = 't="inlineStr"'
_STRING = re.compile(r'<si><t(?: xml:space="preserve")?>([^<]*)</t></si>\s*|(.)', re.DOTALL)
_LONG = 64 * 1024
"""Characters above which pieces are not joined: thousands of cells may share one long string."""
_VALUE = f"{S}v"
_PHONETIC = f"{S}rPh"
_HEADER_CODE = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f]{6}|\d+|[LCRPNDTZFAGSUEXYBIOH+&-])')


class Workbook:
    """What the cells of all sheets share: strings, formats and the first day of the calendar."""

    def __init__(self, file: OfficeFile) -> None:
        self._file = file
        self.root = file.tree(file.main.part)
        self._shows = _Shows(self)
        if self.root.tag != f"{S}workbook":
            raise DoubtError(f"{file.main.part} is not of the transitional form of ISO/IEC 29500")

    @cached_property
    def strings(self) -> list[str]:
        """Shared strings, by position."""
        parts = self._file.related(self._file.main.part, "sharedStrings")
        if not parts:
            return []
        with self._file.package.stream(parts[0]) as stream:
            try:
                start = opened(stream)
            except UnusualError:
                stream.seek(0)
                return _parsed_strings(stream, parts[0])
            return list(_strings(stream, start, parts[0]))

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
            try:
                start = opened(stream)
                at = start.rest.index(_CELLS) + len(_CELLS)
            except (UnusualError, ValueError):
                stream.seek(0)
                yield from self._parsed(stream, part)
                return
            after = yield from self._scanned(stream, start, start.rest[at:], part)
            if not after.rstrip().endswith(start.closing):
                raise DoubtError(f"{part} does not end as it should")
            if b"headerFooter" in after:
                yield from self._parsed(io.BytesIO(start.root + after), part)

    def _scanned(self, stream: IO[bytes], start: Opened, rest: bytes, part: str) -> Generator[str, None, bytes]:
        """The cells; returns what comes after them in the part."""
        rows = blocks(stream, rest, _ROW_END, _CELLS_END)
        while True:
            try:
                block = next(rows)
            except StopIteration as end:
                return bytes(end.value)
            try:
                shown = self._told(decoded(block))
            except UnusualError:
                yield from self._parsed(io.BytesIO(start.around(block)), part)
            else:
                yield from shown if sum(map(len, shown)) > _LONG else ["".join(shown)]

    def _told(self, rows: str) -> list[str]:
        """The rows' cells and what stands between them."""
        out: list[str] = []
        inside = False
        add, shows = out.append, self._shows
        for attributes, value, inline, row, unusual in _TOKEN.findall(rows):
            if value:
                shown = shows[attributes](unescaped(value) if "&" in value else value)
            elif inline:
                shown = unescaped(inline) if _INLINE in attributes else ""
            elif row:
                inside, ended = _in_row(row, inside)
                if ended:
                    add("\n")
                continue
            elif unusual:
                raise UnusualError
            else:
                continue
            if shown:
                add(shown)
                add("\t")
        if inside:
            raise UnusualError
        return out

    def _parsed(self, stream: IO[bytes], part: str) -> Iterator[str]:
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
        return self.show(kind, cell.get("s"))(raw) if raw else ""

    def show(self, kind: str, style: str | None) -> Show:
        """What turns the raw value of a cell of this type and style into what is shown."""
        if kind == "s":
            return self._shared
        if kind == "n":
            index = int(style) if style else 0
            form = self.formatters[index] if index < len(self.formatters) else general
            return _general if form is general else partial(_number, form)
        if kind == "inlineStr":
            return lambda _raw: ""
        return (lambda raw: _BOOLEANS.get(raw, raw)) if kind == "b" else str

    def _shared(self, raw: str) -> str:
        try:
            return self.strings[int(raw)]
        except (IndexError, ValueError):
            raise DoubtError(f"a cell names the shared string {raw[:20]}, which does not exist") from None


class _Shows(dict[str, Show]):
    """Ways of showing a value, by the attributes of its cell as they are written."""

    def __init__(self, workbook: Workbook) -> None:
        super().__init__()
        self._workbook = workbook

    def __missing__(self, attributes: str) -> Show:
        found = _ATTRIBUTE.findall(attributes)
        named = dict(found)
        if len(named) != len(found):
            raise UnusualError
        show = self[attributes] = self._workbook.show(named.get("t", "n"), named.get("s"))
        return show


def _in_row(tag: str, inside: bool) -> tuple[bool, bool]:
    """Whether what follows the tag is in a row, and whether a row ended with it."""
    closing = tag.startswith("</")
    if closing != inside:
        raise UnusualError
    alone = tag.endswith("/>")
    return not closing and not alone, closing or alone


def _general(raw: str) -> str:
    return raw if _AS_SHOWN.fullmatch(raw) else _number(general, raw)


def _number(form: Formatter, raw: str) -> str:
    try:
        value = float(raw)
    except ValueError:
        return raw
    return raw if value in _NO_NUMBERS or value != value else form(value)


def _strings(stream: IO[bytes], start: Opened, part: str) -> Iterator[str]:
    for block in blocks(stream, start.rest, b"</si>", start.closing):
        try:
            yield from _told_strings(decoded(block))
        except UnusualError:
            yield from _parsed_strings(io.BytesIO(start.around(block)), part)


def _told_strings(block: str) -> list[str]:
    found = _STRING.findall(block)
    if any(unusual for _, unusual in found):
        raise UnusualError
    return [unescaped(text) for text, _ in found]


def _parsed_strings(stream: IO[bytes], part: str) -> list[str]:
    return [string_text(item) for item in elements(stream, (f"{S}si",), part)]


def string_text(item: Element) -> str:
    """Text of a string item: its runs, then how they are pronounced."""
    text = "".join(run.text or "" for run in item.iter(f"{S}t") if run.getparent().tag != _PHONETIC)
    spoken = "".join(run.text or "" for run in item.iter(f"{S}t") if run.getparent().tag == _PHONETIC)
    return f"{text} {spoken}" if spoken else text
