"""Which characters bytes stand for."""

from __future__ import annotations

import pytest

from archiver.adapters.extraction.readers.charset import decode, sniff
from archiver.adapters.extraction.source import DoubtError

FRENCH = "Réf. : l’échéance n° 12 est dépassée, où êtes-vous ? Coût « 5 € » à régler."


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_french_in_every_usual_encoding(codec: str) -> None:
    assert decode(FRENCH.encode(codec))[0] == FRENCH


def test_valid_utf8_wins_over_what_is_declared() -> None:
    assert decode("déjà".encode(), "iso-8859-1") == ("déjà", "utf-8")


def test_declared_charset_is_believed_when_bytes_are_not_utf8() -> None:
    assert decode("Счёт на оплату".encode("koi8-r"), "koi8-r")[0] == "Счёт на оплату"


@pytest.mark.parametrize("codec", ["cp866", "koi8-r", "cp1251", "gb18030", "shift_jis", "cp500"])
def test_other_scripts_are_doubted_not_guessed(codec: str) -> None:
    text = "Счёт на оплату товара от поставщика" if codec in ("cp866", "koi8-r", "cp1251") else "請求書の支払い期限" * 3
    if codec == "cp500":
        text = "Invoice for services rendered in March"
    with pytest.raises(DoubtError):
        decode(text.encode(codec, "ignore"))


def test_unknown_or_hostile_declared_charset_is_ignored() -> None:
    for declared in ("base64", "rot13", "no-such", "utf-7", "x" * 300):
        assert decode("caf\xe9 cr\xe8me".encode("cp1252"), declared)[0] == "café crème"


def test_binary_is_not_text() -> None:
    assert sniff(b"\x00\x01\x02\x03 binary") is None
    assert sniff("début".encode()[:-4] + b"\xc3") is not None
