"""Pages one after the other: margins, running head and foot, page n of m. Drawn, or only counted.

A page's operators (ISO 32000-1, 8 and 9) are written here: the library's own way of drawing a line of text takes ten times as long,
which at a hundred thousand documents is minutes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import Any

from archiver.adapters.certificates.typeset import CELL_HEAD, HEADING, LABEL, RUNNING, TEXT, Style, lines_of, shown, width_of

WIDTH, HEIGHT = 595.28, 841.89
LEFT, RIGHT = 68.0, WIDTH - 60.0
TOP, BOTTOM = HEIGHT - 74.0, 66.0
_FONT_NAME = re.compile(r"/(\S+) \S+ Tf")
LABELS = 118.0
"""Width of the labels beside facts, in points."""


class Sheet:
    """A pen on A4 paper. Everything is in points, from the page's lower left.

    Args:
        canvas: where to draw; None counts pages only.
        pages: how many there will be.
        head, foot: what runs along above and below.
    """

    def __init__(self, canvas: Any, pages: int, head: str, foot: str) -> None:
        self._canvas, self._pages, self._head, self._foot = canvas, pages, head, foot
        self.number, self.y = 1, TOP
        self._on_turn: Callable[[], None] = lambda: None
        self._code: list[str] = []
        self._fonts: dict[str, str] = {}
        self._running()

    def finish(self) -> None:
        """End the last page."""
        if self._canvas:
            self._canvas.addLiteral("\n".join(self._code))
            self._canvas.showPage()

    def need(self, height: float) -> None:
        """Turn the page unless so much fits on it."""
        if self.y - height >= BOTTOM:
            return
        self.finish()
        self.number, self.y, self._code = self.number + 1, TOP, []
        self._running()
        self._on_turn()

    def write(self, x: float, text: str, style: Style, y: float | None = None) -> None:
        """One line of text that fits, at the pen's height."""
        if self._canvas:
            font, at = self._resource(style.font), self.y if y is None else y
            self._code.append(f"BT {style.grey:g} g /{font} {style.size:g} Tf {x:.2f} {at:.2f} Td ({_escaped(text)}) Tj ET")

    def rule(self, y: float, grey: float = 0.7, weight: float = 0.5) -> None:
        """A line across the page."""
        self._code.append(f"{grey:g} G {weight:g} w {LEFT:.2f} {y:.2f} m {RIGHT:.2f} {y:.2f} l S")

    def _resource(self, font: str) -> str:
        """The font's name inside the file, as the library gives it."""
        if font not in self._fonts:
            text = self._canvas.beginText()
            text.setFont(font, 1)
            self._fonts[font] = _FONT_NAME.findall(text.getCode())[-1]
        return self._fonts[font]

    def bookmark(self, title: str) -> None:
        """An entry in the reader's table of contents."""
        if self._canvas:
            self._canvas.bookmarkPage(title)
            self._canvas.addOutlineEntry(title, title)

    def heading(self, text: str, following: float = 40) -> None:
        """A section begins, with some of what follows on the same page."""
        self.need(HEADING.leading + 12 + following)
        self.y -= HEADING.leading + 12
        self.write(LEFT, text, HEADING)
        self.bookmark(text)
        self.y -= 6

    def paragraph(self, text: str, style: Style = TEXT, indent: float = 0, after: float = 4) -> None:
        """Words in lines."""
        for line in lines_of(text, style, RIGHT - LEFT - indent):
            self.need(style.leading)
            self.y -= style.leading
            self.write(LEFT + indent, line, style)
        self.y -= after

    def fact(self, label: str, *values: str, style: Style = TEXT) -> None:
        """A label and what it stands for beside it, each value from a line of its own; on one page if it fits on one."""
        labels = lines_of(label, LABEL, LABELS - 8)
        said = [line for value in values for line in lines_of(value, style, RIGHT - LEFT - LABELS)]
        self.need(min(max(len(labels), len(said)) * LABEL.leading, (TOP - BOTTOM) / 2))
        for name, line in zip_longest(labels, said, fillvalue=""):
            self.need(LABEL.leading)
            self.y -= LABEL.leading
            self.write(LEFT, name, LABEL)
            self.write(LEFT + LABELS, line, style)

    def listed(self, title: str, lines: Iterable[str], otherwise: str) -> None:
        """A section of lines with a dash before each; `otherwise` where there is none."""
        self.heading(title)
        found = False
        for line in lines:
            found = True
            self.need(TEXT.leading)
            self.write(LEFT + 4, "–", TEXT, self.y - TEXT.leading)
            self.paragraph(line, indent=16, after=2)
        if not found:
            self.paragraph(otherwise)

    def head_row(self, columns: Sequence[tuple[float, str]]) -> None:
        """Names of columns, here and at the top of each page the table goes on to, until `end_table`."""

        def draw() -> None:
            self.y -= CELL_HEAD.leading
            for x, name in columns:
                self.write(x, name, CELL_HEAD)
            self.y -= 5
            self.rule(self.y, 0.2)
            self.y -= 2

        self.need(60)
        draw()
        self._on_turn = draw

    def end_table(self) -> None:
        """The names of columns are not repeated any more."""
        self._on_turn = lambda: None

    def _running(self) -> None:
        self.write(LEFT, shown(self._head), RUNNING, HEIGHT - 46)
        self.rule(HEIGHT - 52)
        self.rule(BOTTOM - 16)
        self.write(LEFT, shown(self._foot), RUNNING, BOTTOM - 28)
        numbered = f"page {self.number:,} of {self._pages:,}"
        self.write(RIGHT - width_of(numbered, RUNNING), numbered, RUNNING, BOTTOM - 28)


def _escaped(text: str) -> str:
    """A string of PDF in WinAnsi, the encoding these fonts are used in."""
    guarded = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    if guarded.isascii():
        return guarded
    return "".join(sign if sign.isascii() else f"\\{sign.encode('cp1252')[0]:03o}" for sign in guarded)
