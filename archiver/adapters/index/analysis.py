"""How text becomes words: one folded form for the index, and the inflections of French and English found at query time.

Only folded words are indexed (lower case, accents and ligatures resolved). Stemming at index time would triple the cost
of a document; instead a query word is widened to the words of the dictionary that share a stem with it, which also
lets `resilie` find `résilié` and `résilier`.
"""

from __future__ import annotations

import os
import re
import unicodedata
from functools import lru_cache

import tantivy

LONGEST_WORD = 128
"""Bytes of the longest word indexed; longer runs are encoded data, not language."""

TOO_LONG = "."
"""Stands for a word that is not indexed; no word can be equal to it."""

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Japanese, Chinese
)
_CARE = re.compile(
    f"[\u00ad\u0300-\u036f\u200b-\u200f\u2060\ufeff\ufb00-\ufb06\uff00-\uffef\U0001d400-\U0001d7ff\ud800-\udfff{_UNSPACED}]"
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_LETTER_WORD = re.compile(f"([{_UNSPACED}])")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ELISION = re.compile(r"(?:l|d|j|m|t|s|n|c|qu|jusqu|lorsqu|puisqu|quoiqu)['’ʼ](?=\w)", re.IGNORECASE)
_ACCENTED_ENDS = (("ees", "ées"), ("es", "és"), ("ee", "ée"), ("e", "é"))
_SHORTEST_STEM = 3


@lru_cache(maxsize=1)
def folding() -> tantivy.TextAnalyzer:
    """The analyzer of every indexed text."""
    chain = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    filters = (tantivy.Filter.remove_long(LONGEST_WORD), tantivy.Filter.lowercase(), tantivy.Filter.ascii_fold())
    for step in filters:
        chain = chain.filter(step)
    return chain.build()


@lru_cache(maxsize=2)
def _every_word(*, folded: bool) -> tantivy.TextAnalyzer:
    """`folding` without its limit on long words, and (not folded) the bare words it begins with, one to one."""
    chain = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in (tantivy.Filter.lowercase(), tantivy.Filter.ascii_fold()) if folded else ():
        chain = chain.filter(step)
    return chain.build()


@lru_cache(maxsize=2)
def _stemmer(language: str) -> tantivy.TextAnalyzer:
    chain = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    return chain.filter(tantivy.Filter.stemmer(language)).filter(tantivy.Filter.ascii_fold()).build()


def prepared(text: str) -> str:
    """`text` as the analyzer should get it: composed accents, no invisible signs, scripts written without spaces one
    letter a word, bytes that were not UTF-8 as separators. Free of cost for plain Latin text."""
    if text.isascii() or not _wants_care(text):
        return text
    text = unicodedata.normalize("NFKC", _SURROGATE.sub(" ", text))
    return _LETTER_WORD.sub(r" \1 ", _INVISIBLE.sub("", text))


def _wants_care(text: str) -> bool:
    """Western European text needs none but for soft hyphens: seen at once, without a look at every letter."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return _CARE.search(text) is not None
    return "\u00ad" in text


def folded_words(text: str) -> list[str]:
    """The words of `text` in the form in which they are indexed."""
    words: list[str] = folding().analyze(prepared(text))
    return words


def placed_words(text: str) -> list[str]:
    """`folded_words` with `TOO_LONG` where a word is left out for its length, so that its neighbours are not next to each
    other."""
    plain = prepared(text)
    words: list[str] = _every_word(folded=True).analyze(plain)
    if max(map(len, words), default=0) < LONGEST_WORD // 4:
        return words
    bare = _every_word(folded=False).analyze(plain)
    return [word if len(one.encode()) < LONGEST_WORD else TOO_LONG for word, one in zip(words, bare, strict=True)]


def encodable(text: str) -> str:
    """`text` with bytes that were no UTF-8 (PEP 383 escapes) as `?`."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def unspaced(letter: str) -> bool:
    """Whether it belongs to a script written without spaces, of which each letter is indexed as a word."""
    return _LETTER_WORD.fullmatch(letter) is not None


def without_elision(word: str) -> str:
    """`l'article` -> `article`, `jusqu’au` -> `au`."""
    return _ELISION.sub("", word, count=1) if _ELISION.match(word) else word


def file_name(path: str) -> str:
    """The last part of a path, in either system's writing, or of a place inside a container."""
    return os.path.basename(path.replace("\\", "/"))


def stems(words: list[str]) -> list[frozenset[str]]:
    """For each folded word the stems it may have, French ones and English ones apart; empty for what is no Latin word."""
    readings = [(place, reading) for place, word in enumerate(words) for reading in _readings(word)]
    found: list[set[str]] = [set() for _ in words]
    text = " ".join(reading for _, reading in readings)
    for (place, _), stem in zip(readings, _stemmer("french").analyze(text), strict=True):
        found[place].add("fr:" + stem.replace("y", "i"))
    latin = [(place, word) for place, word in enumerate(words) if _inflects(word)]
    for (place, _), stem in zip(latin, _stemmer("english").analyze(" ".join(word for _, word in latin)), strict=True):
        found[place].add("en:" + stem)
    return [frozenset(one) for one in found]


def stem_prefix(word: str, its_stems: frozenset[str]) -> str:
    """What every inflection of `word` that is looked for begins with."""
    length = min((_common(word, stem[3:]) for stem in its_stems), default=len(word))
    return word[: max(_SHORTEST_STEM, length - 1 if length > _SHORTEST_STEM + 1 else length)]


def _inflects(word: str) -> bool:
    return len(word) >= _SHORTEST_STEM and word.isascii() and word.isalpha()


def _readings(word: str) -> list[str]:
    """A folded word as it is, and as the participle it would be with its accent."""
    if not _inflects(word):
        return []
    accented = next((word.removesuffix(plain) + written for plain, written in _ACCENTED_ENDS if word.endswith(plain)), "")
    return [word, accented] if accented else [word]


def _common(left: str, right: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
