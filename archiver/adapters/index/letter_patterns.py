"""Patterns that find a folded word in text as it was written: any case, any accents, ligatures, soft hyphens."""

from __future__ import annotations

import re
from functools import lru_cache

from archiver.adapters.index.analysis import folding

_LATIN = ((0xC0, 0x250), (0x1E00, 0x1F00))
_PRESENTATION = {"ff": "ﬀ", "fi": "ﬁ", "fl": "ﬂ", "st": "ﬆ"}
_JOINED = r"[\x{0300}-\x{036f}\x{00ad}\x{200b}-\x{200d}\x{2060}]*"
REST_OF_WORD = r"[\pL\pN\pM\x{00ad}\x{200b}-\x{200d}\x{2060}]*"
BETWEEN_WORDS = r"[^\pL\pN]{0,12}"


def word_pattern(folded: str) -> str:
    """RE2 source for text that folds to `folded`; may match a little more, so a match is to be folded and compared."""
    parts, place = [], 0
    while place < len(folded):
        pair = folded[place : place + 2]
        one = _letter(folded[place])
        if pair in _ligatures():
            parts.append(f"(?:{one}{_letter(pair[1])}|[{_ligatures()[pair]}]{_JOINED})")
            place += 2
        else:
            parts.append(one)
            place += 1
    return "".join(parts)


@lru_cache(maxsize=4096)
def _letter(char: str) -> str:
    return f"[{re.escape(char)}{re.escape(char.upper()) if len(char.upper()) == 1 else ''}{_variants().get(char, '')}]{_JOINED}"


@lru_cache(maxsize=1)
def _folds() -> dict[str, str]:
    """Folded form -> the characters of the Latin blocks that fold to it."""
    table: dict[str, str] = {}
    for first, end in _LATIN:
        for char in map(chr, range(first, end)):
            folded = "".join(folding().analyze(char))
            if folded and folded != char:
                table[folded] = table.get(folded, "") + char
    return table


@lru_cache(maxsize=1)
def _variants() -> dict[str, str]:
    return {folded: chars for folded, chars in _folds().items() if len(folded) == 1}


@lru_cache(maxsize=1)
def _ligatures() -> dict[str, str]:
    pairs = {folded: chars for folded, chars in _folds().items() if len(folded) == 2}
    return {pair: pairs.get(pair, "") + _PRESENTATION.get(pair, "") for pair in pairs.keys() | _PRESENTATION.keys()}
