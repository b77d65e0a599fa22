"""Text into lines of a width, in the fonts every PDF reader has. Nothing is cut off: what is too long goes on in the next line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from archiver.domain.display import safe


@dataclass(frozen=True, slots=True)
class Style:
    """A font, its size and the distance of its lines, in points."""

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


@lru_cache(maxsize=8192)
def lines_of(text: str, style: Style, width: float) -> tuple[str, ...]:
    """`text` in lines of at most `width` points, broken between words, and inside those that are longer than a line."""
    lines: list[str] = []
    line = ""
    for word in shown(text).split(" "):
        joined = f"{line} {word}" if line else word
        if _fits(joined, style, width):
            line = joined
            continue
        if line:
            lines.append(line)
        *whole, line = _pieces(word, style, width)
        lines += whole
    return (*lines, line)


@lru_cache(maxsize=8192)
def width_of(text: str, style: Style) -> float:
    """Width in points."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return float(stringWidth(text, style.font, style.size))


def shown(text: str) -> str:
    """With what these fonts have no sign for written out as its number."""
    return "".join(sign if _has_sign(sign) else f"\\u{ord(sign):04x}" for sign in safe(text))


def _has_sign(sign: str) -> bool:
    try:
        return bool(sign.encode("cp1252"))
    except UnicodeEncodeError:
        return False


def _fits(text: str, style: Style, width: float) -> bool:
    return width_of(text, style) <= width


def _pieces(word: str, style: Style, width: float) -> list[str]:
    pieces = [""]
    for sign in word:
        if pieces[-1] and not _fits(pieces[-1] + sign, style, width):
            pieces.append("")
        pieces[-1] += sign
    return pieces
