"""A Tika server in place of the Tika compiled in: the same text, metadata and outcome of every document.

`/tika/body` gives the text of a document with all that is embedded in it, as one, with the metadata of the whole: what the
Tika compiled in gives. Of a document that can't be read it tells nothing, so `/rmeta` is asked why.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec

from archiver.adapters.extraction.detect import extension
from archiver.adapters.extraction.frames import Setup
from archiver.adapters.extraction.source import Reading, Source
from archiver.adapters.extraction.tika_asking import Asking
from archiver.adapters.extraction.tika_http import LongAnswerError, TikaClient
from archiver.adapters.extraction.tika_judgement import TOOL, failure, judged, root_cause
from archiver.adapters.extraction.tika_turns import Turns
from archiver.domain.extraction import Limits, Outcome

HEADERS = {"Accept": "application/json", "X-Tika-PDFOcrStrategy": "no_ocr", "X-Tika-OCRskipOcr": "true"}
"""What a request can say of how to read. What it can't is in the server's own configuration; `tika_facts` looks at that."""

_TEXT = "X-TIKA:content"
_EXCEPTION = "X-TIKA:EXCEPTION:"
_WARNING = "X-TIKA:warning"
_ENCRYPTED = "EncryptedDocumentException"
_ABOUT_THE_RECORD = ("X-TIKA:encrypted", "X-TIKA:embedded_depth", "X-TIKA:parse_time_millis", "X-TIKA:content_handler")
_LONGEST_METADATA = 64 * 1024 * 1024
_BYTES_A_CHARACTER = 6
_LARGEST_INT = 2**31 - 1

Record = dict[str, str | list[str]]
_record = msgspec.json.Decoder(Record)
_records = msgspec.json.Decoder(list[Record])


class TikaServer:
    """Reads by asking. For one thread."""

    def __init__(self, asking: Asking, limits: Limits) -> None:
        self._asking, self._limits = asking, limits

    def read(self, source: Source) -> Reading:
        """Text, metadata and outcome; `encrypted` when it is so as a whole.

        Raises:
            UnreachableError: the server does not answer, for longer than is waited, or is another than it should be.
            EndedError: the document takes the server more time than it has, or ends its process even when read alone.
        """
        try:
            reading = self._read(source)
        except LongAnswerError as error:
            reading = Reading("", {}, TOOL, Outcome.TOO_LARGE, str(error))
        return replace(reading, version=f"server={self._asking.version}")

    def _read(self, source: Source) -> Reading:
        # one more than allowed: a text of exactly the limit and a longer one must be told apart
        headers = self._headers(source) | {"writeLimit": str(min(self._limits.text_chars + 1, _LARGEST_INT))}
        longest = _BYTES_A_CHARACTER * self._limits.text_chars + _LONGEST_METADATA
        status, record = self._asking.ask("/tika/body", source, headers, longest, _record.decode)
        if record is not None:
            metadata = _metadata(record)
            return judged("".join(metadata.pop(_TEXT, [])), metadata, source)
        return self._unread(status, source)

    def _unread(self, status: int, source: Source) -> Reading:
        """Why there is no text."""
        if status == 204:
            return judged("", {}, source)
        if status == 413:
            return Reading("", {}, TOOL, Outcome.TOO_LARGE, "the Tika server takes no file of this size")
        if status == 415:
            return Reading("", {}, TOOL, Outcome.UNSUPPORTED, f"no reader for {source.media_type}")
        _, records = self._asking.ask("/rmeta/ignore", source, self._headers(source), _LONGEST_METADATA, _records.decode)
        return _told(records or [], status, source)

    def _headers(self, source: Source) -> dict[str, str]:
        """Tika takes text formats by their extension; of the name it needs no more."""
        kind = extension(source.name)
        return HEADERS | {"Content-Disposition": f"attachment; filename=document{'.' if kind else ''}{kind}"}


def tika_server(setup: Setup, alive: Callable[[], None]) -> TikaServer:
    """The lane of one child.

    Args:
        alive: called while a wait is not the document's own.

    Raises:
        UsageError: the URL is none.
    """
    turns = Turns(Path(os.fsdecode(setup.shared)), setup.tika_url, alive)
    asking = Asking(TikaClient(setup.tika_url), setup.limits, turns, alive, patience=setup.tika_patience)
    return TikaServer(asking, setup.limits)


def _told(records: list[Record], status: int, source: Source) -> Reading:
    """The reading of what can't be read. Of what is encrypted, metadata can often be read all the same."""
    exceptions = [value for record in records for key, value in record.items() if key.startswith(_EXCEPTION)]
    trace = "".join(exceptions[0][:1] if isinstance(exceptions[0], list) else exceptions[0]) if exceptions else ""
    head = trace.split("\n", 1)[0]
    if not head.startswith(f"org.apache.tika.exception.{_ENCRYPTED}"):
        return failure(root_cause(trace) or f"the Tika server answers {status}", source)
    metadata = {key: value for key, value in _metadata(records[0]).items() if key not in _ABOUT_THE_RECORD}
    return judged("", metadata | {_WARNING: [f"{_ENCRYPTED}: {head.split(': ', 1)[-1]}"]}, source)


def _metadata(record: Record) -> dict[str, list[str]]:
    return {key: [value] if isinstance(value, str) else value for key, value in record.items()}
