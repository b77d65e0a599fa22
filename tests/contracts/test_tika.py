"""The Tika compiled in and a Tika server: of every document the same outcome, text and metadata, or the difference is named here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from archiver.adapters.extraction.pool import CHILD_COMMAND, ChildPool
from archiver.adapters.extraction.tika_facts import tika_facts
from archiver.domain.extraction import Died, Event, Extraction, ExtractionTask, Found, Limits, Locator, Unreachable
from archiver.errors import UnreachableError
from tests.support import corpus
from tests.support.command import SAMPLES
from tests.support.servers import server_url

TIKA_ONLY = (*CHILD_COMMAND, "--engine", "archiver.adapters.extraction.tika_only:run")
Readings = dict[tuple[str, Locator], Extraction]

READ_BY_THE_SERVER_ONLY = {
    "images-ocr/testHEIF.heic": "the parser for HEIF is not compiled in whole",
    "legacy/github260.vsdx": "nor that for Visio's new format",
    "legacy/testVISIO.vsdx": "",
    "macros/SimpleMacro.vsdm": "",
    "legacy/testACCESS.mdb": "nor the sort orders of Access",
    "office/60316.docx": "nor all of the classes that numbered lists need",
    "office/testWORD_override_list_numbering.docx": "",
}
TEXT_DIFFERS = {
    "office/testRTFVarious.rtf": "letters beyond U+FFFF come out of the compiled Tika as U+FFFD",
}
METADATA_DIFFERS = {
    "images-ocr/testBMP.bmp": "which of Java's readers for BMP is asked differs from start to start of a server",
    **dict.fromkeys(
        ["legacy/testOneNote.one", "legacy/testOneNote2016.one", "mail/message_1979.msg", "mail/message_1981.msg"],
        "a NUL at the end of a value comes out of the compiled Tika as two U+FFFD",
    ),
}
OUTCOME_DIFFERS = {
    "corrupt/clusterfuzz-testcase-minimized-POIFuzzer-5681320547975168.ppt": "the server says that it is the encryption that is damaged",
}


def readings(files: Iterable[Path], scratch: Path, tika_url: str = "") -> Readings:
    """By Tika alone, of the files and all that is in them."""
    pool = ChildPool(2, Limits(), TIKA_ONLY, scratch=scratch, tika_url=tika_url)
    try:
        pool.submit([ExtractionTask(str(path), path, path.name, path.stat().st_size) for path in files])
        events: list[Event] = []
        while pool.pending():
            events += pool.poll(1.0)
    finally:
        pool.close()
    assert not [event for event in events if isinstance(event, Died | Unreachable)]
    return {(event.document_id, event.locator): event.extraction for event in events if isinstance(event, Found)}


def assert_same(embedded: Readings, served: Readings, root: Path) -> None:
    assert served.keys() == embedded.keys()
    for place, by_server in served.items():
        name = str(Path(place[0]).relative_to(root))
        if name in READ_BY_THE_SERVER_ONLY:
            continue
        by_us = embedded[place]
        if name not in OUTCOME_DIFFERS:
            assert by_server.outcome is by_us.outcome, (place, by_server.reason, by_us.reason)
            assert bool(by_server.reason) is bool(by_us.reason), place
        assert by_server.media_type == by_us.media_type or name in OUTCOME_DIFFERS, place
        assert (by_server.tool, by_server.language) == (by_us.tool, by_us.language), place
        assert by_server.text == by_us.text or name in TEXT_DIFFERS, place
        if name not in METADATA_DIFFERS | OUTCOME_DIFFERS:
            assert by_server.metadata == by_us.metadata, place
            assert by_server.summary == by_us.summary, place


def test_samples_read_the_same(tmp_path: Path) -> None:
    url = server_url("tika")
    files = sorted(path for path in SAMPLES.rglob("*") if path.is_file())
    served = readings(files, tmp_path, url)
    assert_same(readings(files, tmp_path), served, SAMPLES)
    assert sum(reading.tool == "tika" for reading in served.values()) > 50


@pytest.mark.timeout(900)
@pytest.mark.skipif(not corpus.present(), reason=corpus.ABSENT)
def test_real_files_read_the_same(tmp_path: Path) -> None:
    url = server_url("tika")
    files = sorted(path for path in (corpus.ROOT / "files").rglob("*") if path.is_file())
    served, embedded = readings(files, tmp_path, url), readings(files, tmp_path)
    assert_same(embedded, served, corpus.ROOT / "files")
    for name in READ_BY_THE_SERVER_ONLY:
        place = (str(corpus.ROOT / "files" / name), ())
        assert served[place].outcome == "complete" != embedded[place].outcome, name


def test_a_reading_tells_which_server_made_it(tmp_path: Path) -> None:
    """Its text is stored apart from that of another Tika."""
    path = tmp_path / "letter.rtf"
    path.write_text("{\\rtf1\\ansi\\pard a letter\\par}")
    (by_server,) = readings([path], tmp_path, server_url("tika")).values()
    (by_us,) = readings([path], tmp_path).values()
    assert by_server.text == by_us.text
    assert by_server.tool == by_us.tool == "tika"
    assert re.fullmatch("[0-9a-f]{16}", by_server.fingerprint)
    assert by_server.fingerprint != by_us.fingerprint


def test_the_projects_own_server_is_set_up_as_it_should_be() -> None:
    facts = tika_facts(server_url("tika"), Limits().seconds)
    assert facts.version.startswith("3.")
    assert facts.shortcomings(Limits().seconds) == ()


def test_what_a_server_lacks_is_told() -> None:
    told = tika_facts(server_url("tika"), 1e6).shortcomings(1e6)
    assert [line for line in told if "taskTimeoutMillis" in line]


def test_facts_of_a_server_that_is_not_there() -> None:
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1 ") as caught:
        tika_facts("http://user:secret@127.0.0.1:1", 10.0)
    assert "secret" not in str(caught.value)
