"""A card number is found in whatever stands around it; numbers that are none are rarely taken for one."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from archiver.adapters.extraction.card_numbers import ISSUERS, is_card, luhn
from archiver.adapters.extraction.screen import screen
from archiver.domain.masking import mask

_SEPARATORS = ["", " ", "-", ".", "\u00a0", "\u202f", "\u2009", "\u2011", "\u2013", "\u2212", "  ", "- "]
_around = st.text(st.characters(exclude_characters="0123456789"), max_size=40)


def _complete(body: str) -> str:
    return next(body + digit for digit in "0123456789" if luhn(body + digit))


@st.composite
def cards(draw: st.DrawFn) -> str:
    """A number that its issuer could have given out, in one of the lengths it uses."""
    issuer = draw(st.sampled_from(ISSUERS))
    length = draw(st.sampled_from(sorted(issuer.lengths)))
    prefix = str(draw(st.integers(int(issuer.low), int(issuer.high))))
    rest = length - len(prefix) - 1
    number = _complete(prefix + draw(st.text("0123456789", min_size=rest, max_size=rest)))
    return number if is_card(number, (4, 6, 4)) else _complete(prefix + "0123456789012345"[:rest])


def _written(number: str, size: int, separator: str) -> str:
    return separator.join(number[at : at + size] for at in range(0, len(number), size))


@given(cards(), st.sampled_from([1, 2, 3, 4, 5, 8, 19]), st.sampled_from(_SEPARATORS), _around, _around)
def test_planted_cards_are_found(number: str, size: int, separator: str, before: str, after: str) -> None:
    written = (
        number[:4] + separator + number[4:10] + separator + number[10:]
        if len(number) == 14
        else _written(number, size, separator)
    )
    if len(number) == 14 and separator == "" and luhn(number[:9]):
        return  # told from a SIRET by its grouping only
    if before.endswith((".", ",")) or after.startswith("@"):
        before += " "
    text = f"{before} {written} {after}"
    start = len(before) + 1
    counts, spans = screen(text)
    assert (start, start + len(written)) in spans
    assert counts["card"] >= 1


@given(cards(), _around, _around)
def test_masked_text_holds_no_card_and_keeps_its_length(number: str, before: str, after: str) -> None:
    if len(number) == 14 and luhn(number[:9]):
        return
    text = f"{before} {number} {after}"
    masked = mask(text, screen(text)[1])
    assert len(masked) == len(text)
    assert screen(masked)[1] == ()
    assert masked.endswith(f"{number[-4:]} {after}")


@given(st.text(max_size=300))
def test_any_text_is_screened_and_spans_lie_within_it(text: str) -> None:
    _, spans = screen(text)
    assert all(text[start].isascii() and text[start].isdigit() and text[end - 1].isdigit() for start, end in spans)
    assert list(spans) == sorted(spans)


def test_random_numbers_are_rarely_cards() -> None:
    chance = random.Random(7)
    numbers = ["".join(chance.choices("0123456789", k=chance.randint(13, 19))) for _ in range(20_000)]
    assert screen("\n".join(numbers))[0].get("card", 0) < 400  # 2 %: a tenth passes the check digit, a fifth has an issuer


def test_random_account_and_person_numbers_are_rarely_believed() -> None:
    chance = random.Random(7)
    ibans = ["FR" + "".join(chance.choices("0123456789", k=25)) for _ in range(5_000)]
    assert screen("\n".join(ibans))[0].get("iban", 0) < 100
