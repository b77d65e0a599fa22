"""The query language: what is understood, and what is said about the rest."""

from __future__ import annotations

from datetime import date

import pytest

from archiver.domain.query import All, Any, Between, Everything, Not, Phrase, Prefix, Word, leaves, printed
from archiver.domain.query_parser import parse
from archiver.errors import UsageError

A, B, C = Word("a"), Word("b"), Word("c")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", Everything()),
        (" \t\n", Everything()),
        ("*", Everything()),
        ("a", A),
        ("a b", All((A, B))),
        ("+a +b", All((A, B))),
        ("a AND b ET c", All((A, B, C))),
        ("a -b", All((A, Not(B)))),
        ("a NOT b", All((A, Not(B)))),
        ("-a", Not(A)),
        ("-(-a)", A),
        ("-(a b)", Not(All((A, B)))),
        ("a b OR c", Any((All((A, B)), C))),
        ("a OU b OR c", Any((A, B, C))),
        ("a (b OR c)", All((A, Any((B, C))))),
        ("a (b c)", All((A, B, C))),
        ('"a b"', Phrase("a b")),
        ("«déjà vu» “x y”", All((Phrase("déjà vu"), Phrase("x y")))),
        (r'"say \"a\" \\ b"', Phrase('say "a" \\ b')),
        ("fact*", Prefix("fact")),
        (r"fact\*", Word("fact*")),
        ("title:a", Word("a", "title")),
        ("TITRE:a", Word("a", "title")),
        ('auteur:"Jean D"', Phrase("Jean D", "author")),
        ("title:(a OR b) c", All((Any((Word("a", "title"), Word("b", "title"))), C))),
        ("meta.X:a", Word("a", "meta.x")),
        ("type:PDF", Word("pdf", "kind")),
        ("type:Text/HTML", Word("text/html", "media")),
        ("class:FR-ACC", Word("FR-ACC", "class")),
        ('class:"a b"', Word("a b", "class")),
        ("batch:2024*", Prefix("2024", "batch")),
        ("Re: a", All((Word("Re"), A))),
        ("12:30 e-mail a+b l'a", All((Word("12:30"), Word("e-mail"), Word("a+b"), Word("l'a")))),
        ("a - & () b", All((A, B))),
        (r"\OR \-a \(", All((Word("OR"), Word("-a")))),
        ("a\\", Word("a\\")),
        ("or ou and", All((Word("or"), Word("ou"), Word("and")))),
    ],
)
def test_understood(text: str, tree: object) -> None:
    assert parse(text) == tree
    assert parse(printed(parse(text))) == parse(text)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("date:2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("date:2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("date:2024-2-3", date(2024, 2, 3), date(2024, 2, 3)),
        ("date:17/05/2024", date(2024, 5, 17), date(2024, 5, 17)),
        ("date:05/2024", date(2024, 5, 1), date(2024, 5, 31)),
        ("date:2024-01..2024-06", date(2024, 1, 1), date(2024, 6, 30)),
        ("date:..2024", None, date(2024, 12, 31)),
        ("date:2024..", date(2024, 1, 1), None),
        ("date:>=2024", date(2024, 1, 1), None),
        ("date:>2024", date(2025, 1, 1), None),
        ("date:<2024-05", None, date(2024, 4, 30)),
        ("date:<=2024-05", None, date(2024, 5, 31)),
        ("year:2020..2023", date(2020, 1, 1), date(2023, 12, 31)),
        ("année:2020", date(2020, 1, 1), date(2020, 12, 31)),
    ],
)
def test_days(text: str, low: date | None, high: date | None) -> None:
    assert parse(text) == Between(low, high)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a OR", "OR stands alone at character 3"),
        ("OU a", "OU stands alone at character 1"),
        ("(a", "never closed at character 1"),
        ("a)", "never opened at character 2"),
        ('mot "a', "character 5"),
        ("fa*ture", "before the end of 'fa\\*ture'"),
        ("fa*", "too short"),
        ("title:*", "too short"),
        ("batch:*", "says nothing"),
        ("&", "nothing to search for"),
        ("()", "nothing to search for"),
        ("-()", "nothing to search for"),
        ("http://x", "no field 'http'"),
        ("title:(author:a)", "inside the brackets of another field"),
        ("--a", "nothing to apply to"),
        ("outcome:foo", "outcome 'foo'"),
        ("date:2024-13", "calendar"),
        ("date:2023-02-29", "calendar"),
        ("date:0000", "calendar"),
        ("date:2024-00", "calendar"),
        ("date:soon", "not a date"),
        ("date:..", "without any date"),
        ("date:>9999", "no day beyond"),
        ("date:<0001", "no day beyond"),
        ("date:2024..2023", "before it begins"),
        ("date:2024*", "not a date"),
        ("a " * 65, "more than 64 parts"),
        ("a" * 4097, "4097 characters"),
        ("(" * 14 + "a" + ")" * 14, "nested more than 12"),
    ],
)
def test_refused_with_place_and_remedy(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        parse(text)
    assert caught.value.remedy


def test_leaves_leave_out_what_is_unwanted() -> None:
    assert leaves(parse("a -b (c OR title:d)")) == [A, C, Word("d", "title")]
