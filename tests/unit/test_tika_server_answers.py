"""Whatever a Tika server answers, and does not: an outcome of the document, or out of reach; never the one for the other."""

from __future__ import annotations

import errno
import io
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.adapters.extraction import tika_http
from archiver.adapters.extraction.frames import Setup
from archiver.adapters.extraction.source import EndedError, Reading, Source
from archiver.adapters.extraction.tika_server import tika_server
from archiver.domain.extraction import Limits, Outcome
from archiver.errors import UnreachableError, UsageError
from tests.support.false_tika import DROP, Asked, FalseTika, Reply, Script, false_tika, record

Open = Callable[[Script], FalseTika]


@pytest.fixture
def tika() -> Iterator[Open]:
    """Starts stand-ins, and ends them."""
    with ExitStack() as held:
        yield lambda script: held.enter_context(false_tika(script))


@pytest.fixture
def source(tmp_path: Path) -> Source:
    path = tmp_path / "0123abcd"
    path.write_bytes(b"{\\rtf1 the document}" * 5000)
    return Source(path, "Été «1».rtf", path.stat().st_size, "application/rtf")


def read(server: FalseTika | str, source: Source, limits: Limits | None = None, patience: float = 1.0) -> Reading:
    url = server if isinstance(server, str) else server.url
    limits = limits or Limits(seconds=5.0)
    setup = Setup(limits, url, patience, os.fsencode(source.path.parent))
    return tika_server(setup, lambda: None).read(replace(source, limits=limits))


def always(reply: Reply) -> Script:
    return lambda asked: reply


def in_turn(*replies: Reply) -> Script:
    """One after the other; the last again and again."""
    left = list(replies)
    return lambda asked: left.pop(0) if len(left) > 1 else left[0]


def test_a_document_is_sent_whole_with_all_that_says_how_to_read_it(tika: Open, source: Source) -> None:
    server = tika(always(record("its text", **{"dc:title": "T", "Content-Type": "application/rtf"})))
    reading = read(server, source, Limits(seconds=5.0, text_chars=100))
    (asked,) = server.asked
    assert asked.service == "/tika/body"
    assert asked.body == source.path.read_bytes()
    told = {name.lower(): value for name, value in asked.headers.items()}
    assert told["x-tika-timeout-millis"] == "5000"
    assert told["x-tika-pdfocrstrategy"] == "no_ocr"
    assert told["x-tika-ocrskipocr"] == "true"
    assert told["writelimit"] == "101"
    assert told["content-disposition"] == "attachment; filename=document.rtf"
    assert "content-type" not in told
    assert reading == Reading(
        "its text", {"dc:title": ["T"], "Content-Type": ["application/rtf"]}, "tika", version="server=3.9.1"
    )


def test_nothing_is_left_behind_and_no_setting_of_the_surroundings_counts(
    tika: Open, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("TIKA_LOG_FILE", "tika.log")
    assert read(tika(always(record("text"))), source).text == "text"
    assert [path.name for path in tmp_path.iterdir() if "log" in path.name] == []


def test_a_text_of_the_limit_is_whole_and_a_longer_one_is_cut(tika: Open, source: Source) -> None:
    limits = Limits(seconds=5.0, text_chars=10)
    assert read(tika(always(record("x" * 10))), source, limits).outcome is Outcome.COMPLETE
    longer = read(tika(always(record("x" * 11))), source, limits)
    assert (longer.outcome, longer.text) == (Outcome.TOO_LARGE, "x" * 10)


@pytest.mark.parametrize(
    ("reply", "outcome", "word"),
    [
        (Reply(413), Outcome.TOO_LARGE, "size"),
        (Reply(415), Outcome.UNSUPPORTED, "application/rtf"),
        (record("", **{"Content-Type": "application/octet-stream"}), Outcome.UNSUPPORTED, "no known format"),
    ],
)
def test_statuses_that_speak_of_the_document(tika: Open, source: Source, reply: Reply, outcome: Outcome, word: str) -> None:
    reading = read(tika(always(reply)), source)
    assert reading.outcome is outcome
    assert word in reading.reason


@pytest.mark.parametrize(
    ("trace", "outcome", "reason"),
    [
        ("org.apache.tika.exception.EncryptedDocumentException: it is locked\n\tat x", Outcome.ENCRYPTED, "it is locked"),
        (
            "a.B.ParseException: outer\n\tat x\nCaused by: java.io.EOFException: short\n\tat y",
            Outcome.CORRUPT,
            "EOFException: short",
        ),
        ("org.apache.tika.sax.TaggedSAXException: Suspected zip bomb: 1 to 9", Outcome.TOO_LARGE, "zip bomb"),
    ],
)
def test_why_a_document_cannot_be_read_is_asked_for(
    tika: Open, source: Source, trace: str, outcome: Outcome, reason: str
) -> None:
    told = Reply(200, json.dumps([{"X-TIKA:EXCEPTION:container_exception": trace, "dc:creator": "A"}]).encode())
    server = tika(lambda asked: told if asked.service.startswith("/rmeta") else Reply(422))
    reading = read(server, source)
    assert reading.outcome is outcome
    assert reason in reading.reason
    assert reading.metadata == ({"dc:creator": ["A"]} if outcome is Outcome.ENCRYPTED else {})
    assert [asked.service for asked in server.asked] == ["/tika/body", "/rmeta/ignore"]


@pytest.mark.parametrize(
    "reply",
    [
        DROP,
        Reply(500),
        Reply(502),
        Reply(200, b""),
        Reply(200, b'{"X-TIKA:content": "cut sh'),
        Reply(200, b'{"X-TIKA:content": "cut sh', length=5000),
        Reply(200, b"<html>"),
    ],
)
def test_once_it_may_have_been_a_neighbour_and_twice_it_was_the_document(tika: Open, source: Source, reply: Reply) -> None:
    server = tika(in_turn(reply, record("text after all")))
    assert read(server, source).text == "text after all"
    assert len(server.asked) == 2
    again = tika(always(reply))
    with pytest.raises(EndedError) as caught:
        read(again, source)
    assert caught.value.cause is Outcome.CRASHED
    assert len(again.asked) == 2


def test_a_server_that_is_full_is_waited_for(tika: Open, source: Source) -> None:
    assert read(tika(in_turn(Reply(503), Reply(429), Reply(503), record("text"))), source).text == "text"


@pytest.mark.parametrize("reply", [Reply(503), Reply(401), Reply(404), Reply(405), Reply(302, headers={"Location": "/other"})])
def test_a_server_that_stays_full_or_refuses_is_out_of_reach(tika: Open, source: Source, reply: Reply) -> None:
    began = time.monotonic()
    with pytest.raises(UnreachableError, match=str(reply.status)):
        read(tika(always(reply)), source)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("version", "word"),
    [
        (Reply(200, b"Apache Tika 2.9.2"), "Tika 2.9.2; this program reads with Tika 3"),
        (Reply(200, b"Apache Tika 4.0.0-beta1"), "Tika 4.0.0-beta1"),
        (Reply(200, b"<html>welcome</html>"), "no Tika server"),
        (Reply(404, b""), "no Tika server"),
        (Reply(503, b""), "503"),
        (DROP, "does not answer"),
    ],
)
def test_another_server_is_not_given_documents(tika: Open, source: Source, version: Reply, word: str) -> None:
    server = tika(always(record("text")))
    server.version = version
    with pytest.raises(UnreachableError, match=word):
        read(server, source)
    assert server.asked == []


def test_an_answer_without_end_is_not_taken(tika: Open, source: Source) -> None:
    limits = Limits(seconds=20.0, text_chars=10)
    huge = Reply(200, b'{"X-TIKA:content": "' + b"x" * (70 * 1024 * 1024))
    reading = read(tika(always(huge)), source, limits)
    assert reading.outcome is Outcome.TOO_LARGE
    assert "longer than" in reading.reason


def test_no_answer_in_time_is_the_documents_timeout(tika: Open, source: Source) -> None:
    def slow(asked: Asked) -> Reply:
        time.sleep(4.0)
        return DROP

    with pytest.raises(EndedError) as caught:
        read(tika(slow), source, Limits(seconds=1.0))
    assert caught.value.cause is Outcome.TIMEOUT


def test_no_answer_from_a_server_that_hangs_is_not(tika: Open, source: Source) -> None:
    """Frozen, it answers nothing else either: the time was not spent on the document."""

    def freeze(asked: Asked) -> Reply:
        server.version = Reply(503)
        time.sleep(4.0)
        return DROP

    server = tika(freeze)
    with pytest.raises(UnreachableError):
        read(server, source, Limits(seconds=1.0))


def test_a_file_that_cannot_be_read_is_the_machines_fault(tika: Open, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    source = Source(tmp_path / "folder", "x.rtf", 10, "application/rtf")
    with pytest.raises(IsADirectoryError):
        read(tika(always(record("text"))), source)


def test_a_disk_that_fails_midway_is_the_machines_fault(tika: Open, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(io.FileIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(tika_http, "open", Failing, raising=False)
    with pytest.raises(OSError, match="Input/output"):
        read(tika(lambda asked: record("text")), source)


@pytest.mark.parametrize("url", ["localhost:9998", "ftp://host/", "http://", "http://host:port/", "http://[::1/"])
def test_what_is_no_url_is_told_without_repeating_it(url: str, source: Source) -> None:
    with pytest.raises(UsageError) as caught:
        read(url.replace("//", "//user:secret@") if "//" in url else url, source)
    assert "secret" not in str(caught.value)
