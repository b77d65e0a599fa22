"""Where the words of a query stand in a text, found without splitting the whole text into words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from archiver.adapters.index.analysis import folded_words, stem_prefix, stems, unspaced, without_elision
from archiver.adapters.index.letter_patterns import BETWEEN_WORDS, REST_OF_WORD, word_pattern
from archiver.domain.query import ANYWHERE, Node, Phrase, Prefix, Word, leaves

_MEMORY = 64 << 20


@dataclass(frozen=True, slots=True)
class Match:
    """A match in UTF-8 bytes, and the part of the query it belongs to."""

    start: int
    end: int
    part: int


@dataclass(frozen=True, slots=True)
class _Part:
    """One thing to look for: a word and its inflections, the beginning of a word, or words in a row."""

    words: tuple[str, ...]
    stems: frozenset[str] = frozenset()
    beginning: bool = False

    def pattern(self) -> str:
        if len(self.words) > 1:
            source = BETWEEN_WORDS.join(word_pattern(word) for word in self.words)
        else:
            source = word_pattern(stem_prefix(self.words[0], self.stems) if self.stems else self.words[0])
        return source if unspaced(self.words[-1]) else source + REST_OF_WORD

    def accepts(self, found: str) -> bool:
        words = folded_words(found)
        if tuple(words) == self.words:
            return True
        if len(words) != 1 or len(self.words) != 1:
            return False
        return words[0].startswith(self.words[0]) if self.beginning else bool(self.stems & stems(words)[0])


def matches(node: Node, text: bytes) -> Iterator[Match]:
    """Matches of the free words of `node`, from the beginning of `text`."""
    parts = _parts(node)
    if not parts:
        return
    import re2

    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    compiled = re2.compile("|".join(f"({part.pattern()})" for part in parts), options)
    accepted = lru_cache(maxsize=65_536)(lambda part, found: parts[part].accepts(found.decode("utf-8", "replace")))
    for found in compiled.finditer(text):
        start, end = found.span()
        part = next(place for place in range(len(parts)) if found.start(place + 1) >= 0)
        if not _inside_word(text, start) and accepted(part, text[start:end]):
            yield Match(start, end, part)


def _parts(node: Node) -> list[_Part]:
    """Longest first, as of two that begin at one place the first is taken."""
    found: dict[_Part, None] = {}
    for leaf in leaves(node):
        if isinstance(leaf, Word | Phrase | Prefix) and leaf.field == ANYWHERE:
            words = tuple(folded_words(leaf.text if isinstance(leaf, Phrase) else without_elision(leaf.text)))
            if words:
                found.update(dict.fromkeys(_of_leaf(leaf, words)))
    return sorted(found, key=lambda part: -sum(map(len, part.words)))


def _of_leaf(leaf: Word | Phrase | Prefix, words: tuple[str, ...]) -> list[_Part]:
    match leaf:
        case Prefix():
            return [_Part(words[-1:], beginning=True), *(_Part((word,)) for word in words[:-1])]
        case Word() if len(words) == 1:
            return [_Part(words, stems([words[0]])[0])]
        case _:
            return [_Part(words)]


def _inside_word(text: bytes, start: int) -> bool:
    """Whether a word goes on at `start`. Scripts without spaces have no inside: each letter is a word."""
    before = text[max(0, start - 4) : start].decode("utf-8", "ignore")[-1:]
    return before != "" and unicodedata.category(before)[0] in "LNM" and not unspaced(before)
