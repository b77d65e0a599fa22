"""A Tika server that recognises characters for others does not for us: pictures are read the same as without it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.adapters.extraction.frames import Setup
from archiver.adapters.extraction.source import Source
from archiver.adapters.extraction.tika_facts import tika_facts
from archiver.adapters.extraction.tika_http import TikaClient
from archiver.adapters.extraction.tika_server import tika_server
from archiver.domain.extraction import Limits
from tests.support.command import SAMPLES
from tests.support.own_server import own_server

PICTURE = SAMPLES / "factures" / "reçu taxi.jpg"
TESSERACT = """#!/bin/sh
# Stands for Tesseract: whatever the picture shows, it sees the same words.
case "$1" in --*|"") exit 0 ;; esac
echo "words by recognition" >"$2.txt"
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server with Tesseract. The program lies where the server's user can reach it."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "tesseract")
        program.write_text(TESSERACT)
        for path in (program, Path(folder)):
            path.chmod(0o755)
        place = tmp_path_factory.mktemp("tika-ocr")
        with own_server("tika", place, TIKA_OCR="1", PATH=f"{folder}:{os.environ['PATH']}") as server:
            yield server.url


def test_it_recognises_for_others_and_not_for_us(url: str, tmp_path: Path) -> None:
    for_others = TikaClient(url).put("/tika/body", PICTURE, {"Accept": "application/json"}, 30.0, 1_000_000)
    assert b"words by recognition" in for_others.body
    limits = Limits()
    lane = tika_server(Setup(limits, url, 5.0, os.fsencode(tmp_path)), lambda: None)
    reading = lane.read(Source(PICTURE, PICTURE.name, PICTURE.stat().st_size, "image/jpeg", limits))
    assert reading.text.strip() == ""
    assert reading.metadata


def test_it_is_told_and_no_fault(url: str) -> None:
    facts = tika_facts(url, Limits().seconds)
    assert facts.ocr
    assert facts.shortcomings(Limits().seconds) == ()
