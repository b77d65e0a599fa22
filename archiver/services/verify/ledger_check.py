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
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import ObjectInfo, ObjectStore
from archiver.services.ledger_objects import read_file

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TreeCheck:
    """One tree under verification.

    Attributes:
        roots: size -> root, of every head found sound so far; what segments are measured by.
    """

    tree: Tree
    rows: LedgerRows
    objects: ObjectStore
    keys: Keys
    report: LedgerReport
    counts: TreeCounts
    roots: dict[int, bytes] = field(default_factory=dict)

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
