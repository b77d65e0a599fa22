"""What a verification found: counts of what was checked, what does not fit, and what was not checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from archiver.domain.document import State
from archiver.domain.ledger_report import Finding
from archiver.ports.objects import ObjectInfo

PAGE = 500
INDEXED = (State.ARCHIVED, State.QUARANTINED)
"""States of documents that have a record and are to be found in the index."""


@dataclass(slots=True)
class Verification:
    """What was checked, how often, and what does not fit."""

    started_at: datetime
    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Was everything as it was written?"""
        return not self.findings

    def count(self, name: str, number: int = 1) -> None:
        """Note that something was checked."""
        self.counts[name] = self.counts.get(name, 0) + number

    def add(self, where: str, what: str) -> None:
        """Note something that does not fit."""
        self.findings.append(Finding(where, what))


def place(info: ObjectInfo) -> str:
    """An object's address, for people."""
    return f"{info.ref.bucket}:{info.ref.key}"
