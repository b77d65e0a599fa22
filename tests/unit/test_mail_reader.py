"""Mail as people and machines really write it."""

from __future__ import annotations

from pathlib import Path

from archiver.adapters.extraction.readers.mail import read
from archiver.adapters.extraction.source import Reading, Source
from archiver.domain.extraction import Outcome


def reading(tmp_path: Path, raw: bytes) -> Reading:
    path = tmp_path / "m.eml"
    path.write_bytes(raw.replace(b"\n", b"\r\n"))
    return read(Source(path, "m.eml", path.stat().st_size, "message/rfc822"))


def test_encoded_words_and_addresses(tmp_path: Path) -> None:
    found = reading(
        tmp_path,
        b"From: =?utf-8?q?Zo=C3=A9_Petit?= <zoe@exemple.fr>\nTo: Paul <p@x.fr>, q@x.fr\n"
        b"Subject: =?iso-8859-1?Q?R=E9ponse?= =?utf-8?B?IMOgIMOpY3JpcmU=?=\nDate: Tue, 5 Mar 2024 10:20:30 +0100\n"
        b"Message-Id: <1@x>\n\nBonjour\n",
    )
    assert found.metadata["dc:subject"] == ["Réponse à écrire"]
    assert found.metadata["Message-From"] == ["Zoé Petit <zoe@exemple.fr>"]
    assert found.metadata["Message:From-Email"] == ["zoe@exemple.fr"]
    assert found.metadata["Message-To"] == ["Paul <p@x.fr>", "q@x.fr"]
    assert found.metadata["dcterms:created"] == ["2024-03-05T09:20:30Z"]
    assert found.metadata["Message:Raw-Header:Message-ID"] == ["<1@x>"]
    assert "Zoé Petit <zoe@exemple.fr>" in found.text
    assert "Bonjour" in found.text
    assert found.outcome is Outcome.COMPLETE


def test_raw_bytes_in_headers_and_broken_encoded_words(tmp_path: Path) -> None:
    found = reading(tmp_path, b"From: Zo\xe9 <z@x.fr>\nSubject: =?utf-8?B?*broken?= caf\xc3\xa9\nDate: jamais\n\nx\n")
    assert found.metadata["Message-From"] == ["Zoé <z@x.fr>"]
    assert "café" in found.metadata["dc:subject"][0]
    assert "dcterms:created" not in found.metadata


ALTERNATIVE = (
    b"From: a@b.fr\nSubject: s\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=X\n\n"
    b"--X\nContent-Type: text/plain; charset=utf-8\n\n%s\n--X\nContent-Type: text/html; charset=iso-8859-1\n"
    b"Content-Transfer-Encoding: quoted-printable\n\n<p>Montant d=FB <b>1 250</b></p><script>bad()</script>\n--X--\n"
)


def test_html_that_says_more_than_its_plain_alternative_is_read_too(tmp_path: Path) -> None:
    assert "Montant dû 1 250" in reading(tmp_path, ALTERNATIVE % b"See the HTML part").text
    assert "bad()" not in reading(tmp_path, ALTERNATIVE % b"See the HTML part").text


def test_html_that_repeats_its_plain_alternative_is_not(tmp_path: Path) -> None:
    text = reading(tmp_path, ALTERNATIVE % "Montant dû 1 250".encode()).text
    assert text.count("Montant") == 1


def test_attachments_are_named_not_read(tmp_path: Path) -> None:
    found = reading(
        tmp_path,
        b"From: a@b.fr\nSubject: s\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=X\n\n--X\n\nLe corps\n"
        b"--X\nContent-Type: text/plain\nContent-Disposition: attachment; filename*=utf-8''relev%C3%A9.txt\n\nsecret words\n--X--\n",
    )
    assert "relevé.txt" in found.text
    assert "secret words" not in found.text


def test_message_cut_short_is_partial(tmp_path: Path) -> None:
    whole = b"From: a@b.fr\nSubject: s\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=X\n\n--X\n\nLe corps\n--X--\n"
    assert reading(tmp_path, whole).outcome is Outcome.COMPLETE
    assert reading(tmp_path, whole.replace(b"--X--\n", b"")).outcome is Outcome.PARTIAL


def test_encrypted_messages_say_so(tmp_path: Path) -> None:
    smime = b"From: a@b.fr\nSubject: s\nContent-Type: application/pkcs7-mime; smime-type=%s; name=smime.p7m\n\nxx\n"
    assert reading(tmp_path, smime % b"enveloped-data").outcome is Outcome.ENCRYPTED
    assert reading(tmp_path, smime % b"signed-data").outcome is Outcome.COMPLETE
    pgp = b"From: a@b.fr\nSubject: s\nContent-Type: multipart/encrypted; boundary=X\n\n--X\n\nx\n--X--\n"
    assert reading(tmp_path, pgp).outcome is Outcome.ENCRYPTED
