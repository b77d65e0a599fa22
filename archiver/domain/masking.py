"""Payment card numbers are masked wherever text is indexed or shown (PCI DSS 3.4): at most the last four digits stay."""

from __future__ import annotations

from collections.abc import Iterable

_MASK = str.maketrans("0123456789", "XXXXXXXXXX")
_KEPT = 4


def mask(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """`text`, of the same length, with the digits inside `spans` (character positions) replaced but for the last four."""
    pieces, at = [], 0
    for start, end in sorted(spans):
        shown = _last_digits(text, start, end)
        pieces += [text[at:start], text[start:shown].translate(_MASK), text[shown:end]]
        at = end
    return "".join([*pieces, text[at:]]) if pieces else text


def _last_digits(text: str, start: int, end: int) -> int:
    """Where the last four digits of the span begin."""
    left = _KEPT
    for place in range(end - 1, start - 1, -1):
        left -= text[place].isdigit()
        if not left:
            return place
    return start
