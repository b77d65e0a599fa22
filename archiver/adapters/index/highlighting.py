"""Fragments of a text with the words that were searched for marked."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import islice

from archiver.adapters.index.text_matches import Match, matches
from archiver.domain.query import Node

OPEN, CLOSE = "\x02", "\x03"
WIDTH = 160
"""About this many characters a fragment."""

_MOST_MATCHES = 400
_LEAD = 3
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_BLANKS = re.compile(r"\s+")


def highlighted(node: Node, text: str, fragments: int) -> tuple[str, ...]:
    """Up to `fragments` fragments that show most of the query's words, in the order of the text; empty when none is in it."""
    raw = text.encode("utf-8", "replace")
    found = list(islice(matches(node, raw), _MOST_MATCHES))
    starts = [match.start for match in found]
    return tuple(_rendered(raw, window, _next_start(starts, window[-1].end, len(raw))) for window in _windows(found, fragments))


def _windows(found: list[Match], fragments: int) -> list[list[Match]]:
    """The best groups of matches near each other: most parts of the query first, then most matches, then earliest."""
    chosen: list[list[Match]] = []
    remaining = found
    while remaining and len(chosen) < fragments:
        best = max(_groups(remaining), key=lambda group: (len({match.part for match in group}), len(group), -group[0].start))
        chosen.append(best)
        low, high = best[0].start - WIDTH // 2, best[-1].end + WIDTH // 2
        remaining = [match for match in remaining if match.end < low or match.start > high]
    return sorted(chosen, key=lambda group: group[0].start)


def _groups(found: list[Match]) -> list[list[Match]]:
    """For each match, it and those that follow within a fragment."""
    groups, last = [], 0
    for first, match in enumerate(found):
        last = max(last, first)
        while last + 1 < len(found) and found[last + 1].end - match.start <= WIDTH * 3 // 4:
            last += 1
        groups.append(found[first : last + 1])
    return groups


def _next_start(starts: list[int], end: int, length: int) -> int:
    place = bisect_left(starts, end)
    return starts[place] if place < len(starts) else length


def _rendered(raw: bytes, group: list[Match], limit: int) -> str:
    """The group's matches marked, with text around them up to the next match, which is not of this fragment."""
    core = group[-1].end - group[0].start
    room = max(0, WIDTH - core)
    pieces = [_before(raw, group[0].start, room // _LEAD)]
    for match, after in zip(group, [*group[1:], None], strict=True):
        pieces += [OPEN, _plain(raw[match.start : match.end]), CLOSE]
        pieces.append(_plain(raw[match.end : after.start]) if after else _after(raw, match.end, limit, room - room // _LEAD))
    return _BLANKS.sub(" ", "".join(pieces)).strip()


def _before(raw: bytes, end: int, length: int) -> str:
    """Up to `length` characters before a match, beginning with a whole word."""
    start = max(0, end - 4 * (length + 1))
    text = _plain(raw[start:end])
    if start == 0 and len(text) <= length:
        return text
    _, blank, whole = text[-length - 1 :].partition(" ")
    return whole if blank else text[-length:] if length else ""


def _after(raw: bytes, start: int, limit: int, length: int) -> str:
    """Up to `length` characters after a match, ending with a whole word, and not beyond byte `limit`."""
    text = _plain(raw[start : min(limit, start + 4 * (length + 1))])
    if len(text) <= length:
        return text
    whole, blank, _ = text[: length + 1].rpartition(" ")
    return whole if blank else text[:length]


def _plain(raw: bytes) -> str:
    return _CONTROL.sub(" ", raw.decode("utf-8", "ignore"))
