"""Automatic numbers of paragraphs (ISO/IEC 29500-1, 17.9): "Article 3.2" is nowhere written in the text it is shown before."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archiver.adapters.extraction.readers.ooxml import W
from archiver.adapters.extraction.readers.safe_xml import Element
from archiver.adapters.extraction.readers.word_styles import Place, Styles, integer, own_place

_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"),
          (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_PLACE = re.compile(r"%([1-9])")
_NOT_SHOWN = {"bullet", "none"}
_LARGEST = 9999


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a list: first value, format of its values, and the pattern they are shown in, as "%1.%2"."""

    start: int
    format: str
    pattern: str
    decimal_only: bool


class Numbering:
    """Counts through a document; ask once per paragraph, in order."""

    def __init__(self, numbering: Element, styles: Styles | None) -> None:
        self._abstract = {item.get(f"{W}abstractNumId"): _levels(item) for item in numbering.iterchildren(f"{W}abstractNum")}
        self._lists: dict[str, str] = {}
        self._overrides: dict[str, dict[int, Level]] = {}
        self._restarts: dict[str, dict[int, int]] = {}
        for item in numbering.iterchildren(f"{W}num"):
            self._add_list(item)
        self._styles = styles
        self._counts: dict[str, dict[int, int]] = {}
        self._started: set[str] = set()

    def label(self, properties: Element) -> str:
        """What is shown before a paragraph with these properties (w:pPr), such as "3.2" or "b)"; "" for none."""
        place = self._place(properties)
        if place is None or place.list_id not in self._lists:
            return ""
        return self._count(place.list_id, place.level or 0)

    def _add_list(self, item: Element) -> None:
        list_id, abstract = item.get(f"{W}numId"), item.find(f"{W}abstractNumId")
        if list_id is None or abstract is None:
            return
        self._lists[list_id] = abstract.get(f"{W}val")
        self._overrides[list_id] = {}
        self._restarts[list_id] = {}
        for override in item.iterchildren(f"{W}lvlOverride"):
            number = integer(override.get(f"{W}ilvl"), 0)
            self._overrides[list_id] |= _levels(override)
            start = override.find(f"{W}startOverride")
            if start is not None:
                self._restarts[list_id][number] = integer(start.get(f"{W}val"), 1)

    def _place(self, properties: Element) -> Place | None:
        own = own_place(properties)
        style = properties.find(f"{W}pStyle")
        inherited = self._styles.place(style.get(f"{W}val")) if style is not None and self._styles else None
        if own is None or inherited is None:
            return own or inherited
        return Place(own.list_id or inherited.list_id, inherited.level if own.level is None else own.level)

    def _count(self, list_id: str, number: int) -> str:
        levels = self._abstract.get(self._lists[list_id], {}) | self._overrides[list_id]
        level = levels.get(number)
        if level is None:
            return ""
        counts = self._counts.setdefault(self._lists[list_id], {})
        if list_id not in self._started:
            self._started.add(list_id)
            for restarted, start in self._restarts[list_id].items():
                counts[restarted] = start - 1
        counts[number] = counts.get(number, level.start - 1) + 1
        for deeper in [key for key in counts if key > number]:
            del counts[deeper]
        return "" if level.format in _NOT_SHOWN else _shown(level, levels, counts)


def _shown(level: Level, levels: dict[int, Level], counts: dict[int, int]) -> str:
    def value(match: re.Match[str]) -> str:
        at = int(match[1]) - 1
        of = levels.get(at, level)
        return formatted(counts.get(at, of.start), "decimal" if level.decimal_only else of.format)

    return _PLACE.sub(value, level.pattern)


def formatted(value: int, style: str) -> str:
    """A count as letters, Roman numerals or digits; digits for the styles of other scripts."""
    if not 0 < value <= _LARGEST:
        return str(value)
    if style in ("lowerLetter", "upperLetter"):
        letters = chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 + 1)
        return letters.upper() if style == "upperLetter" else letters
    if style in ("lowerRoman", "upperRoman"):
        return _roman(value).upper() if style == "upperRoman" else _roman(value)
    return f"{value:02}" if style == "decimalZero" else str(value)


def _roman(value: int) -> str:
    out = ""
    for size, letters in _ROMAN:
        out += letters * (value // size)
        value %= size
    return out


def _levels(item: Element) -> dict[int, Level]:
    return {integer(level.get(f"{W}ilvl"), 0): _level(level) for level in item.iterchildren(f"{W}lvl")}


def _level(level: Element) -> Level:
    def value(tag: str, default: str) -> str:
        found = level.find(f"{W}{tag}")
        return default if found is None else found.get(f"{W}val") or default

    return Level(
        integer(value("start", "0"), 0), value("numFmt", "decimal"), value("lvlText", ""), level.find(f"{W}isLgl") is not None
    )
