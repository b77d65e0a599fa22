"""What a verification of the ledger found."""

from __future__ import annotations

from dataclasses import dataclass, field

from archiver.domain.ledger import Tree

FINDINGS_KEPT = 1_000
"""Findings told one by one; more are counted only, so that a ruined ledger does not fill the memory."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written."""

    where: str
    what: str


@dataclass(slots=True)
class TreeCounts:
    """What was checked of one tree.

    Attributes:
        leaves: leaves sealed, and checked against a signed root; unsealed: leaves only in the catalogue so far.
        opened: entries whose payload and salt are there and fit; erased: those whose payload is gone, as it may be;
            expired: those of months of the access tree that were removed in their time.
        waiting: events in the outbox, not in the tree yet.
        interrupted: a segment's sealing was cut off; the next `seal` ends it.
    """

    segments: int = 0
    heads: int = 0
    leaves: int = 0
    opened: int = 0
    erased: int = 0
    expired: int = 0
    unsealed: int = 0
    waiting: int = 0
    interrupted: bool = False


@dataclass(slots=True)
class LedgerReport:
    """Counts a tree, and everything that does not fit."""

    trees: dict[Tree, TreeCounts] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    not_listed: int = 0

    @property
    def sound(self) -> bool:
        """Was everything as it was written?"""
        return not self.findings

    def add(self, where: str, what: str) -> None:
        """Take note of something that does not fit."""
        if len(self.findings) < FINDINGS_KEPT:
            self.findings.append(Finding(where, what))
        else:
            self.not_listed += 1
