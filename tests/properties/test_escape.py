"""Every string a path can be is kept in the database and comes back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from archiver.adapters.catalog.schema import escape, unescape

anything = st.text(st.characters(exclude_categories=())) | st.text(st.sampled_from("\\x0u\x00\udc80\udcff\ud800é8a"))


@given(anything)
def test_what_is_escaped_comes_back(text: str) -> None:
    assert unescape(escape(text)) == text


@given(anything)
def test_what_is_stored_is_utf8_without_nul(text: str) -> None:
    stored = escape(text)
    stored.encode("utf-8")
    assert "\x00" not in stored


@given(anything, anything)
def test_different_strings_stay_different(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)
