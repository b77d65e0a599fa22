"""Payment card numbers (ISO/IEC 7812) within a run of digits: length, issuer range, check digit, and grouping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Group(NamedTuple):
    """Digits without anything between them; `sign` is what stands before them in the run, `start` and `end` are positions."""

    digits: str
    sign: str
    start: int
    end: int


class Issuer(NamedTuple):
    """A range of first digits and the lengths numbers in it have."""

    low: str
    high: str
    lengths: frozenset[int]


def _issuer(low: str, high: str, *lengths: int) -> Issuer:
    return Issuer(low, high, frozenset(lengths))


ISSUERS = (
    _issuer("4", "4", 13, 16, 19),  # Visa
    _issuer("51", "55", 16),  # Mastercard
    _issuer("2221", "2720", 16),
    _issuer("34", "34", 15),  # American Express
    _issuer("37", "37", 15),
    _issuer("300", "305", 14, 16, 17, 18, 19),  # Diners Club
    _issuer("3095", "3095", 14, 16, 17, 18, 19),
    _issuer("36", "36", 14, 15, 16, 17, 18, 19),
    _issuer("38", "39", 14, 16, 17, 18, 19),
    _issuer("3528", "3589", 16, 17, 18, 19),  # JCB
    _issuer("6011", "6011", 16, 17, 18, 19),  # Discover
    _issuer("644", "659", 16, 17, 18, 19),
    _issuer("62", "62", 16, 17, 18, 19),  # UnionPay
    _issuer("81", "82", 16, 17, 18, 19),  # UnionPay, RuPay
    _issuer("60", "60", 16),  # RuPay
    _issuer("508", "508", 16),
    _issuer("2200", "2204", 16, 17, 18, 19),  # Mir
    _issuer("5018", "5018", 13, 14, 15, 16, 17, 18, 19),  # Maestro
    _issuer("5019", "5019", 16),  # Dankort
    _issuer("5020", "5020", 13, 14, 15, 16, 17, 18, 19),
    _issuer("5038", "5038", 13, 14, 15, 16, 17, 18, 19),
    _issuer("56", "58", 13, 14, 15, 16, 17, 18, 19),
    _issuer("6304", "6304", 13, 14, 15, 16, 17, 18, 19),
    _issuer("6759", "6763", 13, 14, 15, 16, 17, 18, 19),
    _issuer("9792", "9792", 16),  # Troy
)
SHORTEST, LONGEST = 13, 19
_FIRST_DIGITS = frozenset(issuer.low[0] for issuer in ISSUERS)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_SIREN_DIGITS, _SIRET_DIGITS = 9, 14
_PRINTED = frozenset({(4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 1), (6, 13), (6, 10), (4, 12), (12, 4)})
_DECIMAL_SIGNS = (".", ",")


def cards_in(groups: Sequence[Group]) -> Iterator[tuple[int, int]]:
    """Spans of the card numbers in a run, from left to right, none within another.

    A number begins and ends where a group does: part of a longer number is none. The whole run may be grouped in any
    way; a part of it only as cards are written.
    """
    first = 0
    while first < len(groups):
        last = _card_at(groups, first)
        if last is None:
            first += 1
        else:
            yield groups[first].start, groups[last].end
            first = last + 1


def _card_at(groups: Sequence[Group], first: int) -> int | None:
    """The group in which a card that begins at group `first` ends; the longest such card counts."""
    found, digits = None, ""
    if groups[first].digits[0] not in _FIRST_DIGITS:
        return None
    for last in range(first, len(groups)):
        digits += groups[last].digits
        if len(digits) > LONGEST:
            break
        if len(digits) >= SHORTEST and _is_written_so(groups, first, last) and is_card(digits, _sizes(groups, first, last)):
            found = last
    return found


def is_card(digits: str, grouping: tuple[int, ...] = ()) -> bool:
    """Whether the digits are a possible card number.

    A French establishment number (SIRET) has 14 digits, holds by the same check digit and may begin as a Diners Club
    number does. When its first nine digits are a company number (SIREN) it is taken for a SIRET, unless it is grouped 4-6-4.
    """
    if not luhn(digits) or len(set(digits)) == 1:
        return False
    if len(digits) == _SIRET_DIGITS and luhn(digits[:_SIREN_DIGITS]) and grouping != (4, 6, 4):
        return False
    return any(len(digits) in issuer.lengths and issuer.low <= digits[: len(issuer.low)] <= issuer.high for issuer in ISSUERS)


def luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1, annex B."""
    values = [ord(digit) - 48 for digit in digits]
    return (sum(values[-1::-2]) + sum(_DOUBLED[value] for value in values[-2::-2])) % 10 == 0


def _is_written_so(groups: Sequence[Group], first: int, last: int) -> bool:
    if first == last:
        return groups[first].sign not in _DECIMAL_SIGNS or first == 0  # else the decimals of a number
    if first == 0 and last == len(groups) - 1:
        return True
    if len({group.sign for group in groups[first + 1 : last + 1]}) > 1:
        return False
    sizes = _sizes(groups, first, last)
    return sizes in _PRINTED or (len(set(sizes[:-1])) == 1 and sizes[-1] <= sizes[0])


def _sizes(groups: Sequence[Group], first: int, last: int) -> tuple[int, ...]:
    return tuple(len(group.digits) for group in groups[first : last + 1])
