"""Reading one file: the fast reader for its format, Tika for everything else and for whatever the reader doubts."""

from __future__ import annotations

from pathlib import Path

from archiver.adapters.extraction.card_numbers import SHORTEST
from archiver.adapters.extraction.detect import EMPTY, UNKNOWN, media_type
from archiver.adapters.extraction.fingerprint import fingerprint
from archiver.adapters.extraction.lanes import EMBEDDED, Lanes, read
from archiver.adapters.extraction.language import language
from archiver.adapters.extraction.screen import screen
from archiver.adapters.extraction.source import Reading, Source
from archiver.adapters.extraction.summary import summary
from archiver.adapters.extraction.text import clean
from archiver.domain.extraction import Extraction, Limits, Outcome
from archiver.domain.masking import mask

_GENERIC = frozenset(
    {UNKNOWN, "text/plain", "application/zip", "application/xml", "application/x-tika-msoffice", "application/x-tika-ooxml"}
    | {
        "application/vnd.apple.iwork",
        "application/x-tika-ooxml-protected",
        "application/x-bplist",
        "application/x-tika-ole-unknown",
    }
)
"""Types that say little: a more telling one found while reading is preferred."""


def extract(source_path: Path, name: str, *, limits: Limits, passwords: tuple[str, ...] = (), readers: bool = True) -> Extraction:
    """Text, metadata and outcome of one file; members of containers are walked elsewhere. Never raises for what a file holds.

    Args:
        source_path: read only.
        name: as received; a hint for what bytes cannot tell.
        passwords: tried in order on what is encrypted.
        readers: False sends everything to Tika.
    """
    return extraction(
        Source(source_path, name, source_path.stat().st_size, media_type(source_path, name), limits, passwords), Lanes(readers)
    )


def extraction(source: Source, lanes: Lanes = EMBEDDED) -> Extraction:
    """As `extract`, for a file whose type is known."""
    if not source.size:
        return Extraction(Outcome.EMPTY, EMPTY, "the file has no bytes", tool="none", fingerprint=fingerprint("none"))
    return _extraction(source, read(source, lanes))


def _extraction(source: Source, reading: Reading) -> Extraction:
    text = clean(reading.text)
    metadata = {key: [clean(value) for value in values] for key, values in reading.metadata.items()}
    code = language(text)
    findings, cards = screen(text)
    return Extraction(
        outcome=reading.outcome,
        media_type=_more_telling(source.media_type, metadata.get("Content-Type", [])),
        reason=clean(reading.reason),
        text=text,
        metadata=metadata,
        summary={name: _masked(value) for name, value in summary(metadata, code).items()},
        language=code,
        tool=reading.tool,
        fingerprint=fingerprint(reading.tool, version=reading.version),
        findings=findings,
        cards=cards,
    )


def _masked(value: str) -> str:
    """A value of the summary without card numbers; most have too few digits to hold one."""
    return mask(value, screen(value)[1]) if sum(map(str.isdigit, value)) >= SHORTEST else value


def _more_telling(detected: str, found: list[str]) -> str:
    """The detected type, unless it says little and the reading found a better one."""
    if detected not in _GENERIC:
        return detected
    return next((plain for value in reversed(found) if (plain := value.split(";")[0].strip()) and plain != UNKNOWN), detected)
