"""Rebuild: an empty catalogue filled again from the objects alone.

The order of passes, each of them lazy and in pages:
1. records, in whatever order the store lists them, give each document its row as it was when archived;
2. plans of purges give their items;
3. the ledger, in its own order and checked while it is read, gives leaves, nodes and heads; its entries put documents in the
   order in which they were archived and carry out what happened to them since, down to the tombstone;
4. purges that were cut off are found as far as they had come, and documents without a record and without a purge are named;
5. originals give the address of each content, version included;
6. records that no entry knows (archived after the last sealing) are kept and entered anew;
7. certificates say what became of items.
What no object tells is named in the answer: lines of imports, what was seen of sources, entries that were never sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from archiver.domain.document import Document
from archiver.domain.ledger import Tree
from archiver.domain.ledger_report import Finding
from archiver.ports.catalog import Catalog
from archiver.ports.clock import Clock
from archiver.ports.keys import Keys
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import ObjectStore
from archiver.ports.rebuilding import CatalogDigest, RebuiltRows
from archiver.services.access_expiry import last_expiry
from archiver.services.commit import archived_entry
from archiver.services.pages import pages
from archiver.services.placement import Placement
from archiver.services.policies import policy_in_force
from archiver.services.rebuild.entries import Replay
from archiver.services.rebuild.ledger import SealedLedger, Stretch
from archiver.services.rebuild.purges import APPROVED, DONE, PLANNED, STARTED, Purges
from archiver.services.rebuild.records import Records, fill_contents
from archiver.services.register import Register

PAGE = 500
SHOWN = 1_000
"""Findings listed at most; the rest is counted."""
NOT_REBUILT = (
    "imports and their lines: `minutier batch list` begins anew",
    "what was seen of sources: the next import reads each file once more and finds it archived",
    "what a purge withheld when it was planned, and why decisions were made",
    "ledger entries that were not sealed when the catalogue was lost",
)
_PURGE = (PLANNED, APPROVED, STARTED, DONE)


@dataclass(slots=True)
class Rebuilt:
    """What was rebuilt, and what does not fit.

    Attributes:
        entries: carried out, by kind. entered_anew: documents with a record and without an entry.
        findings: at most `SHOWN`; more are counted in `not_listed`.
    """

    records: int = 0
    contents: int = 0
    entries: dict[str, int] = field(default_factory=dict)
    entered_anew: int = 0
    lost: int = 0
    digest: CatalogDigest = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    not_listed: int = 0

    def told(self, where: str, what: str) -> None:
        """Take note of something that does not fit."""
        if len(self.findings) < SHOWN:
            self.findings.append(Finding(where, what))
        else:
            self.not_listed += 1


Tick = Callable[[str, int], None]
"""Told now and then what is being done, and how many of it are done."""


@dataclass(slots=True)
class Rebuild:
    """Fills `catalog`, which is empty and nobody else's.

    Args:
        rows, ledger: of the same catalogue.
        first: number of the first document: above all that an index of this archive was ever told, so that nothing it holds
            can be taken for newer.
    """

    catalog: Catalog
    rows: RebuiltRows
    ledger: LedgerRows
    objects: ObjectStore
    keys: Keys
    clock: Clock
    first: int = 1
    tick: Tick = lambda _what, _count: None
    result: Rebuilt = field(default_factory=Rebuilt)

    def run(self) -> Rebuilt:
        """Everything.

        Raises:
            IntegrityError: the ledger, or a policy, is not what this archive has signed. Nothing that was filled is to be used.
            UnreachableError: the store does not answer.
        """
        self.rows.clear()
        told, register = self.result.told, Register(self.objects, self.keys)
        records = Records(self.objects, self.rows, told)
        top = records.fill(self.first, lambda count: self.tick("records", count))
        self.result.records = top - self.first + 1
        purges = Purges(self.catalog, self.rows, self.objects, register, told)
        purges.plans()
        replay = Replay(self.catalog, self.rows, self.objects, records, register, told, self.first)
        for tree in Tree:
            gone = last_expiry(self.ledger, self.objects).end if tree is Tree.ACCESS else 0
            for stretch in SealedLedger(self.objects, self.keys, tree, told, gone).stretches():
                self._keep(tree, stretch)
                self._replay(tree, stretch, replay, purges)
        self.result.entries = replay.applied
        purges.begun()
        self._drop_lost()
        self.result.contents = fill_contents(
            self.catalog, self.objects, self.rows, told, lambda count: self.tick("originals", count)
        )
        self._enter_anew(top)
        purges.ended()
        self.result.digest = self.rows.digest()
        return self.result

    # -- ledger -------------------------------------------------------------------------------------------------
    def _keep(self, tree: Tree, stretch: Stretch) -> None:
        self.rows.append(tree, stretch.appended)
        if stretch.head is not None:
            self.rows.seal(tree, stretch.head)
        else:
            self.rows.planned(tree, stretch.end)

    def _replay(self, tree: Tree, stretch: Stretch, replay: Replay, purges: Purges) -> None:
        if tree is Tree.CUSTODY:
            replay.run(stretch.entries)
            for entry in stretch.entries:
                if entry.event.kind in _PURGE:
                    purges.apply(entry.event)
        self.tick(f"{tree} ledger entries", stretch.end)

    # -- what the ledger does not know --------------------------------------------------------------------------
    def _enter_anew(self, top: int) -> None:
        """Archived, and not entered before the catalogue was lost: what the record says is entered now. A member whose original
        has no record belongs to an import that was cut off, and comes again with it."""
        while page := self.rows.untold(top, PAGE):
            roots = self.catalog.documents([one.root_id for one in page if one.root_id])
            whole = [one for one in page if not one.root_id or one.root_id in roots]
            alone = [one for one in page if one.root_id and one.root_id not in roots]
            for one in alone:
                self.result.told(
                    f"document {one.id}", "a member whose original has no record: it comes with the next import of it"
                )
            self.rows.remove_documents([one.id for one in alone])
            self.catalog.commit_archived(whole, [archived_entry(one) for one in whole])
            self.result.entered_anew += len(whole)
            self._protect([one for one in whole if not one.root_id])

    def _protect(self, originals: Sequence[Document]) -> None:
        """The last step of archiving them may not have been done: their final lock."""
        placement, now = Placement(policy_in_force(self.catalog)), self.clock.now()
        keys = {one.id: (one.collection, one.retention_class, one.sha256) for one in originals}
        contents = self.catalog.contents(list(keys.values()))
        for one in originals:
            if content := contents.get(keys[one.id]):
                lock = placement.term(one.retention_class, one.received_at, one.declared, now).lock
                self.objects.protect([(content.ref, lock)])

    def _drop_lost(self) -> None:
        """Documents of which only the ledger tells, and that no purge destroyed."""
        for page in pages(self.rows.unconfirmed(), PAGE):
            for one in page:
                self.result.told(f"document {one.id}", "it was archived, and its record is gone: it cannot be brought back")
            self.rows.remove_documents([one.id for one in page])
            self.result.lost += len(page)
