"""Text into lines of a width, in the fonts every PDF reader has. Nothing is cut off: what is too long goes on in the next line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from archiver.domain.display import safe


@dataclass(frozen=True, slots=True, eq=False)
class Style:
    """A font, its size and the distance of its lines, in points. Each is told from the others by being another object."""

    font: str
    size: float
    leading: float
    grey: float = 0.0


TITLE = Style("Times-Bold", 24, 30)
SUBTITLE = Style("Times-Italic", 12.5, 17, 0.3)
HEADING = Style("Times-Bold", 13.5, 19)
TEXT = Style("Times-Roman", 10.5, 14)
LABEL = Style("Times-Italic", 10, 14, 0.3)
MONO = Style("Courier", 8.5, 12)
CELL = Style("Times-Roman", 9, 11.5)
CELL_HEAD = Style("Times-Bold", 9, 11.5)
CELL_MONO = Style("Courier", 7.6, 11.5)
REMARK = Style("Times-Italic", 8.5, 10.5, 0.35)
RUNNING = Style("Times-Roman", 8.5, 10.5, 0.35)


def lines_of(text: str, style: Style, width: float) -> list[str]:
    """`text` in lines of at most `width` points, broken between words, and inside those that are longer than a line."""
    lines: list[str] = []
    line, used, space = "", 0.0, width_of(" ", style)
    for word in shown(text).split(" "):
        needed = width_of(word, style)  # nothing is kerned: the widths of words add up
        if line and used + space + needed <= width:
            line, used = f"{line} {word}", used + space + needed
            continue
        if line:
            lines.append(line)
        if needed > width:
            *whole, word = _pieces(word, style, width)
            lines += whole
        line, used = word, width_of(word, style)
    return [*lines, line]


@lru_cache(maxsize=8192)
def width_of(text: str, style: Style) -> float:
    """Width in points."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return float(stringWidth(text, style.font, style.size))


def shown(text: str) -> str:
    """With what these fonts have no sign for written out as its number."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign if _has_sign(sign) else f"\\u{ord(sign):04x}" for sign in safe(text))


def _has_sign(sign: str) -> bool:
    try:
        return bool(sign.encode("cp1252"))
    except UnicodeEncodeError:
        return False


def _pieces(word: str, style: Style, width: float) -> list[str]:
    pieces = [""]
    for sign in word:
        if pieces[-1] and width_of(pieces[-1] + sign, style) > width:
            pieces.append("")
        pieces[-1] += sign
    return pieces
