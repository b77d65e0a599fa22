"""The inflected forms of a query word that the dictionaries of some partitions hold."""

from __future__ import annotations

from collections.abc import Sequence

import tantivy

from archiver.adapters.index.analysis import stem_prefix, stems
from archiver.adapters.index.conditions import BODY

_MOST_WORDS_KEPT = 4096


class Inflections:
    """Looks words up in the dictionaries of one state of the index; remembers what it found for that state.

    The answer is all forms there are: a form cut off because of other people's documents would change what is found.
    """

    def __init__(self, searchers: Sequence[tantivy.Searcher]) -> None:
        self._searchers = searchers
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, word: str) -> tuple[str, ...]:
        """Indexed words with a stem in common with the folded `word`, sorted; always `word` itself."""
        if word not in self._known:
            if len(self._known) >= _MOST_WORDS_KEPT:
                self._known.clear()
            self._known[word] = self._look_up(word)
        return self._known[word]

    def _look_up(self, word: str) -> tuple[str, ...]:
        its_stems = stems([word])[0]
        if not its_stems:
            return (word,)
        prefix = stem_prefix(word, its_stems)
        candidates = sorted({term for searcher in self._searchers for term, _ in searcher.terms_with_prefix(BODY, prefix)})
        related = (term for term, other in zip(candidates, stems(candidates), strict=True) if its_stems & other)
        return tuple(sorted({word, *related}))
