"""Verify: read everything back and hold it against everything else. Changes nothing, follows nothing it should not.

What is checked: every stored byte against the digest it was confirmed with and the name it lies under; every record against
its catalogue row; every row against the last ledger entry about it; what remains of destroyed documents against the plans that
destroyed them; the ledger against its signed heads; the index against the catalogue; and that nothing lies in the store that
nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable

from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.index import Index
from archiver.ports.keys import Keys
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import ObjectStore
from archiver.services.verify.documents import Documents
from archiver.services.verify.entries import Entries
from archiver.services.verify.indexed import Indexed
from archiver.services.verify.ledger import verify_ledger
from archiver.services.verify.stored_bytes import StoredBytes
from archiver.services.verify.verification import Verification

__all__ = ["Verification", "Verify"]


class Verify:
    """One verification."""

    def __init__(
        self,
        catalog: Catalog,
        objects: ObjectStore,
        index: Index,
        rows: LedgerRows,
        keys: Keys,
        clock: Clock,
        tick: Callable[[Verification], None] = lambda _: None,
    ) -> None:
        self._objects, self._rows, self._keys = objects, rows, keys
        self.result = Verification(clock.now())
        self._bytes = StoredBytes(catalog, objects, self.result, tick)
        self._documents = Documents(catalog, objects, rows, self.result, tick)
        self._entries = Entries(catalog, objects, rows, self.result)
        self._indexed = Indexed(catalog, index, self.result)

    def run(self) -> Verification:
        """Everything."""
        self._check_ledger()
        self._bytes.check()
        self._documents.check()
        self._entries.check()
        self._indexed.check()
        return self.result

    def _check_ledger(self) -> None:
        report = verify_ledger(self._rows, self._objects, self._keys)
        self.result.findings += report.findings
        if report.not_listed:
            self.result.add("ledger", f"and {report.not_listed} findings more")
        for tree, counts in report.trees.items():
            self.result.count(f"{tree} ledger entries", counts.opened + counts.unsealed)
            self.result.count(f"{tree} ledger heads", counts.heads)
            self.result.count(f"{tree} ledger entries erased", counts.erased)
            self.result.count(f"{tree} ledger entries expired", counts.expired)
