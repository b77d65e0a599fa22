"""What readers and walkers are given, and what a reader hands back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from archiver.domain.extraction import Limits, Outcome


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read: an original, or a member spooled to a temporary file.

    Attributes:
        path: local file; read only.
        name: file name as received, a hint only.
        media_type: as detected from the bytes (and the name where bytes cannot tell).
    """

    path: Path
    name: str
    size: int
    media_type: str
    limits: Limits = field(default_factory=Limits)
    passwords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader found. `metadata` uses Tika's keys. `version`: of a tool that is not one of our packages, else ""."""

    text: str
    metadata: dict[str, list[str]]
    tool: str
    outcome: Outcome = Outcome.COMPLETE
    reason: str = ""
    version: str = ""


class DoubtError(Exception):
    """A reader declines: the file is not quite what the reader knows, so Tika shall read it. The message says why."""


class EndedError(Exception):
    """Reading the file ended the process of a Tika server, which counts as if it had ended this one.

    Args:
        cause: `Outcome.TIMEOUT` or `Outcome.CRASHED`.
        detail: what was tried and what happened.
    """

    def __init__(self, cause: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.cause, self.detail = cause, detail


class ProtectedError(Exception):
    """The file is encrypted and none of the passwords opens it."""
