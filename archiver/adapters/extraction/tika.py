"""Tika compiled to native code: reads what no reader of our own reads.

A call holds the interpreter lock from beginning to end, so this runs in killable children only. What it says of a file that
it could not read, or not whole, is turned into an outcome here: nothing that Tika left out is called complete.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import getaddresses
from functools import lru_cache
from pathlib import Path
from typing import Any

from archiver.adapters.extraction.detect import EMPTY, UNKNOWN, extension
from archiver.adapters.extraction.source import Reading, Source
from archiver.domain.extraction import Outcome

TOOL = "tika"
SETTINGS = "headers,deleted,notes,shapes,masters;ocr=off;macros=off"
_ABOUT_THE_COPY = (
    "resourceName",
    "Content-Length",
    "X-TIKA:Parsed-By",
    "X-TIKA:Parsed-By-Full-Set",
    "File Name",
    "File Modified Date",
)
_NOTES = ("X-TIKA:EXCEPTION:", "X-TIKA:warning")
_PROPERTIES_ONLY = ("application/vnd.ms-project", "application/vnd.ms-works", "application/x-tika-msoffice")
_DRAWN = ("image/vnd.dxf", "image/vnd.dwg", "image/svg")
_MEDIA = ("image/", "audio/", "video/", "font/")
_NAMED = re.compile(r"(?:Caused by: |^)(?:[\w$.]+\.)?([\w$]+(?:Exception|Error))(?:: ([^\n]{0,160}))?", re.M)


def read(source: Source) -> Reading:
    """Text, metadata and outcome by Tika; `encrypted` when it is so as a whole."""
    with _named_like(source) as path:
        try:
            text, metadata = _extractor(source.limits.text_chars).extract_file_to_string(str(path))
        except (TypeError, ValueError, OSError, RuntimeError) as error:
            return _failure(str(error), source)
    return _judged(text, {key: [str(value) for value in values] for key, values in metadata.items()}, source)


@lru_cache(maxsize=2)
def _extractor(text_chars: int) -> Any:
    """The extractor, made once a process. It would start `tesseract` for every image if that were on PATH."""
    os.environ["PATH"] = ""
    import iscc_tika

    office = (
        iscc_tika.OfficeParserConfig()
        .set_include_headers_and_footers(True)
        .set_include_deleted_content(True)
        .set_include_move_from_content(True)
    )
    pdf = iscc_tika.PdfParserConfig().set_ocr_strategy(iscc_tika.PdfOcrStrategy.NO_OCR)
    extractor = iscc_tika.Extractor().set_office_config(office).set_pdf_config(pdf)
    # one more than allowed: a text of exactly the limit and a longer one must be told apart
    return extractor.set_extract_string_max_length(min(text_chars + 1, 2**31 - 1))


@contextmanager
def _named_like(source: Source) -> Iterator[Path]:
    """A path to the same bytes that ends as the received name does: Tika takes text formats by their extension."""
    wanted = extension(source.name)
    if not wanted or extension(source.path.name) == wanted:
        yield source.path
        return
    with tempfile.TemporaryDirectory(prefix="minutier-") as folder:
        link = Path(folder, f"document.{wanted}")
        link.symlink_to(source.path.resolve())
        yield link


def _failure(message: str, source: Source) -> Reading:
    """What Tika's exception says about the file."""
    said = re.sub(r"^\w*Error\(\"?|\"?\)$|@[0-9a-f]{4,}", "", message).removeprefix("Parse error occurred : ")
    if re.search(r"Encrypted|password", said, re.I):
        return _refused(Outcome.ENCRYPTED, said)
    if "JniError" in message:
        return _refused(Outcome.UNSUPPORTED, f"the reader for {source.media_type} ended with an internal error")
    if source.media_type.startswith(_MEDIA):
        return _refused(Outcome.PARTIAL, f"its properties could not be read: {said}")
    if "TIKA-237" in said or "zip bomb" in said.lower():
        return _refused(Outcome.TOO_LARGE, f"stopped at a limit on nesting or expansion: {said}")
    return _refused(Outcome.CORRUPT, f"cannot be read: {said}")


def _refused(outcome: Outcome, reason: str) -> Reading:
    return Reading("", {}, TOOL, outcome, reason)


def _judged(text: str, metadata: dict[str, list[str]], source: Source) -> Reading:
    """The reading with an outcome that follows from everything Tika noted on the way."""
    unread = _unread(text, metadata, source)
    for key in (*_ABOUT_THE_COPY, *(key for key in metadata if key.startswith(_NOTES))):
        metadata.pop(key, None)
    _add_sender_address(metadata)
    limit = source.limits.text_chars
    if len(text) > limit:
        return Reading(
            text[:limit], metadata, TOOL, Outcome.TOO_LARGE, f"more than {limit} characters of text; the first are kept"
        )
    if unread:
        return Reading(text, metadata, TOOL, *unread)
    return Reading(text, metadata, TOOL)


def _unread(text: str, metadata: dict[str, list[str]], source: Source) -> tuple[Outcome, str] | None:
    """Why it was not read whole, if so."""
    kind = metadata.get("Content-Type", [source.media_type])[-1]
    warnings = metadata.get("X-TIKA:warning", [])
    if locked := next((warning for warning in warnings if "Encrypted" in warning), None):
        return Outcome.ENCRYPTED, locked.split(": ", 1)[-1]
    if "protected" in kind or kind == "application/pgp-encrypted":
        return Outcome.ENCRYPTED, "the document is encrypted"
    if problem := _problem(metadata):
        return problem
    if text.strip() or (kind.startswith(_MEDIA) and not kind.startswith(_DRAWN)):
        return None
    if kind.startswith(_PROPERTIES_ONLY):
        return Outcome.PARTIAL, f"only the properties of {kind} are read"
    if not _parsers(metadata):
        return Outcome.UNSUPPORTED, "no known format" if kind in (UNKNOWN, EMPTY) else f"no reader for {kind}"
    return None


def _add_sender_address(metadata: dict[str, list[str]]) -> None:
    """Exchange names a sender by its directory entry; the transport headers have the address people know."""
    known = metadata.get("Message:From-Email", [])
    written = getaddresses(metadata.get("Message:Raw-Header:From", []))
    found = [address for _, address in written if "@" in address and address not in known]
    if found and not any("@" in address for address in known):
        metadata["Message:From-Email"] = [*found, *known]


def _parsers(metadata: dict[str, list[str]]) -> list[str]:
    return [name for name in metadata.get("X-TIKA:Parsed-By", []) if not name.endswith((".DefaultParser", ".EmptyParser"))]


def _problem(metadata: dict[str, list[str]]) -> tuple[Outcome, str] | None:
    """The gravest of the exceptions noted in `metadata`."""
    noted = [trace for key, traces in metadata.items() if key.startswith(_NOTES) for trace in traces]
    noted = [trace for trace in noted if not _is_empty_part(trace)]
    if not noted:
        return None
    if bomb := next((trace for trace in noted if "SecureSAXException" in trace), None):
        return Outcome.TOO_DEEP, f"stopped at a limit: {_told(bomb)}"
    if locked := next((trace for trace in noted if "Encrypted" in trace), None):
        return Outcome.PARTIAL, f"a part of it is encrypted: {_told(locked)}"
    return Outcome.PARTIAL, f"a part of it could not be read: {_told(noted[0])}"


def _is_empty_part(trace: str) -> bool:
    """An attachment of no bytes is not a loss."""
    return "ZeroByteFileException" in trace.split("\n", 1)[0]


def _told(trace: str) -> str:
    """The root cause of a stack trace, in one line."""
    named = _NAMED.findall(trace)
    if not named:
        return trace.split("\n", 1)[0][:160]
    name, message = named[-1]
    return f"{name}: {message}" if message else str(name)
