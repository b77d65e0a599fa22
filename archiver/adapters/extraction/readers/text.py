"""Plain text in its many dresses: notes, CSV, JSON, logs, calendars."""

from __future__ import annotations

from archiver.adapters.extraction.readers.charset import decode
from archiver.adapters.extraction.source import DoubtError, Reading, Source
from archiver.domain.extraction import Outcome

TOOL = "text"
_BYTES_A_CHARACTER = 4


def read(source: Source) -> Reading:
    """The text as it stands.

    Raises:
        DoubtError: the bytes are in no encoding that is certain.
    """
    limit = source.limits.text_chars
    with open(source.path, "rb") as stream:
        data = stream.read(_BYTES_A_CHARACTER * limit + 1)
    text, charset = decode(data)
    if "\x00" in text:
        raise DoubtError("NUL characters in what should be text")
    metadata = {"Content-Type": [f"{source.media_type}; charset={charset.upper()}"], "Content-Encoding": [charset.upper()]}
    if len(text) > limit or len(data) < source.size:
        reason = f"more than {limit} characters of text; the first are kept"
        return Reading(text[:limit], metadata, TOOL, Outcome.TOO_LARGE, reason)
    return Reading(text, metadata, TOOL)
