"""A bulk import and its lines: every line of the input ends with one outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from archiver.domain.extraction import Outcome


class BatchState(StrEnum):
    """`interrupted` batches can be resumed; `finished` ones have an outcome for every line."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    FINISHED = "finished"


class LineState(StrEnum):
    """What became of one input line at intake. `skipped` is no document at all: a link, a device, a socket. `refused` was
    destroyed by a purge, and nobody said why it should be archived again."""

    PENDING = "pending"
    NEW = "new"
    ALREADY = "already"
    DUPLICATE = "duplicate"
    FAILED = "failed"
    SKIPPED = "skipped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Batch:
    """One `minutier import`.

    Attributes:
        spec: the arguments it was started with, so that `resume` needs only its id.
        listed: the input was read to its end; before that a resume reads it again.
        lines: input lines seen so far.
    """

    id: str
    state: BatchState
    created_at: datetime
    spec: dict[str, Any]
    finished_at: datetime | None = None
    listed: bool = False
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One input line. `source` is the path or reference as given; `document_id` is "" until there is one."""

    number: int
    source: str
    state: LineState = LineState.PENDING
    document_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line of a batch report.

    Attributes:
        outcome: "archived", "archived, partial text" (and so on for every text outcome), "already there",
            "duplicate", "skipped", "refused", "failed", "quarantined", "waiting", or "destroyed" once a purge has
            destroyed its document; the source is empty then.
        text_outcome: how far the text could be read; None while waiting or failed.
    """

    number: int
    source: str
    outcome: str
    reason: str
    document_id: str
    text_outcome: Outcome | None = None
    size: int = 0
    members: int = 0
    members_failed: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over a batch: `lines` in, and how many ended how. Whole when `lines == sum(by_outcome.values())` and none waits."""

    lines: int
    by_outcome: dict[str, int] = field(default_factory=dict)
    members: int = 0
    members_failed: int = 0
    bytes: int = 0

    @property
    def settled(self) -> int:
        """Lines that have come to their outcome."""
        return sum(count for name, count in self.by_outcome.items() if name != "waiting")

    @property
    def whole(self) -> bool:
        """Whether every line has."""
        return self.lines == self.settled
