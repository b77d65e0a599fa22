"""Marked fragments."""

from __future__ import annotations

import pytest

from archiver.adapters.index.highlighting import highlighted
from archiver.domain.query_parser import parse


def marked(query: str, text: str, fragments: int = 2) -> tuple[str, ...]:
    return tuple(found.replace("\x02", "[").replace("\x03", "]") for found in highlighted(parse(query), text, fragments))


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("facture", "Les Factures FACTURÉE facteur xfacture", "Les [Factures] [FACTURÉE] facteur xfacture"),
        ("ete", "l'été, l’e\u0301te\u0301 ; étêté", "l'[été], l’[e\u0301te\u0301] ; étêté"),
        ("te", "l’e\u0301te\u0301 te", "l’e\u0301te\u0301 [te]"),
        ("l'article", "cet article", "cet [article]"),
        ("oeuvre final", "œuvre of\u00adfice ﬁnal", "[œuvre] of\u00adfice [ﬁnal]"),
        ("office", "of\u00adfice", "[of\u00adfice]"),
        ("東京", "東京都庁と東京", "[東京]都庁と[東京]"),
        ('"bail de l\'ete"', "bail été; bail de l’été", "bail été; [bail de l’été]"),
        ("fact* -autre", "facteur autre Facture", "[facteur] autre [Facture]"),
        ("e-mail", "email, E-Mail e mail", "email, [E-Mail] [e mail]"),
        ("invoice OR title:rien", "invoices rien", "[invoices] rien"),
        ("a.b", "x a.b", "x [a.b]"),
        ("c++", "c++ cc", "[c]++ cc"),
        ("mot", "\x02mot\x03\x1b[1m \udc80mot", "[mot] [1m ?[mot]"),
    ],
)
def test_marks(query: str, text: str, expected: str) -> None:
    assert marked(query, text) == (expected,)


@pytest.mark.parametrize("query", ["", "absent", "-facture", "class:facture", "date:2024"])
def test_nothing_to_mark(query: str) -> None:
    assert marked(query, "une facture") == ()


def test_fragments_show_most_words_in_the_order_of_the_text() -> None:
    text = "début bail " + "remplissage " * 100 + "un bail loué ici " + "remplissage " * 100 + "bail " + "fin " * 100 + "loué"
    one, two = marked("bail loué", text)
    assert "[bail]" in one
    assert "un [bail] [loué] ici" in two or "un [bail] [loué] ici" in one
    assert all(len(fragment) < 200 for fragment in (one, two))
    assert marked("bail loué", text, fragments=1)[0].count("[") == 2


def test_ten_megabytes_with_the_word_at_the_end() -> None:
    text = "conte facteur factotum " * 450_000 + "facture"
    assert marked("facture", text) == ("conte facteur factotum conte facteur factotum [facture]",)
