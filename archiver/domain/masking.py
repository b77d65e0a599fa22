"""Payment card numbers are masked wherever text is indexed or shown (PCI DSS 3.4): at most the last four digits stay."""

from __future__ import annotations

from collections.abc import Iterable

PLACEHOLDER = "*"
_KEPT = 4


def mask(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """`text`, of the same length, with the digits inside `spans` (character positions) replaced but for the last four of each."""
    pieces, at = [], 0
    for start, end in _joined(spans):
        pieces += [text[at:start], _masked(text[start:end])]
        at = end
    return "".join([*pieces, text[at:]]) if pieces else text


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order; those that overlap are one, or each would show four digits of the other."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _masked(number: str) -> str:
    hidden = sum(character.isdigit() for character in number) - _KEPT
    out = []
    for character in number:
        hide = character.isdigit() and hidden > 0
        hidden -= character.isdigit()
        out.append(PLACEHOLDER if hide else character)
    return "".join(out)
