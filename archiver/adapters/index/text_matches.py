"""Where the words of a query stand in a text, found without splitting the whole text into words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

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
    matcher = _matcher(node)
    return matcher.matches(text) if matcher.parts else iter(())


class _Matcher:
    """All parts of a query as one pattern; kept, since a page of hits asks the same of each text."""

    def __init__(self, node: Node) -> None:
        self.parts = _parts(node)
        self._pattern = self._compiled()
        self._accepts = lru_cache(maxsize=65_536)(self._judge)

    def matches(self, text: bytes) -> Iterator[Match]:
        """Matches in `text`, first to last."""
        for found in self._pattern.finditer(text):
            start, end = found.span()
            if not _inside_word(text, start) and self._accepts(found.lastindex - 1, text[start:end]):
                yield Match(start, end, found.lastindex - 1)

    def _compiled(self) -> Any:
        import re2

        options = re2.Options()
        options.max_mem, options.log_errors = _MEMORY, False
        return re2.compile("|".join(f"({part.pattern()})" for part in self.parts), options)

    def _judge(self, part: int, found: bytes) -> bool:
        return self.parts[part].accepts(found.decode("utf-8", "replace"))


@lru_cache(maxsize=8)
def _matcher(node: Node) -> _Matcher:
    return _Matcher(node)


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
