"""Which way a file is read, and what is said of it."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from archiver.adapters.extraction import lanes
from archiver.adapters.extraction.extract import extract
from archiver.adapters.extraction.fingerprint import fingerprint
from archiver.adapters.extraction.source import DoubtError, Reading, Source
from archiver.domain.extraction import Extraction, Limits, Outcome


def result(tmp_path: Path, data: bytes, name: str, *, limits: Limits | None = None, readers: bool = True) -> Extraction:
    path = tmp_path / "stored"
    path.write_bytes(data)
    return extract(path, name, limits=limits or Limits(), readers=readers)


def test_no_bytes(tmp_path: Path) -> None:
    found = result(tmp_path, b"", "a.pdf")
    assert (found.outcome, found.text) == (Outcome.EMPTY, "")
    assert found.reason


def test_unknown_binary(tmp_path: Path) -> None:
    found = result(tmp_path, bytes(range(256)) * 8, "a.bin")
    assert (found.outcome, found.text) == (Outcome.UNSUPPORTED, "")


@pytest.mark.parametrize("failure", [DoubtError("no"), ValueError("crash"), RecursionError(), KeyError("x")])
def test_reader_that_doubts_or_fails_leaves_the_file_to_tika(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(_source: Source) -> Reading:
        raise failure

    monkeypatch.setattr(lanes, "reader_for", lambda _kind: fail)
    found = result(tmp_path, b"<html><body><p>texte lu quand m\xc3\xaame</p></body></html>", "a.html")
    assert found.tool == "tika"
    assert "texte lu quand même" in found.text


def test_running_out_of_memory_is_not_swallowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_source: Source) -> Reading:
        raise MemoryError

    monkeypatch.setattr(lanes, "reader_for", lambda _kind: fail)
    with pytest.raises(MemoryError):
        result(tmp_path, b"texte", "a.txt")


def test_readers_off_means_tika(tmp_path: Path) -> None:
    assert result(tmp_path, b"du texte", "a.txt", readers=False).tool == "tika"
    assert result(tmp_path, b"du texte", "a.txt").tool == "text"


@pytest.mark.parametrize("readers", [True, False])
def test_text_beyond_the_limit_is_never_cut_silently(tmp_path: Path, readers: bool) -> None:
    exact = result(tmp_path, b"a" * 100, "a.txt", limits=Limits(text_chars=1000), readers=readers)
    longer = result(tmp_path, b"a " * 2000, "a.txt", limits=Limits(text_chars=1000), readers=readers)
    assert exact.outcome is Outcome.COMPLETE
    assert longer.outcome is Outcome.TOO_LARGE
    assert len(longer.text) == 1000
    assert longer.reason


def test_rich_text_cut_short_is_partial(tmp_path: Path) -> None:
    whole = rb"{\rtf1\ansi Bonjour \b madame\b0\par Au revoir\par}"
    assert result(tmp_path, whole, "a.rtf").outcome is Outcome.COMPLETE
    assert result(tmp_path, whole[:40], "a.rtf").outcome is Outcome.PARTIAL


def test_broken_xml_still_gives_its_words(tmp_path: Path) -> None:
    found = result(tmp_path, b"<?xml version='1.0'?><order><item>Chaise</item><item>Table", "a.xml")
    assert found.outcome is Outcome.PARTIAL
    assert "Chaise" in found.text


def test_external_entities_are_never_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("do not read me")
    evil = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]><a>&x;</a>'.encode()
    for name in ("a.xml", "a.html", "a.svg"):
        assert "do not read me" not in result(tmp_path, evil, name).text


def test_control_characters_and_line_ends(tmp_path: Path) -> None:
    found = result(tmp_path, b"un\r\ndeux\rtrois\x0cquatre\x1b\tcinq", "a.txt")
    assert found.text == "un\ndeux\ntrois\nquatre\tcinq"


def test_language_of_the_whole_not_of_its_first_line(tmp_path: Path) -> None:
    text = (
        "Dear Sir or Madam, thank you very much for the letter that we have received from you today.\n"
        + "Nous avons bien reçu votre demande et nous vous en remercions. " * 30
    )
    assert result(tmp_path, text.encode(), "a.txt").language == "fr"
    assert result(tmp_path, b"12 34 http://x.y/z", "a.txt").language == ""


def test_fingerprint_tells_tools_apart() -> None:
    assert fingerprint("tika") != fingerprint("pdfium")
    assert len(fingerprint("tika")) == 16
    assert fingerprint("tika") == fingerprint("tika")


def test_nothing_is_told_of_the_copy_that_was_read(tmp_path: Path) -> None:
    drawn = io.BytesIO()
    Image.new("L", (3, 2)).save(drawn, "JPEG")
    for name, changed in (("a", 0), ("b", 10**9)):
        (tmp_path / name).write_bytes(drawn.getvalue())
        os.utime(tmp_path / name, (changed, changed))
    first, second = (extract(tmp_path / name, "scan.jpg", limits=Limits()) for name in ("a", "b"))
    assert first.metadata["tiff:ImageWidth"] == ["3"]
    assert first == second
