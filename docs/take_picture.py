"""Takes the picture in the README: runs commands on a terminal and draws what they print as SVG.

`python -m docs.take_picture ARCHIVE [FILE]`, in an environment where `minutier` is installed. Nothing is retouched.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from html import escape
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.color import Color
from rich.style import Style
from rich.text import Text

COLUMNS, LINE, LETTER = 116, 18.0, 8.0
COMMANDS = (
    ("search", "dégât des eaux date:2023-11"),
    ("search", "--limit", "1", "--no-facets", '"late payment" kind:word'),
)
DARK, PALE, MARK = "#1b1f2a", "#d8dee9", "#8fbcbb"
DIM = "#7d8799"
_THEME = {1: "#bf616a", 2: "#a3be8c", 3: "#ebcb8b"}
"""The terminal's red, green and yellow."""


def printed(archive: Path, command: tuple[str, ...]) -> str:
    """What a command prints on a terminal, colours included."""
    program = Path(sys.executable).parent / "minutier"
    here, there = pty.openpty()
    environment = os.environ | {"COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    child = subprocess.Popen([program, "--archive", archive, *command], stdout=there, stderr=there, stdin=there, env=environment)  # noqa: S603
    os.close(there)
    pieces = []
    while True:
        try:
            pieces.append(os.read(here, 65536))
        except OSError:  # Linux answers EIO when the other end is closed
            break
    child.wait()
    os.close(here)
    return b"".join(pieces).decode("utf-8", "replace").replace("\r\n", "\n")


def lines(archive: Path) -> list[Text]:
    """Prompt and output of all commands, wrapped as a terminal does."""
    shown: list[Text] = []
    for command in COMMANDS:
        words = " ".join(word if word.replace("-", "").isalnum() else f"'{word}'" for word in command)
        shown.append(Text(f"$ minutier {words}", Style(color=MARK, bold=True)))
        for line in AnsiDecoder().decode(printed(archive, command)):
            shown += list(line.divide(range(COLUMNS, len(line.plain), COLUMNS))) or [Text()]
        shown.append(Text())
    return shown[:-1]


def svg(shown: list[Text]) -> str:
    """The lines as a picture that needs nothing from elsewhere."""
    width, height = COLUMNS * LETTER + 32, len(shown) * LINE + 28
    rows = "\n".join(f'<text x="16" y="{24 + number * LINE:.0f}">{_row(line)}</text>' for number, line in enumerate(shown))
    font = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="A terminal in which minutier searches an archive">\n'
        f'<rect width="100%" height="100%" rx="8" fill="{DARK}"/>\n'
        f'<g font-family="{font}" font-size="13.2" fill="{PALE}" xml:space="preserve">\n{rows}\n</g>\n</svg>\n'
    )


def _row(line: Text) -> str:
    parts, at = [], 0
    for span in sorted(line.spans, key=lambda span: span.start):
        if span.start > at:
            parts.append(_piece(line.plain[at : span.start], Style()))
        style = span.style if isinstance(span.style, Style) else Style.parse(span.style)
        parts.append(_piece(line.plain[max(at, span.start) : span.end], style + Style()))
        at = max(at, span.end)
    base = line.style if isinstance(line.style, Style) else Style()
    parts.append(_piece(line.plain[at:], base))
    return "".join(parts)


def _piece(text: str, style: Style) -> str:
    if not text:
        return ""
    colour = DIM if style.dim else _colour(style.color)
    weight = ' font-weight="bold"' if style.bold else ""
    return f'<tspan fill="{colour}"{weight} textLength="{len(text) * LETTER:.0f}">{escape(text)}</tspan>'


def _colour(color: Color | None) -> str:
    if color is None or color.is_default:
        return PALE
    return _THEME.get(color.number or 0, color.get_truecolor().hex)


def main() -> None:
    """Draw the archive named on the command line."""
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent / "search.svg"
    target.write_text(svg(lines(Path(sys.argv[1]))), encoding="utf-8")


if __name__ == "__main__":
    main()
