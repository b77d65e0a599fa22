"""Payment cards and personal data in text."""

from __future__ import annotations

import pytest

from archiver.adapters.extraction.card_numbers import is_card
from archiver.adapters.extraction.screen import screen
from archiver.domain.masking import mask


def found(text: str) -> list[str]:
    return [text[start:end] for start, end in screen(text)[1]]


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "4111.1111.1111.1111",
        "4111\u00a01111\u202f1111\u00a01111",
        "4111  1111  1111  1111", "4111 -1111 -1111 -1111",
        "5500005555555559", "2221000000000009", "3782 822463 10005",
        "3056 930902 5904", "6011000990139424", "3530111333300000", "6200000000000005", "4222222222222", "6304000000000000",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "41 11 11 11 11 11 11 11",
    ],
)  # fmt: skip
def test_cards_however_they_are_written(number: str) -> None:
    assert found(f"Réglé par carte {number}, merci") == [number]


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # check digit
        "9111111111111111",  # no issuer
        "41111111111111116",  # longer
        "facture 0.4111111111111111",  # decimals
        "SIRET 300 052 588 00014",
        "SIRET 38012986645100",
        "1111 1111 1111 1117 1111",
        "4444 4444 4444 4444",
        "2026-11-23 10 30 00",
    ],
)
def test_numbers_that_are_no_cards(text: str) -> None:
    assert found(text) == []


def test_a_card_among_other_numbers() -> None:
    assert found("réf 12 4111 1111 1111 1111 12/27 et 5500 0055 5555 5559") == ["4111 1111 1111 1111", "5500 0055 5555 5559"]


def test_an_account_number_is_no_card_and_hides_none() -> None:
    text = "IBAN FR76 3000 6000 0112 3456 7890 189 BIC AGRIFRPP puis 4111 1111 1111 1111"
    assert screen(text)[0] == {"iban": 1, "card": 1}
    assert found(text) == ["4111 1111 1111 1111"]


def test_what_only_looks_like_an_account_number_hides_no_card() -> None:
    assert found("REFERENCE AB12 4111 1111 1111 1111 suite") == ["4111 1111 1111 1111"]
    assert found("XX99 4111 1111 1111 1111 " + "ABCD " * 10) == ["4111 1111 1111 1111"]


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("DE89370400440532013000", {"iban": 1}),
        ("GB29 NWBK 6016 1331 9268 19", {"iban": 1}),
        ("FR76 3000 6000 0112 3456 7890 188", {}),
        ("FR76300060000112345678901894", {}),
        ("NIR 2 95 10 99 126 111 93", {"nir": 1}),
        ("née en Corse : 253072B07300470", {"nir": 1}),
        ("295109912611194", {}),
        ("tél. 01 42 68 53 00, 06.12.34.56.78, +33 1 42 68 53 00", {"phone": 3}),
        ("33 1 42 68 53 00", {}),
        ("a.b+c@exemple.fr, x@y, @nom.fr, .@z.fr", {"email": 1}),
        ("rien du tout", {}),
        ("", {}),
    ],
)
def test_counts(text: str, counts: dict[str, int]) -> None:
    assert screen(text)[0] == counts


def test_positions_count_characters_not_bytes() -> None:
    text = "é" * 7 + "\ud800 卡 4111111111111111 — " + "ü" * 3 + " 5500005555555559"
    assert found(text) == ["4111111111111111", "5500005555555559"]


def test_masking_keeps_length_and_the_last_four_digits() -> None:
    text = "carte 4111 1111 1111 1234 !"
    assert mask(text, ((6, 25),)) == "carte **** **** **** 1234 !"
    assert mask(text, ()) == text


def test_issuers_have_their_lengths() -> None:
    assert is_card("378282246310005")
    assert not is_card("41111111111111")
