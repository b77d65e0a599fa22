"""Words and their forms as tokens of Elasticsearch.

A form is `stem:word`, one token for each stem of a word. The forms of a query word that the embedded index looks up in its
dictionary, words with a common stem that begin alike, are then the tokens that begin with `stem:beginning`: the same
documents, found by one look at sorted terms.
"""

from __future__ import annotations

import hashlib

from archiver.adapters.index.analysis import TOO_LONG, stem_prefix, stems

_KEPT = 65_536
_LONGEST_NAME = 100
_LONGEST_VALUE = 4096
_DIGITS = 32


class Forms:
    """Forms of words; remembers those of words met before. Safe for several threads."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {TOO_LONG: ""}

    def of(self, words: set[str]) -> str:
        """The forms of all these words, joined by blanks; "" when none inflects."""
        known = self._known
        new = list(words.difference(known))
        if new:
            if len(known) + len(new) > _KEPT:
                known = self._known = {TOO_LONG: ""}
                new = list(words.difference(known))
            for word, some in zip(new, stems(new), strict=True):
                known[word] = " ".join(f"{stem}:{word}" for stem in sorted(some))
        return " ".join(filter(None, map(known.__getitem__, words)))


def beginnings(word: str) -> tuple[str, ...]:
    """What the forms that match a folded query word begin with; empty for a word that does not inflect."""
    its_stems = stems([word])[0]
    beginning = stem_prefix(word, its_stems)
    return tuple(f"{stem}:{beginning}" for stem in sorted(its_stems))


def named(name: str, token: str) -> str:
    """A token of the metadata field `name`."""
    return f"{_cut(name, _LONGEST_NAME)}={token}"


def bounded(value: str) -> str:
    """A whole value, short enough to be a term: a very long one is cut and told apart by its digest."""
    return _cut(value, _LONGEST_VALUE)


def _cut(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    return text[:length] + hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
