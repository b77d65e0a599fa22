"""Which bytes a `Range` asks for, and under which name a browser saves them."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.api.digests import declared_digest, digest_header
from archiver.api.filenames import attachment, file_name
from archiver.api.ranges import Span, span
from archiver.errors import UsageError

SIZE = 100


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=99-1000000000", (99, 100)),
        ("bytes=100-", None),
        ("bytes=100-200", None),
        ("bytes=-0", None),
    ],
)
def test_one_range(header: str, wanted: tuple[int, int] | None) -> None:
    assert span(header, SIZE) == (Span(*wanted, SIZE) if wanted else None)


@pytest.mark.parametrize(
    "header",
    ["", "bytes=", "bytes=-", "bytes=5-3", "bytes=0-1,5-6", "items=0-1", "bytes=a-b", "bytes=٣-٤", "bytes=1-" + "9" * 40],
)
def test_what_is_no_single_range_is_answered_with_all(header: str) -> None:
    assert span(header, SIZE) == Span(0, SIZE, SIZE)


def test_of_nothing_no_byte_can_be_asked_for() -> None:
    assert span("bytes=0-", 0) is None
    assert span("", 0) == Span(0, 0, 0)


@given(st.text(max_size=400))
def test_no_name_becomes_a_path_or_a_header(name: str) -> None:
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    saved = unquote(header.rpartition("''")[2])
    assert saved == file_name(name)
    assert saved
    assert not set(saved) & set('/\\"\x00\r\n:')
    assert not saved.startswith(".")
    assert len(saved) <= 150


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("bail commercial.pdf", "bail commercial.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\boot.ini", "_.._boot.ini"),
        ("a\r\nSet-Cookie: x=1", "a__Set-Cookie_ x=1"),
        ("invoice\u202efdp.exe", "invoice_fdp.exe"),
        ("\udcff.txt", "_.txt"),
        ("con.txt", "_con.txt"),
        (".htaccess", "htaccess"),
        ("...", "document"),
        ("", "document"),
        ("é" * 300 + ".pdf", "é" * 146 + ".pdf"),
    ],
)
def test_names(name: str, wanted: str) -> None:
    assert file_name(name) == wanted


def test_old_clients_get_a_name_in_ascii() -> None:
    assert attachment("Reçu n° 5.pdf") == "attachment; filename=\"Recu n 5.pdf\"; filename*=UTF-8''Re%C3%A7u%20n%C2%B0%205.pdf"
    assert attachment("契約.pdf").startswith('attachment; filename="document.pdf"; ')


@pytest.mark.parametrize("name", ["a／..／..／etc／passwd", "ﬁ＂; filename=＂x.exe", "b＼c：d％e；f"])
def test_wide_signs_become_no_paths_and_end_no_quotes(name: str) -> None:
    plain = attachment(name).split('filename="')[1].split('"; filename*=')[0]
    assert not set(plain) & set('/\\":;%')


def test_digests_are_read_as_they_are_written() -> None:
    of = "ab" * 32
    assert declared_digest(digest_header(of)) == of
    assert declared_digest(f"md5=:AAAA:, {digest_header(of)}") == of
    assert declared_digest("md5=:AAAA:") == declared_digest("") == ""
    for wrong in ("sha-256=:AAAA:", "sha-256=:=:"):
        with pytest.raises(UsageError):
            declared_digest(wrong)
