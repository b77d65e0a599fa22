"""Personal data and payment cards in text: found by linear-time patterns, believed only when their check digits hold.

Candidates come from RE2 over UTF-8 bytes (no backtracking, whatever the text); each is then checked in Python. ASCII digits only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from archiver.adapters.extraction.card_numbers import Group, cards_in

Findings = dict[str, int]
Span = tuple[int, int]

_BETWEEN = r"[ .\-\x{A0}\x{2007}\x{2009}\x{202F}\x{2010}-\x{2015}\x{2212}]"
_DIGITS = rf"[0-9](?:{_BETWEEN}{{0,2}}[0-9]){{8,}}"
_IBAN = rf"[A-Z]{{2}}[0-9]{{2}}(?:{_BETWEEN}?[A-Z0-9]){{11,40}}"
_CORSICAN_NIR = rf"[12](?:{_BETWEEN}?[0-9]){{4}}{_BETWEEN}?2[AB](?:{_BETWEEN}?[0-9]){{8}}"
_MAIL_HOST = r"@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}"
_MAIL_USER_END = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_%+-")
_SIGNS = " .-\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_SAME_DIGITS = re.compile("[0-9]+")
_NO_SIGNS = dict.fromkeys(map(ord, _SIGNS))
_LONGEST_IBAN, _SHORTEST_IBAN = 34, 15
_NIR_LENGTH = 15
_HANDLER = "surrogatepass"
"""A text may hold lone surrogates; they pass through as three bytes, one character."""
PLACEHOLDER = "*"
_KEPT_DIGITS = 4


class _Hit(NamedTuple):
    start: int
    end: int
    text: str


def screen(text: str) -> tuple[Findings, tuple[Span, ...]]:
    """How many of each kind of personal data there are, and where the payment card numbers stand.

    Returns:
        counts by kind ("card", "iban", "nir", "phone", "email"; kinds not found are left out), and the (start, end)
        character spans of card numbers, in order, from the first digit to the last.
    """
    data = text.encode("utf-8", _HANDLER)
    counts: Findings = {}
    cards = list(_cards(data, counts))
    _add(counts, "card", len(cards))
    _add(
        counts,
        "email",
        sum(data[match.start() - 1] in _MAIL_USER_END for match in _patterns().mail.finditer(data) if match.start()),
    )
    return counts, tuple(cards if text.isascii() else _in_characters(data, cards))


def mask(text: str, spans: tuple[Span, ...]) -> str:
    """The text with the digits of each span replaced, but for its last four. Its length does not change."""
    pieces, at = [], 0
    for start, end in sorted(spans):
        start = max(start, at)
        pieces += [text[at:start], _masked(text[start:end])]
        at = max(end, at)
    return "".join([*pieces, text[at:]])


def _masked(number: str) -> str:
    hidden = sum(character.isdigit() for character in number) - _KEPT_DIGITS
    out = []
    for character in number:
        hide = character.isdigit() and hidden > 0
        hidden -= character.isdigit()
        out.append(PLACEHOLDER if hide else character)
    return "".join(out)


class _Patterns(NamedTuple):
    any_number: Any
    digits: Any
    mail: Any


@cache
def _patterns() -> _Patterns:
    import re2

    return _Patterns(*(re2.compile(pattern.encode()) for pattern in (f"{_IBAN}|{_CORSICAN_NIR}|{_DIGITS}", _DIGITS, _MAIL_HOST)))


def _next(pattern: Any, data: bytes, at: int) -> _Hit | None:
    match = pattern.search(data, at)
    if match is None:
        return None
    start, end = match.span()
    return _Hit(start, end, data[start:end].decode("utf-8"))


def _add(counts: Findings, kind: str, number: int = 1) -> None:
    if number:
        counts[kind] = counts.get(kind, 0) + number


def _cards(data: bytes, counts: Findings) -> Iterator[Span]:
    """Byte spans of card numbers, in one pass that counts the other numbers on its way. No card is looked for inside an IBAN."""
    at = 0
    while (hit := _next(_patterns().any_number, data, at)) is not None:
        if not _has_letters(hit.text):
            yield from _numbers(hit, data, counts)
            at = hit.end
        elif length := _lettered(hit, data, counts):
            at = hit.start + length
        else:
            digits = _next(_patterns().digits, data, hit.start)
            if digits is None:
                return
            yield from _numbers(digits, data, counts) if digits.start < hit.end else ()
            at = digits.end if digits.start < hit.end else hit.end


def _has_letters(candidate: str) -> bool:
    return any(character.isalpha() for character in candidate)


def _lettered(hit: _Hit, data: bytes, counts: Findings) -> int:
    """Bytes of an account number, or of the number of a person born in Corsica, that the hit begins with; 0 for neither."""
    if hit.text[0].isdigit():
        found = _is_nir(hit.text.translate(_NO_SIGNS))
        _add(counts, "nir", found)
        return (hit.end - hit.start) * found
    length = 0 if data[max(hit.start - 1, 0) : hit.start].isalnum() else _iban_length(hit.text)
    _add(counts, "iban", length > 0)
    return length


def _iban_length(candidate: str) -> int:
    """Bytes from the start of the candidate that are an IBAN; 0 for none. Words may follow it directly, so every end is tried."""
    from stdnum import iban
    from stdnum.iso7064 import mod_97_10

    places = [index for index, character in enumerate(candidate) if character not in _SIGNS][:_LONGEST_IBAN]
    plain = candidate.translate(_NO_SIGNS)
    for length in range(len(places), _SHORTEST_IBAN - 1, -1):
        number = plain[:length]
        if mod_97_10.is_valid(number[4:] + number[:4]) and iban.is_valid(number):
            return len(candidate[: places[length - 1] + 1].encode())
    return 0


def _is_nir(number: str) -> bool:
    from stdnum.fr import nir

    return len(number) == _NIR_LENGTH and number[0] in "12" and nir.is_valid(number)


def _numbers(hit: _Hit, data: bytes, counts: Findings) -> Iterator[Span]:
    """Byte spans of the cards in a run of digits; what else the run may be is counted."""
    found = list(cards_in(_groups(hit)))
    yield from found
    if not found:
        number = hit.text.translate(_NO_SIGNS)
        _add(counts, "nir", _is_nir(number))
        _add(counts, "phone", _is_phone(number, data[hit.start - 1 : hit.start] if hit.start else b""))


def _is_phone(number: str, before: bytes) -> bool:
    """French numbers: 0 and nine digits, or +33 and nine; others have no form that tells them from any number."""
    if len(number) == 10:
        return number[0] == "0" and number[1] != "0"
    return len(number) == 11 and number.startswith("33") and number[2] != "0" and before == b"+"


def _groups(hit: _Hit) -> list[Group]:
    """The digits of a run by what stands between them, with byte positions."""
    groups: list[Group] = []
    text, at, done = hit.text, hit.start, 0
    for match in _SAME_DIGITS.finditer(text):
        start, end = match.span()
        at += len(text[done:start].encode())
        groups.append(Group(match[0], text[done:start], at, at + end - start))
        at, done = at + end - start, end
    return groups


def _in_characters(data: bytes, spans: list[Span]) -> Iterator[Span]:
    """Byte spans, in order, as character spans: only what lies between two positions is decoded."""
    byte, character = 0, 0
    for start, end in spans:
        character += len(data[byte:start].decode("utf-8", _HANDLER))
        first = character
        character += len(data[start:end].decode("utf-8", _HANDLER))
        byte = end
        yield first, character
