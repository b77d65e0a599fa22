"""What is shown can neither hide nor command."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.display import safe, safe_name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("facture n°12 — été, œuvre, 東京, Ω, עברית", "facture n°12 — été, œuvre, 東京, Ω, עברית"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b[31mrouge\x07\x00\x7f\x9b", "\\x1b[31mrouge\\x07\\x00\\x7f\\x9b"),
        ("gpj.\u202eexe\u2066\u200f\u061c", "gpj.\\u202eexe\\u2066\\u200f\\u061c"),
        ("a\u00adb\u200bc\ufeff\u2028", "a\\xadb\\u200bc\\ufeff\\u2028"),
        ("caf\udce9 \ud800", "caf\\xe9 \\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("a\u00a0b\u3000c", "a b c"),
        ("z" + "\u0301" * 100, "z" + "\u0301" * 4),
        ("", ""),
    ],
)
def test_safe(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_safe_is_printable_utf8_on_one_line(text: str) -> None:
    shown = safe(text)
    shown.encode("utf-8")
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert safe(shown) == shown


def test_safe_name_is_never_empty_and_keeps_both_ends() -> None:
    assert safe_name("") == "(no name)"
    assert safe_name("a" * 200 + ".pdf", width=40).endswith(".pdf")
    assert len(safe_name("a" * 200, width=40)) == 40
