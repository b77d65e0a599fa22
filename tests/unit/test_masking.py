"""Card numbers never leave more than their last four digits."""

from __future__ import annotations

from archiver.domain.masking import mask

CARD = "4111 1111 1111 1234"


def test_all_but_the_last_four_digits_are_replaced_and_nothing_moves() -> None:
    text = f"carte {CARD} !"
    assert mask(text, [(6, 25)]) == "carte **** **** **** 1234 !"


def test_text_without_cards_is_the_same_object() -> None:
    assert mask(CARD, []) is CARD


def test_spans_in_any_order() -> None:
    assert mask("11112222 33334444", [(9, 17), (0, 8)]) == "****2222 ****4444"


def test_overlapping_spans_show_four_digits_in_all() -> None:
    masked = mask("1234567890123456", [(0, 12), (4, 16)])
    assert masked == "************3456"
