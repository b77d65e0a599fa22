"""Personal data and payment cards in text: found by linear-time patterns, believed only when their check digits hold.

Candidates come from RE2 over UTF-8 bytes (no backtracking, whatever the text); each is then checked in Python. ASCII digits only.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from functools import cache
from typing import Any, NamedTuple

from archiver.adapters.extraction.card_numbers import SHORTEST, Group, cards_in

Findings = dict[str, int]
Span = tuple[int, int]

_BETWEEN = r"[ .\-\x{A0}\x{2007}\x{2009}\x{202F}\x{2010}-\x{2015}\x{2212}]"
_DIGITS = rf"[0-9](?:{_BETWEEN}{{0,2}}[0-9]){{8,}}"
_IBAN = rf"[A-Z]{{2}}[0-9]{{2}}(?:{_BETWEEN}?[A-Z0-9]){{11,40}}"
_CORSICAN_NIR = rf"[12](?:{_BETWEEN}?[0-9]){{4}}{_BETWEEN}?2[AB](?:{_BETWEEN}?[0-9]){{8}}"
_MAIL_HOST = r"@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}"
_MAIL_USER_END = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_%+-")
_SIGNS = " .-\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_NO_SIGNS = dict.fromkeys(map(ord, _SIGNS))
_PLAIN_SIGNS = b" .-"
_SAME_DIGITS = re.compile(rb"[0-9]+")
_NIR_LENGTH = 15
_HANDLER = "surrogatepass"
"""A text may hold lone surrogates; they pass through as three bytes, one character."""


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


class _Patterns(NamedTuple):
    any_number: Any
    digits: Any
    mail: Any


@cache
def _patterns() -> _Patterns:
    import re2

    return _Patterns(*(re2.compile(pattern.encode()) for pattern in (f"{_IBAN}|{_CORSICAN_NIR}|{_DIGITS}", _DIGITS, _MAIL_HOST)))


def _add(counts: Findings, kind: str, number: int = 1) -> None:
    if number:
        counts[kind] = counts.get(kind, 0) + number


def _cards(data: bytes, counts: Findings) -> Iterator[Span]:
    """Byte spans of card numbers, in one pass that counts the other numbers on its way. No card is looked for inside an IBAN."""
    at = 0
    search = _patterns().any_number.search
    while (match := search(data, at)) is not None:
        start, end = match.span()
        if not data[start:end].isupper():
            yield from _numbers(data, start, end, counts)
            at = end
        elif length := _lettered(data, start, end, counts):
            at = start + length
        else:
            at = yield from _digits_within(data, start, end, counts)


def _digits_within(data: bytes, start: int, end: int, counts: Findings) -> Generator[Span, None, int]:
    """What is no account number may still hold digits that are a card; they may go on behind it. Returns where to go on."""
    match = _patterns().digits.search(data, start)
    if match is None or match.start() >= end:
        return end
    yield from _numbers(data, match.start(), match.end(), counts)
    return int(match.end())


def _lettered(data: bytes, start: int, end: int, counts: Findings) -> int:
    """Bytes of an account number, or of the number of a person born in Corsica, that begins here; 0 for neither."""
    text = data[start:end].decode("utf-8")
    if text[0].isdigit():
        found = _is_nir(text.translate(_NO_SIGNS))
        _add(counts, "nir", found)
        return (end - start) * found
    length = 0 if data[max(start - 1, 0) : start].isalnum() else _iban_length(text)
    _add(counts, "iban", length > 0)
    return length


def _iban_length(candidate: str) -> int:
    """Bytes from the start of the candidate that are an IBAN; 0 for none. Words may follow it directly, so its country says its end."""
    from stdnum import iban

    length = _length_in(candidate[:2])
    places = [index for index, character in enumerate(candidate) if character not in _SIGNS][:length]
    if not length or len(places) < length:
        return 0
    written = candidate[: places[-1] + 1]
    if candidate[len(written) : len(written) + 1].isalnum():
        return 0
    return len(written.encode()) if iban.is_valid(written.translate(_NO_SIGNS)) else 0


@cache
def _length_in(country: str) -> int:
    """Characters of an account number of this country; 0 where it has none."""
    from stdnum import iban

    fields = iban._ibandb.info(country)[0][1].get("bban", "")
    sizes = [int(size) for size in re.findall(r"(\d+)!", fields)]
    return 4 + sum(sizes) if sizes else 0


def _is_nir(number: str) -> bool:
    from stdnum.fr import nir

    return len(number) == _NIR_LENGTH and number[0] in "12" and nir.is_valid(number)


def _numbers(data: bytes, start: int, end: int, counts: Findings) -> Iterator[Span]:
    """Byte spans of the cards in a run of digits; what else the run may be is counted."""
    run = data[start:end]
    digits = run.translate(None, _PLAIN_SIGNS)
    number = digits.decode() if digits.isdigit() else run.decode("utf-8").translate(_NO_SIGNS)
    if len(number) >= SHORTEST:
        found = list(cards_in(_groups(run, start)))
        yield from found
        if not found:
            _add(counts, "nir", _is_nir(number))
    else:
        _add(counts, "phone", _is_phone(number, data[start - 1 : start] if start else b""))


def _is_phone(number: str, before: bytes) -> bool:
    """French numbers: 0 and nine digits, or +33 and nine; others have no form that tells them from any number."""
    if len(number) == 10:
        return number[0] == "0" and number[1] != "0"
    return len(number) == 11 and number.startswith("33") and number[2] != "0" and before == b"+"


def _groups(run: bytes, at: int) -> list[Group]:
    """The digits of a run by what stands between them, with positions in the whole."""
    groups: list[Group] = []
    done = 0
    for match in _SAME_DIGITS.finditer(run):
        start, end = match.span()
        groups.append(Group(match[0].decode(), run[done:start].decode("utf-8"), at + start, at + end))
        done = end
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
