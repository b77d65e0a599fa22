"""Words and their forms as tokens of Elasticsearch.

A form is `stem:word`, one token for each stem of a word. The forms of a query word that the embedded index looks up in its
dictionary, words with a common stem that begin alike, are then the tokens that begin with `stem:beginning`: the same
documents, found by one look at sorted terms.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from archiver.adapters.index.analysis import TOO_LONG, stem_prefix, stems

_KEPT = 65_536
_LONGEST_NAME = 100
_LONGEST_VALUE = 4096
_DIGITS = 32


class Forms:
    """Forms of words; remembers those of words met before. Safe for several threads."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {TOO_LONG: ""}

    def of(self, words: Iterable[str]) -> dict[str, str]:
        """Each word with its forms, joined by blanks; "" for what does not inflect."""
        known = self._known
        found = {word: known.get(word) for word in words}
        new = [word for word, forms in found.items() if forms is None]
        made = {word: " ".join(f"{stem}:{word}" for stem in sorted(some)) for word, some in zip(new, stems(new), strict=True)}
        if len(known) + len(made) > _KEPT:
            known = self._known = {TOO_LONG: ""}
        known.update(made)
        return {word: forms if forms is not None else made[word] for word, forms in found.items()}


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
