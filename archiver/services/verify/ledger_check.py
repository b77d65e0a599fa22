"""What every part of a ledger's verification works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from archiver.domain.document import LockMode
from archiver.domain.ledger import Tree
from archiver.domain.ledger_report import LedgerReport, TreeCounts
from archiver.errors import IntegrityError, NotFoundError
from archiver.ports.keys import Keys
from archiver.ports.ledger import LedgerRows, LedgerState
from archiver.ports.objects import ObjectInfo, ObjectStore
from archiver.services.ledger_objects import read_file

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TreeCheck:
    """One tree under verification.

    Attributes:
        state: where the tree stood when the verification began.
        expired: of the access tree, leaves before this one are of months whose entries were removed, as they are after a while.
        roots: size -> root, of every head found sound so far; what segments are measured by.
    """

    tree: Tree
    rows: LedgerRows
    objects: ObjectStore
    keys: Keys
    report: LedgerReport
    counts: TreeCounts
    state: LedgerState
    expired: int = 0
    roots: dict[int, bytes] = field(default_factory=dict)

    def may_be_gone(self, end: int) -> bool:
        """Whether files of the leaves before this one may have been removed, once no lock kept them: their months have expired."""
        return end <= self.expired

    def came_since(self, end: int) -> bool:
        """Whether what ends there was sealed after the verification began, or is just now: only the access tree may grow so."""
        if self.tree is Tree.CUSTODY or end <= self.state.sealed:
            return False
        now = self.rows.state(self.tree)
        return end <= (now.sealed if end == self.state.planned else now.planned)

    def grew_by(self, position: int) -> bool:
        """Whether that leaf of the access tree was entered after the verification began."""
        if self.tree is Tree.CUSTODY or position < self.state.size:
            return False
        return position < self.rows.state(self.tree).size

    def in_store(self, info: ObjectInfo, what: str) -> None:
        """Take note of something in an object."""
        self.report.add(f"{info.ref.bucket}:{info.ref.key}", what)

    def in_catalogue(self, what: str) -> None:
        """Take note of something in the catalogue's rows of this tree."""
        self.report.add(f"catalogue, {self.tree} ledger", what)

    def stray(self, info: ObjectInfo) -> None:
        """Take note of a file that is none of the ledger's."""
        self.in_store(info, "no file of the ledger has such a name")

    def read(self, info: ObjectInfo, parse: Callable[[bytes], T]) -> T | None:
        """A file's content; None, and a finding, when it is damaged."""
        try:
            return parse(read_file(self.objects, info))
        except (IntegrityError, NotFoundError) as error:
            self.in_store(info, str(error))
            return None

    def require_lock(self, info: ObjectInfo) -> None:
        """Take note of a file that anybody may remove."""
        if info.lock.mode is LockMode.NONE:
            self.in_store(info, "it has no lock")
