"""Text that may hold anything, made safe to show on a terminal or in a report: nothing hidden, nothing obeyed."""

from __future__ import annotations

import re
import unicodedata

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SUSPECT = re.compile(r"[^ -~\u00a1-\u00ac\u00ae-\u02ff]")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SPACES = "Zs"
_MAX_MARKS = 4
_LOWEST_ESCAPED_BYTE, _HIGHEST_ESCAPED_BYTE = 0xDC80, 0xDCFF


def safe(text: str) -> str:
    """`text` on one line with control characters, escape sequences, marks that reverse or hide, and bytes that were no
    UTF-8 written out as visible escapes (`\\n`, `\\x1b`, `\\u202e`, `\\xff`). Letters of every script stay."""
    if text.isascii() and text.isprintable():
        return text
    return _without_towers(_SUSPECT.sub(lambda found: _shown(found[0]), text))


def safe_name(name: str, width: int = 120) -> str:
    """A file name or path for people: safe, not empty, and shortened in the middle to `width` characters."""
    shown = safe(name) or "(no name)"
    if len(shown) <= width:
        return shown
    head = (width - 1) * 2 // 3
    return shown[:head] + "…" + shown[len(shown) - (width - 1 - head) :]


def _shown(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    category = unicodedata.category(char)
    if category == _SPACES:
        return " "
    return _escaped(ord(char)) if category in _HIDDEN else char


def _escaped(code: int) -> str:
    if _LOWEST_ESCAPED_BYTE <= code <= _HIGHEST_ESCAPED_BYTE:
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _without_towers(text: str) -> str:
    """Stacks of combining marks cut after a few: a hundred of them would paint over the lines around."""
    if not any(unicodedata.combining(char) for char in text):
        return text
    kept, marks = [], 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MAX_MARKS:
            kept.append(char)
    return "".join(kept)
