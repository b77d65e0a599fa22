"""What comes out of reading a document: text, metadata, an honest outcome, and the members of a container."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """How far a document could be read. Searchable; never `complete` for a text that was cut short."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    ENCRYPTED = "encrypted"
    CORRUPT = "corrupt"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Step:
    """One step into a container.

    Attributes:
        kind: the walker that finds it again: "zip", "tar", "7z", "mbox", "mail", "msg", "pst", "gzip" ...
        index: its position in that container, from 0. Names may repeat; positions do not.
        name: the path written in the container, for people (may hold anything; display through `domain.display`).
    """

    kind: str
    index: int
    name: str


Locator = tuple[Step, ...]
"""Way from a stored original down to one member; `()` is the original itself."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """The result for one document or member.

    Attributes:
        outcome, reason: how far it could be read; `reason` is "" only when complete.
        media_type: as detected from the bytes, e.g. "application/pdf".
        text: the whole text found (normalised line ends, no NUL).
        metadata: Tika's keys to lists of values, e.g. {"dc:title": ["Bail"]}.
        summary: the small normal form; keys among title, author, created, modified, pages, subject, from, to,
            message_id, language. Dates are ISO 8601 with a zone.
        language: ISO 639-1 code, or "" when the text is too short to tell.
        tool: what read it ("pdfium", "ooxml", "tika" ...).
        fingerprint: tool + version + settings, 16 hexadecimal characters; part of the key its text is stored under.
        findings: how many of each kind of personal data were seen, e.g. {"card": 1, "iban": 2}.
        cards: (start, end) character spans of payment card numbers in `text`, to be masked before indexing.
    """

    outcome: Outcome
    media_type: str
    reason: str = ""
    text: str = ""
    metadata: dict[str, list[str]] = field(default_factory=dict)
    summary: dict[str, str] = field(default_factory=dict)
    language: str = ""
    tool: str = ""
    fingerprint: str = ""
    findings: dict[str, int] = field(default_factory=dict)
    cards: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader or walker may spend on one stored original. Reaching one is an outcome, never a silence."""

    depth: int = 8
    entries: int = 100_000
    expanded_bytes: int = 20 * 1024**3
    member_bytes: int = 4 * 1024**3
    ratio: int = 200
    text_chars: int = 256_000_000
    seconds: float = 120.0
    memory_bytes: int = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class ExtractionTask:
    """One stored original to read.

    Attributes:
        document_id: comes back in every event.
        path: a local file with the bytes; read only.
        name: file name as received: a hint for detection and for people.
        passwords: tried in order on what is encrypted; never logged, never stored.
        poison: members that ended a child before: reported as `crashed` without being opened.
    """

    document_id: str
    path: Path
    name: str
    size: int
    passwords: tuple[str, ...] = ()
    poison: tuple[Locator, ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    """A child is about to read this (locator `()`: the original itself). What a dead child was reading is the last of these."""

    document_id: str
    locator: Locator


@dataclass(frozen=True, slots=True)
class Found:
    """One result. Members come before their container (post-order), the original itself (locator `()`) last.

    Attributes:
        size, sha256: of the member's plain bytes; -1 and "" when they could not be read.
        parent_sha256: digest of the container it was read from; "" for the original itself.
        expected, failed: for a container, members it lists and those that could not be read; else 0.
    """

    document_id: str
    locator: Locator
    size: int
    sha256: str
    parent_sha256: str
    extraction: Extraction
    expected: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """Everything of this task was reported."""

    document_id: str


@dataclass(frozen=True, slots=True)
class Died:
    """The child that was reading this ended before it was finished.

    Attributes:
        locator: the member it was reading.
        cause: `Outcome.TIMEOUT`, `Outcome.TOO_LARGE` (memory limit) or `Outcome.CRASHED`.
    """

    document_id: str
    locator: Locator
    cause: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Reading stopped because a part that it needs does not answer (a Tika server). It says nothing about the document.

    What was found in it before was said; the whole of it is to be read again, later. Nothing is held against it.

    Attributes:
        detail: which part, and what it answered last.
    """

    document_id: str
    detail: str


Event = Started | Found | Finished | Died | Unreachable
