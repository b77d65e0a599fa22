"""What Tika said of a file, turned into a reading with an honest outcome: for the Tika compiled in and for a Tika server alike.

Nothing that Tika left out is called complete.
"""

from __future__ import annotations

import re
from email.utils import getaddresses

from archiver.adapters.extraction.detect import EMPTY, UNKNOWN
from archiver.adapters.extraction.source import Reading, Source
from archiver.domain.extraction import Outcome

TOOL = "tika"
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
_NO_READER = (".DefaultParser", ".CompositeParser", ".EmptyParser")
_NAMED = re.compile(r"(?:Caused by: |^)(?:[\w$.]+\.)?([\w$]+(?:Exception|Error))(?:: ([^\n]{0,160}))?", re.M)


def failure(message: str, source: Source) -> Reading:
    """What an exception that ended the reading says about the file."""
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


def judged(text: str, metadata: dict[str, list[str]], source: Source) -> Reading:
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
    return [name for name in metadata.get("X-TIKA:Parsed-By", []) if not name.endswith(_NO_READER)]


def _problem(metadata: dict[str, list[str]]) -> tuple[Outcome, str] | None:
    """The gravest of the exceptions noted in `metadata`."""
    noted = [trace for key, traces in metadata.items() if key.startswith(_NOTES) for trace in traces]
    noted = [trace for trace in noted if not _is_empty_part(trace)]
    if not noted:
        return None
    if bomb := next((trace for trace in noted if "SecureSAXException" in trace), None):
        return Outcome.TOO_DEEP, f"stopped at a limit: {root_cause(bomb)}"
    if locked := next((trace for trace in noted if "Encrypted" in trace), None):
        return Outcome.PARTIAL, f"a part of it is encrypted: {root_cause(locked)}"
    return Outcome.PARTIAL, f"a part of it could not be read: {root_cause(noted[0])}"


def _is_empty_part(trace: str) -> bool:
    """An attachment of no bytes is not a loss."""
    return "ZeroByteFileException" in trace.split("\n", 1)[0]


def root_cause(trace: str) -> str:
    """The root cause of a stack trace, in one line."""
    named = _NAMED.findall(trace)
    if not named:
        return trace.split("\n", 1)[0][:160]
    name, message = named[-1]
    return f"{name}: {message}" if message else str(name)
