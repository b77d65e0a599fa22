"""What a Tika server is and how it is set up, as far as that changes what is read: for whoever runs it."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from archiver.adapters.extraction.tika_greeting import NotNowError, greeting
from archiver.adapters.extraction.tika_http import AwayError, DroppedError, LongAnswerError, OvertimeError, TikaClient
from archiver.adapters.extraction.tika_server import HEADERS
from archiver.errors import UnreachableError

_SECONDS = 30.0
_LONGEST = 1024 * 1024
_KEPT, _DELETED, _MOVED = "kept words", "deleted words", "moved words"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


@dataclass(frozen=True, slots=True)
class TikaFacts:
    """One server.

    Attributes:
        shown: its address, without user and password.
        version: such as "3.3.2".
        ocr: whether it has the Tesseract parser. It does not run for us: every request says so.
        deleted: whether it gives the deleted and moved words of tracked changes, as the Tika compiled in does.
        limits_time: whether it lets a request set its own time limit; else its own rules, and it reads on for nobody.
    """

    shown: str
    version: str
    ocr: bool
    deleted: bool
    limits_time: bool

    def shortcomings(self, seconds: float) -> tuple[str, ...]:
        """What to change there, a sentence each; () when it reads as the Tika compiled in does.

        Args:
            seconds: `read_seconds`.
        """
        found = []
        if not self.limits_time:
            found.append(
                f"it takes no time limit of {seconds:g} s from a request: its taskTimeoutMillis must be at least {seconds * 1000:.0f} "
                f"and its minimumTimeoutMillis at most that"
            )
        if not self.deleted:
            found.append(
                "it leaves out deleted and moved words of tracked changes: set includeDeletedContent and includeMoveFromContent"
            )
        return tuple(found)


def tika_facts(url: str, seconds: float) -> TikaFacts:
    """Ask the server at `url`; a few requests.

    Args:
        seconds: `read_seconds`.

    Raises:
        UsageError: `url` is no URL.
        UnreachableError: it does not answer, or is no Tika server of the version we know.
    """
    client = TikaClient(url)
    try:
        greeted = greeting(client, seconds)
        parsers = client.get("/parsers", _SECONDS)
        return TikaFacts(
            client.shown, greeted.version, b"TesseractOCRParser" in parsers.body, _deleted(client), greeted.limits_time
        )
    except (AwayError, DroppedError, OvertimeError, LongAnswerError, NotNowError) as error:
        raise UnreachableError(
            f"the Tika server at {client.shown} does not answer: {error}", remedy="start it, or correct MINUTIER_TIKA_URL"
        ) from error


def _deleted(client: TikaClient) -> bool:
    """No request can ask for it and none can ask about it, so a document with tracked changes is read."""
    with tempfile.NamedTemporaryFile(prefix="minutier-", suffix=".docx") as file:
        file.write(_tracked_changes())
        file.flush()
        answer = client.put("/tika/body", Path(file.name), HEADERS, _SECONDS, _LONGEST)
    text = str(json.loads(answer.body).get("X-TIKA:content", "")) if answer.status == 200 else ""
    return all(words in text for words in (_KEPT, _DELETED, _MOVED))


def _tracked_changes() -> bytes:
    """A Word document whose author changed their mind."""
    run = '<w:r><w:{0} xml:space="preserve">{1} </w:{0}></w:r>'
    body = (
        f"<w:p>{run.format('t', _KEPT)}"
        f'<w:del w:id="1" w:author="a">{run.format("delText", _DELETED)}</w:del>'
        f'<w:moveFrom w:id="2" w:author="a">{run.format("t", _MOVED)}</w:moveFrom></w:p>'
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        f'relationships+xml"/><Override PartName="/word/document.xml" ContentType="{_DOCX}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_RELATIONSHIPS}"><Relationship Id="r1" Type="{_DOCUMENT}" '
        f'Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        for name, part in parts.items():
            package.writestr(name, part)
    return packed.getvalue()
