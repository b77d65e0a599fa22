"""Verification of the ledger: payloads against commitments, commitments against signed heads, the catalogue against both."""

from __future__ import annotations

from archiver.domain.ledger import Tree
from archiver.domain.ledger_report import LedgerReport, TreeCounts
from archiver.errors import IntegrityError, LockedError, NotFoundError
from archiver.ports.keys import Keys
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import ObjectStore
from archiver.services.access_expiry import last_expiry
from archiver.services.ledger_objects import entries
from archiver.services.verify.ledger_check import TreeCheck
from archiver.services.verify.ledger_heads import check_heads
from archiver.services.verify.ledger_segments import check_leaves

__all__ = ["entries", "verify_ledger"]


def verify_ledger(rows: LedgerRows, objects: ObjectStore, keys: Keys) -> LedgerReport:
    """Check every byte of the ledger in the object store, and every row the catalogue keeps of it.

    Memory: one segment, and a line for each segment. Nothing is changed. The access tree may grow meanwhile, whenever somebody
    reads: what came since is left for the next time.

    Raises:
        LockedError: the custody tree grew meanwhile, so that nothing can be said.
        UnreachableError: the store or the catalogue does not answer.
    """
    report = LedgerReport()
    for tree in Tree:
        before = rows.state(tree)
        counts = report.trees[tree] = TreeCounts(waiting=rows.waiting(tree))
        gone = _expired(rows, objects, report) if tree is Tree.ACCESS else 0
        check = TreeCheck(tree, rows, objects, keys, report, counts, before, gone)
        check_heads(check)
        check_leaves(check)
        if tree is Tree.CUSTODY and rows.state(tree) != before:
            raise LockedError(
                f"the {tree} ledger grew while it was verified", remedy="verify again when nothing is being archived"
            )
    return report


def _expired(rows: LedgerRows, objects: ObjectStore, report: LedgerReport) -> int:
    """Up to where the access tree has expired, as the custody tree says."""
    try:
        return last_expiry(rows, objects).end
    except (IntegrityError, NotFoundError) as error:
        report.add("custody ledger", f"it cannot be told which months of the access ledger have expired: {error}")
        return 0
