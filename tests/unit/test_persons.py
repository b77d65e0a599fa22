"""Pseudonyms: one for each person of an archive, and none that can be tried out without its key."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.persons import person_name, pseudonym
from archiver.errors import UsageError

KEY = b"\x01" * 32


def test_it_is_what_the_format_says() -> None:
    wanted = hmac.new(KEY, b"minutier person v1\nAnna L\xc3\xa9vy", hashlib.sha256).hexdigest()[:16]
    assert pseudonym(KEY, "Anna Lévy") == wanted
    assert pseudonym(b"\x02" * 32, "Anna Lévy") != wanted


def test_two_spellings_of_an_accent_are_one_person() -> None:
    assert pseudonym(KEY, "Le\u0301vy") == pseudonym(KEY, "L\u00e9vy")


@pytest.mark.parametrize("name", ["", " ", " anna", "anna ", "a\nb", "an\u200bna", "\u202eanna", "\udc80", "x" * 201, "a\0b"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        pseudonym(KEY, name)
    assert caught.value.remedy


@given(st.text(max_size=220))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    try:
        name = person_name(text)
    except UsageError:
        return
    assert person_name(name) == name
    assert len(pseudonym(KEY, text)) == 16
