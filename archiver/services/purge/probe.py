"""Looking whether anything of what was destroyed remains: the same questions are put about a document that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from archiver.domain.document import Document, State
from archiver.domain.ledger import Tree
from archiver.domain.purging import STRAY
from archiver.domain.record import record_key
from archiver.ports.catalog import Catalog
from archiver.ports.index import Expunged, Index
from archiver.ports.ledger import LedgerRows
from archiver.ports.objects import Bucket, ObjectStore
from archiver.ports.retention_rows import PurgeItem
from archiver.ports.scrubbing import Scrubbed
from archiver.services.pages import pages
from archiver.services.purge.certificate import Findings
from retention.certificate import Check

PAGE = 500


@dataclass(slots=True)
class Probe:
    """What was found. `failures`: sentences for people; a purge with one is not finished."""

    checks: list[Check] = field(default_factory=list)
    not_covered: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def note(self, what: str, how: str, result: str, *, sound: bool) -> None:
        """Take down one check."""
        self.checks.append(Check(what[:600], how[:600], result[:600]))
        if not sound:
            self.failures.append(f"{what}: {result}")

    @property
    def findings(self) -> Findings:
        """For the certificate."""
        return Findings(tuple(self.checks), tuple(dict.fromkeys(self.not_covered)))


@dataclass(frozen=True, slots=True)
class ProbePurge:
    """Puts the questions."""

    catalog: Catalog
    objects: ObjectStore
    index: Index
    rows: LedgerRows
    tick: Callable[[], None] = lambda: None

    def stores(self, executed: Callable[[], Iterable[PurgeItem]], probe: Probe) -> None:
        """What was found of versions after each removal, and every document in the index."""
        asked = indexed = strays = 0
        for page in pages(executed(), PAGE):
            ids = [one.item.document_id for one in page]
            asked += len({(bucket, key) for one in page for bucket, key, _ in one.refs})
            indexed += len(self.index.remains(ids))
            strays += len(self.rows.positions(Tree.CUSTODY, STRAY, ids))
            self.tick()
        control = self._control()
        seen = bool(control and self.objects.versions(Bucket.LOCKED, record_key(control.collection, control.id)))
        how = (
            f"after the removal all versions listed under {asked:,} keys of records, texts and originals, delete markers among "
            f"them; {_positive(control, seen)}"
        )
        probe.note("object store", how, "no version remains", sound=seen or not control)
        if strays:
            how = "delete markers and versions put over others, found before the destruction and removed with the rest"
            probe.note("forged versions", how, f"{strays:,} documents had such; each is entered in the ledger", sound=True)
        known = bool(control and self.index.remains([control.id]))
        how = f"every destroyed document asked for by id in every index there is; {_positive(control, known)}"
        probe.note("index, answers", how, f"{indexed:,} documents remain", sound=not indexed and (known or not control))

    def _control(self) -> Document | None:
        """A document that is there and should be found: without one the probes would prove less."""
        live = (State.ARCHIVED, State.QUARANTINED)
        return next((one for one in self.catalog.select() if one.state in live and one.root_id is None), None)


def note_index(expunged: Sequence[Expunged], probe: Probe) -> None:
    """What the files of each index hold."""
    for one in expunged:
        result = f"{one.left:,} removed documents left in its files; {one.kept:,} documents kept"
        probe.note(f"index, files: {one.where}", one.how, result, sound=not one.left)
        probe.not_covered += [doubt[:600] for doubt in one.doubts]


def note_catalogue(scrubbed: Sequence[Scrubbed], probe: Probe) -> None:
    """What deleted rows left. Where something may be left it is listed as not covered, and does not fail the purge."""
    for one in scrubbed:
        if one.clean:
            probe.note(f"catalogue: {one.what}", one.how, one.result, sound=True)
        else:
            probe.not_covered.append(f"catalogue, {one.what}: {one.how}; {one.result}"[:600])


def _positive(control: Document | None, seen: bool) -> str:
    if control is None:
        return "no document is left to show that the question can be answered with yes"
    return "asked about a document that is there, the answer is yes" if seen else "a document that is there was not found"
