"""Paragraph styles of a Word document, each read when a paragraph has it: templates bring hundreds that none has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archiver.adapters.extraction.readers.ooxml import W
from archiver.adapters.extraction.readers.safe_xml import Element, parsed

_DECLARED = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_ROOT = re.compile(rb"\s*(?:<\?xml[^>]*\?>)?\s*(<w:styles [^<>]*[^<>/]>)")
_OTHER_ENCODING = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"'](?!utf-8[\"'])", re.I)
_PLAIN_NAME = re.compile(r"[\w .-]+")
_STYLE, _STYLE_END = b"<w:style ", b"</w:style>"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a paragraph stands: list and level; None where its properties don't say."""

    list_id: str | None
    level: int | None


def integer(text: str | None, default: int) -> int:
    """A number as written in an attribute; the default for anything else."""
    return int(text) if text and text.isdecimal() and text.isascii() and len(text) < 10 else default


def own_place(properties: Element) -> Place | None:
    """The place that paragraph properties (w:pPr) state themselves."""
    found = properties.find(f"{W}numPr")
    if found is None:
        return None
    list_id, level = found.find(f"{W}numId"), found.find(f"{W}ilvl")
    return Place(
        None if list_id is None else list_id.get(f"{W}val"),
        None if level is None else integer(level.get(f"{W}val"), 0),
    )


class Styles:
    """Styles by name, from the bytes of their part. Raises DoubtError for a style that is not well-formed."""

    def __init__(self, data: bytes, where: str) -> None:
        self._data = data
        self._where = where
        self._root = _plain_root(data)
        self._all: dict[str, Element] | None = None
        self._places: dict[str, Place | None] = {}

    def place(self, name: str | None) -> Place | None:
        """Where a paragraph of this style stands, by the style or those it is based on."""
        if not name:
            return None
        if name not in self._places:
            self._places[name] = self._inherited(name)
        return self._places[name]

    def _inherited(self, name: str | None) -> Place | None:
        seen: set[str] = set()
        while name and name not in seen:
            seen.add(name)
            style = self._style(name)
            if style is None:
                return None
            properties, based = style.find(f"{W}pPr"), style.find(f"{W}basedOn")
            place = None if properties is None else own_place(properties)
            if place is not None:
                return place
            name = None if based is None else based.get(f"{W}val")
        return None

    def _style(self, name: str) -> Element | None:
        if self._all is None and (found := self._cut_out(name)):
            return parsed(self._root + found + b"</w:styles>", self._where)[0]
        if self._all is None:
            tree = parsed(self._data, self._where)
            self._all = {style.get(f"{W}styleId", ""): style for style in tree.iterchildren(f"{W}style")}
        return self._all.get(name)

    def _cut_out(self, name: str) -> bytes:
        """The bytes of one style; b"" where only a parser can tell which they are."""
        mark = f' w:styleId="{name}"'.encode()
        if not self._root or not _PLAIN_NAME.fullmatch(name) or self._data.count(mark) != 1:
            return b""
        at = self._data.find(mark)
        start, opened = self._data.rfind(_STYLE, 0, at + 1), self._data.find(b">", at)
        if start < 0 or opened < 0 or self._data.find(b">", start, at) >= 0:
            return b""
        if self._data[opened - 1 : opened] == b"/":
            return self._data[start : opened + 1]
        end = self._data.find(_STYLE_END, opened)
        return self._data[start : end + len(_STYLE_END)] if end >= 0 else b""


def _plain_root(data: bytes) -> bytes:
    """The opening tag of the part when it is written as nearly all are: UTF-8, the usual prefix, nothing commented out."""
    root = _ROOT.match(data)
    if root is None or b"<!" in data or data.count(b"xmlns:w=") != 1 or _OTHER_ENCODING.match(data):
        return b""
    return root.group(1) if _DECLARED in root.group(1) else b""
